import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { keepNoted } from '../../sync/server/app/mqtt/replicas.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { serverHome } from '../kit/folder.ts';
import { until } from '../kit/wait.ts';
import { mosquittoMissing } from '../services/mosquitto.ts';
import { reservePorts } from '../services/ports.ts';
import { sp } from './run-sp.ts';

/** Whether something listens there. */
const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** `server mosquitto` as run by root beside a broker with its own user, and as run by the service user. */

const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');
const idOf = (what: '-u' | '-g') => Number(execFileSync('id', [what, 'mosquitto'], { encoding: 'utf8' }));
const unavailable = process.getuid?.() === 0 ? mosquittoMissing() : 'it needs root';
if (unavailable) console.log(`SKIPPED: files of a broker with a user of its own: ${unavailable}`);
const home = await serverHome();
const base = mkdtempSync(join(tmpdir(), 'sp-broker-'));
const folder = join(base, 'etc', 'mosquitto');
const data = join(base, 'data');
let env: Record<string, string>;
let broker: ChildProcess | null = null;

const mosquitto = (...args: string[]) => sp(home.path, ['server', 'mosquitto', ...args], { env });

beforeAll(async () => {
  chmodSync(base, 0o755);
  env = initServer(home.path);
  const { db, close } = await openDatabase(readConfig(env).home);
  (await keepNoted(db, 'a', { warn: () => undefined } as never))();
  await close();
}, 300_000);
afterAll(async () => {
  if (broker && broker.exitCode === null) {
    broker.kill('SIGTERM');
    await once(broker, 'exit');
  }
  home.remove();
  rmSync(base, { recursive: true, force: true });
});
beforeEach((context) => {
  if (unavailable) context.skip(unavailable);
});

test('files written by root belong to the broker’s user, and the broker starts with them as its unit does', async () => {
  const [port] = (await reservePorts(1)) as [number];
  const made = await mosquitto(
    '--out',
    folder,
    '--data',
    data,
    '--hostname',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
  );
  expect(made.code, made.stderr).toBe(0);
  expect(made.stdout).toContain('Servers that may use it: a.');
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  for (const path of [
    folder,
    data,
    ...['acl', 'broker.key', 'broker.pem', 'ca.pem', 'mosquitto.conf', 'openssl.cnf'].map((name) => join(folder, name)),
  ]) {
    const is = statSync(path);
    expect([path, is.uid, is.gid, is.mode & 0o077]).toEqual([path, uid, gid, 0]);
  }
  broker = spawn('/usr/sbin/mosquitto', ['-c', join(folder, 'mosquitto.conf')], {
    uid,
    gid,
    env: { OPENSSL_CONF: join(folder, 'openssl.cnf') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  broker.stderr!.on('data', (text) => {
    log += text;
  });
  await until(
    'the broker runs',
    () => {
      if (broker!.exitCode !== null) throw new Error(log);
      return accepts(port);
    },
    300_000,
  );

  // Rewritten repeatedly, they stay readable.
  const watch = ['--access', '--watch', '5', '--replica', 'b'];
  const child = spawn(process.execPath, [SP, 'server', 'mosquitto', '--out', folder, ...watch], {
    env: { ...process.env, ...env, SMARTPRESENCE_HOME: home.path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  expect(said).toBe('The access rules have changed. Servers that may use the broker: a, b.');
  expect(statSync(join(folder, 'acl'))).toMatchObject({ uid, gid });
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
}, 600_000);

test('an existing folder keeps its owner, and by default the broker stores sessions where its unit may write', async () => {
  const other = join(base, 'other');
  mkdirSync(other, { mode: 0o700 });
  execFileSync('chown', ['65534:65534', other]);
  const { code } = await mosquitto('--out', other, '--hostname', '127.0.0.1', '--data', join(base, 'other-data'));
  expect([code, statSync(join(other, 'broker.key')).uid]).toEqual([0, 65_534]);
  const help = await sp(home.path, ['server', 'mosquitto', '--help'], { env });
  const unit = readFileSync(join(import.meta.dirname, '../../build/systemd/smartpresence-mosquitto.service'), 'utf8');
  const [, state] = /^StateDirectory=(.+)$/m.exec(unit)!;
  expect(help.stdout.replace(/\s+/g, ' ')).toContain(`(default: "/var/lib/${state}")`);
}, 300_000);

test('the service user gets a code and a next step', async () => {
  execFileSync('chown', ['--recursive', '65534:65534', home.path]);
  const refused = await new Promise<string>((resolve) => {
    const args = ['server', 'mosquitto', '--out', join(base, 'etc', 'theirs'), '--hostname', '127.0.0.1'];
    const child = spawn(process.execPath, [SP, ...args], {
      uid: 65_534,
      gid: 65_534,
      env: { ...process.env, ...env, HOME: home.path, SMARTPRESENCE_HOME: home.path },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr!.on('data', (chunk) => {
      text += chunk;
    });
    child.once('close', () => resolve(text));
  });
  expect(refused).toContain('path-not-usable');
  expect(refused).toContain('Run it as root');
}, 300_000);
