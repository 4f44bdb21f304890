import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/config.ts';
import { initServer } from '../../sync/server/local.ts';
import { temporaryHome } from '../../test/sync/kit.ts';

/** What can be held without a container engine: the build machines have none. */

const here = import.meta.dirname;
const root = join(here, '../..');
const compose = readFileSync(join(here, 'compose.yaml'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'sp-compose-'));
const prepare = () =>
  execFileSync(join(here, 'prepare.sh'), ['presence.example.org'], {
    env: { ...process.env, SMARTPRESENCE_COMPOSE_DIR: folder },
    encoding: 'utf8',
  });
const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8').trim();
const children: ChildProcess[] = [];
/** What the preparation makes. */
let made: string[];

beforeAll(() => {
  prepare();
  made = readdirSync(folder);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

test('the preparation makes keys that the server takes, in a folder of their own, and none anew', () => {
  for (const name of ['secrets', 'tls']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700);
  const before = ['ENCRYPTION_KEY', 'SECRET_KEY', 'postgres.key'].map(secret);
  prepare();
  expect(['ENCRYPTION_KEY', 'SECRET_KEY', 'postgres.key'].map(secret)).toEqual(before);
});

test('nothing that the preparation makes gets into the image, whichever engine builds it', () => {
  // Podman reads a .containerignore in its place, Docker does not.
  expect(existsSync(join(root, '.containerignore'))).toBe(false);
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  expect(made.sort()).toEqual(['.env', 'secrets', 'tls']);
  expect(made.filter((name) => !ignored.includes(`build/compose/${name}`))).toEqual([]);
  expect(ignored.filter((line) => line.startsWith('!'))).toEqual([]);
});

test('the database’s certificate is for its name in the composition, by the CA that the server pins', () => {
  const pem = (name: string) => new X509Certificate(readFileSync(join(folder, 'tls', name)));
  const [ca, leaf] = [pem('ca.pem'), pem('postgres.pem')];
  expect([leaf.checkHost('postgres'), leaf.verify(ca.publicKey), leaf.ca, ca.ca]).toEqual([
    'postgres',
    true,
    false,
    true,
  ]);
  expect(compose).toContain('-cssl_min_protocol_version=TLSv1.3');
  const rules = readFileSync(join(here, 'pg_hba.conf'), 'utf8').match(/^(host\w*)/gm);
  expect(rules).toEqual(['hostssl']);
});

test('the server takes the environment of the composition', () => {
  const block = /environment: &environment\n((?: {6}.*\n)+)/.exec(compose)![1]!;
  const variables = [...block.matchAll(/^ {6}(\w+): "?(.*?)"?$/gm)].map(([, name, value]) => [
    name!,
    value!
      .replace(/\$\{SMARTPRESENCE_HOSTNAME.*?\}/, 'presence.example.org')
      .replace(/^\/run\/secrets\/(\w+)$/, (_all, id: string) => join(folder, fileOf(id))),
  ]);
  expect(variables.length).toBeGreaterThan(10);
  const env = Object.fromEntries([...variables, ['SMARTPRESENCE_SERVER_HOME', '/var/lib/smartpresence']]);
  const config = readConfig(env);
  expect(config.database).toMatchObject({ host: 'postgres', caFile: '/tls/ca.pem' });
  expect(config.operations).toMatchObject({ plain: false, port: 9464 });
  expect(config.mqtt.brokers).toEqual(['mqtts://mosquitto:8883']);
});

/** The file of a secret in the composition. */
function fileOf(id: string): string {
  return new RegExp(`^ {2}${id}: \\{ file: \\./(\\S+) \\}$`, 'm').exec(compose)![1]!;
}

test('the folders that the image copies are enough for the server and its command line', async () => {
  const copied = [...readFileSync(join(here, 'Containerfile'), 'utf8').matchAll(/^COPY --from=build \S+ (\w+)$/gm)];
  const image = join(folder, 'image');
  mkdirSync(image);
  for (const [, name] of copied)
    if (name === 'node_modules') symlinkSync(join(root, name), join(image, name));
    else cpSync(join(root, name!), join(image, name!), { recursive: true });
  cpSync(join(root, 'package.json'), join(image, 'package.json'));
  const home = temporaryHome();
  const env = {
    PATH: process.env.PATH,
    ...initServer(home.path),
    SMARTPRESENCE_PEOPLE_PORT: '0',
    SMARTPRESENCE_DEVICE_PORT: '0',
  };
  const child = spawn(process.execPath, ['sync/server/main.ts'], {
    cwd: image,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  expect(JSON.parse(line)).toMatchObject({ ready: true });
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
  const help = execFileSync(process.execPath, ['electron/cli/sp.ts', 'server', 'mosquitto', '--help'], {
    cwd: image,
    env,
  });
  expect(String(help)).toContain('--hostname');
  home.remove();
});
