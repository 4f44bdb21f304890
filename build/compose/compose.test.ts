import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';

/** Checks that need no container engine. The image itself is built and run in test/installed. */

const here = import.meta.dirname;
const root = join(here, '../..');
const compose = readFileSync(join(here, 'compose.yaml'), 'utf8');
const containerfile = readFileSync(join(here, 'Containerfile'), 'utf8');
const baseVariable = ['$', '{BASE}'].join('');
const folder = mkdtempSync(join(tmpdir(), 'sp-compose-'));
const prepare = () =>
  execFileSync(join(here, 'prepare.sh'), ['presence.example.org'], {
    env: { ...process.env, SMARTPRESENCE_COMPOSE_DIR: folder },
    encoding: 'utf8',
  });
const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8').trim();
/** The shell script that a service of compose.yaml runs, as the shell receives it. */
const scriptOf = (service: string) =>
  new RegExp(`^  ${service}:[\\s\\S]*?\\n      - -c\\n      - (?:\\|\\n((?: {8}.*\\n)+)|(.*)\\n)`, 'm')
    .exec(compose)!
    .slice(1)
    .find(Boolean)!
    .replace(/^ {8}/gm, '')
    .replaceAll('$$', '$');
const children: ChildProcess[] = [];
/** Files made by prepare.sh. */
let made: string[];

beforeAll(() => {
  prepare();
  made = readdirSync(folder);
});
afterAll(() => {
  // Each child leads its own process group, which includes the processes it started.
  for (const { pid, exitCode } of children) if (exitCode === null) process.kill(-pid!, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

test('prepare.sh makes keys that the server accepts, in their own folder, and never replaces them', () => {
  for (const name of ['secrets', 'tls']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o700);
  const kept = ['server/ENCRYPTION_KEY', 'server/SECRET_KEY', 'database/postgres.key'];
  const before = kept.map(secret);
  const settings = join(folder, 'settings.env');
  appendFileSync(settings, 'SMARTPRESENCE_LEASE_DAYS=3\n');
  // A restore leaves it like this: the folder open to everyone, and a key that no container can read.
  chmodSync(join(folder, 'secrets'), 0o755);
  chmodSync(join(folder, 'secrets/server/SECRET_KEY'), 0o600);
  prepare();
  expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'secrets/server/SECRET_KEY')).mode & 0o444).toBe(0o444);
  expect(kept.map(secret)).toEqual(before);
  expect(readFileSync(settings, 'utf8')).toMatch(/^SMARTPRESENCE_LEASE_DAYS=3$/m);
});

test('no file made by prepare.sh gets into an image or a commit', () => {
  // Only the archive gets into the image, even if prepare.sh was run in the same folder.
  expect([...containerfile.matchAll(/^(?:ADD|COPY) .+$/gm)].map(([line]) => line)).toEqual([
    `ADD ${['$', '{ARCHIVE}'].join('')} /unpacked/`,
    'COPY --from=unpacked /opt/smartpresence /opt/smartpresence',
  ]);

  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  expect(made.sort()).toEqual(['.env', 'secrets', 'settings.env', 'tls']);
  expect(made.filter((name) => !ignored.some((line) => line.replace(/\/$/, '') === `build/compose/${name}`))).toEqual(
    [],
  );
});

test('every third-party image is pinned by its digest', () => {
  const pinned = /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;
  const images = [...compose.matchAll(/^ +image: (.+)$/gm)].map(([, image]) => image!);
  expect(images.filter((image) => !pinned.test(image))).toEqual(['smartpresence-server']);
  const bases = [...containerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  expect(new Set(bases)).toEqual(new Set([baseVariable]));
  expect(/^ARG BASE=(.+)$/m.exec(containerfile)![1]).toMatch(pinned);
});

test('the database’s certificate is for its host name in compose.yaml, and issued by the CA that the server pins', () => {
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

test('the server accepts the environment in compose.yaml', () => {
  const block = /environment: &environment\n((?: {6}.*\n)+)/.exec(compose)![1]!;
  const fixed = [...block.matchAll(/^ {6}(\w+): "?(.*?)"?$/gm)].map(([, name, value]) => [
    name!,
    value!.replace(/\$\{SMARTPRESENCE_HOSTNAME.*?\}/, 'presence.example.org'),
  ]);
  expect(fixed.length).toBeGreaterThan(8);
  const secrets = join(folder, 'secrets/server');
  const settings = readFileSync(join(here, 'settings.env.example'), 'utf8')
    .replaceAll('/secrets', secrets)
    .matchAll(/^#?([A-Z]\w+)=(.*)$/gm);
  const env = {
    ...Object.fromEntries([...settings].map(([, name, value]) => [name!, value!])),
    ...Object.fromEntries(fixed),
    CREDENTIALS_DIRECTORY: secrets,
    SMARTPRESENCE_SERVER_HOME: '/var/lib/smartpresence',
  };
  const theirs = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', SMTP_URL: 'smtps://u:p@mail.example.org' };
  for (const [name, value] of Object.entries(theirs)) writeFileSync(join(secrets, name), value);
  cpSync(join(folder, 'tls/ca.pem'), join(secrets, 's3-ca.pem'));
  const config = readConfig(env);
  expect(config.database).toMatchObject({ host: 'postgres', caFile: '/tls/ca.pem' });
  expect(config.operations).toMatchObject({ plain: false, port: 9464 });
  expect(config.mqtt.brokers).toEqual(['mqtts://mosquitto:8883']);
  expect(config.site).toEqual({ name: 'Headquarters', timeZone: 'Europe/Berlin' });
  // The server finds a secret added to the folder without any change to compose.yaml.
  expect(compose).toMatch(/^ {6}CREDENTIALS_DIRECTORY: \/secrets$/m);
});

test('the database does not recycle files of its write-ahead log, as erasure requires', () => {
  expect(compose).toMatch(/^ {6}- -cwal_recycle=off$/m);
});

const missing = !existsSync('/usr/sbin/mosquitto');
if (missing)
  console.log('SKIPPED: the broker of the composition: /usr/sbin/mosquitto is missing (Debian package mosquitto)');

test.skipIf(missing)('the broker reloads its access rules when they change, and stops when asked to', async () => {
  const broker = join(folder, 'broker');
  mkdirSync(broker);
  writeFileSync(join(broker, 'acl'), 'user a\ntopic deny #\n', { mode: 0o600 });
  writeFileSync(
    join(broker, 'mosquitto.conf'),
    `listener 0 ${broker}/socket\nallow_anonymous true\nacl_file ${broker}/acl\nlog_dest stderr\nuser root\n`,
  );
  const script = scriptOf('mosquitto').replaceAll('/broker/config', broker).replace('sleep 5', 'sleep 0.2');
  const child = spawn('sh', ['-c', script], {
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
    stdio: ['ignore', 'inherit', 'pipe'],
    detached: true,
  });
  children.push(child);
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  const says = async (what: RegExp) => {
    while (!what.test(said) && child.exitCode === null) await sleep(50);
    expect(said).toMatch(what);
  };
  await says(/running/);
  expect(said).not.toMatch(/Reloading config/);
  writeFileSync(join(broker, 'acl'), 'user b\ntopic deny #\n');
  await says(/Reloading config/);
  child.kill('SIGTERM');
  await once(child, 'exit');
  expect(said).toMatch(/terminating/);
});
