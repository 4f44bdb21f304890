import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { reservePorts } from '../services/ports.ts';
import { sp } from './run-sp.ts';

/** The whole procedure on the command line: real server process, real kiosk folders, only what an operator types. */
const root = mkdtempSync(join(tmpdir(), 'sp-device-'));
const [serverHome, front, back] = ['server', 'front', 'back'].map((name) => join(root, name)) as [
  string,
  string,
  string,
];
let env: NodeJS.ProcessEnv;
let server: ServerProcess;

const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');
const onServer = (...args: string[]) => sp(join(root, 'nobody'), args, { env });

beforeAll(async () => {
  const [people, devices] = await reservePorts(2);
  env = {
    SMARTPRESENCE_SERVER_HOME: serverHome,
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_SITE: 'North gate',
    SMARTPRESENCE_TIMEZONE: 'Europe/Lisbon',
  };
  expect((await onServer('server', 'init', '--json')).lines()).toEqual([{ home: serverHome }]);
  server = await newServerProcess(env, [process.execPath, SP, 'server', 'start']);
});
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

describe('a kiosk joins by code', () => {
  let device = '';
  let fingerprint = '';

  test('the code is read from standard input, both sides show the same fingerprint, and nothing is accepted before approval', async () => {
    const made = await onServer('device', 'provision', '--name', 'Front door', '--json');
    const { code } = made.lines()[0] as { code: string };
    const asked = await sp(front, ['device', 'join', '--no-wait', '--json'], { input: `${code.toLowerCase()}\n` });
    expect(asked).toMatchObject({ code: 0 });
    const pending = asked.lines()[0]!;
    expect(pending.state).toBe('pending');
    [device, fingerprint] = [String(pending.device), String(pending.fingerprint)];
    const [listed] = (await onServer('device', 'list', '--json')).lines();
    expect(listed).toMatchObject({ device, name: 'Front door', status: 'pending', fingerprint });
    expect(existsSync(join(front, 'kiosk/provisioning-secret'))).toBe(false);
    const wrong = await onServer('device', 'approve', device, '--fingerprint', '0123 4567 89ab cdef');
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain('fingerprint-differs');
  });

  test('once approved it gets its keys, its store opens only with the provisioning secret, and its site comes from the server', async () => {
    expect(await onServer('device', 'approve', device, '--fingerprint', fingerprint)).toMatchObject({ code: 0 });
    const joined = await sp(front, ['device', 'join', '--continue', '--json']);
    expect(joined.lines()).toEqual([expect.objectContaining({ state: 'joined', device })]);
    const status = await sp(front, ['sync', 'status', '--json']);
    expect(status.lines()[0]).toMatchObject({
      server: `https://127.0.0.1:${env.SMARTPRESENCE_DEVICE_PORT}`,
      proxy: null,
      unsafe: 0,
    });
    await sp(front, ['device', 'proxy', '--set'], { input: 'http://kiosk:hush-hush@127.0.0.1:3128\n' });
    const through = await sp(front, ['sync', 'status', '--json']);
    expect(through.lines()[0]).toMatchObject({ proxy: 'http://127.0.0.1:3128' });
    expect(through.stdout).not.toContain('hush');
    expect(await sp(front, ['device', 'proxy', '--none'])).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(front, 'kiosk/site.json'), 'utf8'))).toMatchObject({
      site: 'North gate',
      timeZone: 'Europe/Lisbon',
    });
    const secret = join(front, 'kiosk/provisioning-secret');
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(secret);
    rmSync(secret);
    const without = await sp(front, ['checkins', 'list']);
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('provisioning-secret-missing')]);
    writeFileSync(secret, Buffer.from(bytes.map((b) => b ^ 1)), { mode: 0o600 });
    expect((await sp(front, ['checkins', 'list'])).stderr).toContain('store-wrong-key');
    writeFileSync(secret, bytes, { mode: 0o600 });
    expect(await sp(front, ['checkins', 'list'])).toMatchObject({ code: 0 });
  });

  test.each(['first', 'second'])(
    'the server’s keys are replaced for the %s time',
    async () => {
      for (const key of ['signing', 'sealing', 'ca'])
        expect(await onServer('server', 'keys', 'succeed', key)).toMatchObject({ code: 0 });
    },
    60_000,
  );

  test('it renews its certificate after two key replacements', async () => {
    expect(await sp(front, ['device', 'renew'])).toMatchObject({ code: 0 });
    const keys = (await onServer('server', 'keys', 'list', '--json')).lines()[0] as { keys: { purpose: string }[] };
    expect(keys.keys.filter((k) => k.purpose === 'ca')).toHaveLength(3);
    expect(await onServer('server', 'keys', 'retire', 'ca')).toMatchObject({ code: 0 });
    expect(await sp(front, ['device', 'renew'])).toMatchObject({ code: 0 });
  });

  test('a second joining is refused without --replace; a revoked kiosk says so', async () => {
    const refused = await sp(front, ['device', 'join'], { input: 'AAAAA\n' });
    expect(refused.stderr).toContain('already-provisioned');
    expect(await onServer('device', 'revoke', device)).toMatchObject({ code: 0 });
    const notified = await sp(front, ['device', 'renew']);
    expect([notified.code, notified.stderr]).toEqual([1, expect.stringContaining('device-revoked')]);
  });

  test('mistyped or missing arguments are reported as wrong usage in plain sentences', async () => {
    const mistyped = await sp(back, ['device', 'join'], { input: 'AAAAA-BBBBB\n' });
    expect([mistyped.code, mistyped.stderr]).toEqual([2, expect.stringContaining('join-code-mistyped')]);
    const nothing = await sp(back, ['device', 'join']);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('no-answer')]);
    expect(await onServer('server', 'keys', 'succeed', 'all')).toMatchObject({ code: 2 });
    for (const help of [
      ['device'],
      ['device', 'join'],
      ['device', 'provision'],
      ['server'],
      ['server', 'keys', 'succeed'],
    ])
      expect(await sp(back, [...help, '--help'])).toMatchObject({ code: 0 });
  });
});

test('joining by file compares both fingerprints', async () => {
  const [request, answer] = [join(root, 'request'), join(root, 'answer')];
  const asked = await sp(back, ['device', 'request', '--out', request, '--json']);
  const { fingerprint } = asked.lines()[0] as { fingerprint: string };
  const provision = (print: string) =>
    onServer(
      'device',
      'provision',
      '--name',
      'Back',
      '--request',
      request,
      '--out',
      answer,
      '--fingerprint',
      print,
      '--json',
    );
  expect((await provision('0000 0000 0000 0000')).stderr).toContain('fingerprint-differs');
  expect(existsSync(answer)).toBe(false);
  const given = (await provision(fingerprint)).lines()[0] as { serverFingerprint: string };
  const accept = (print: string) => sp(back, ['device', 'accept', answer, '--server-fingerprint', print]);
  expect((await accept('0000 0000')).stderr).toContain('server-fingerprint-differs');
  expect(await accept(given.serverFingerprint)).toMatchObject({ code: 0 });
  expect(await sp(back, ['device', 'renew'])).toMatchObject({ code: 0 });
});

test('the database is reached through a running server, and directly without one', async () => {
  const listed = (await onServer('device', 'list', '--json')).lines().length;
  expect(listed).toBe(2);
  await server.stop();
  expect((await server.ended).code).toBe(0);
  expect((await onServer('device', 'list', '--json')).lines()).toHaveLength(2);
  const folder = join(root, 'broker');
  const made = await onServer(
    'server',
    'mosquitto',
    '--out',
    folder,
    '--hostname',
    '127.0.0.1',
    '--data',
    join(folder, 'data'),
  );
  expect(made).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'mosquitto.conf'), 'utf8')).toContain('require_certificate true');
  expect(statSync(join(folder, 'broker.key')).mode & 0o777).toBe(0o600);
});

test('a revoked kiosk is in the broker’s access rules', async () => {
  const folder = join(root, 'broker');
  const access = () => onServer('server', 'mosquitto', '--out', folder, '--access', '--json');
  expect((await access()).lines()).toEqual([{ changed: false }]);
  const devices = (await onServer('device', 'list', '--json')).lines() as { device: string; status: string }[];
  const id = devices.find(({ status }) => status === 'approved')!.device;
  expect(readFileSync(join(folder, 'acl'), 'utf8')).not.toContain(id);
  expect(await onServer('device', 'revoke', id)).toMatchObject({ code: 0 });
  expect((await access()).lines()).toEqual([{ changed: true }]);
  expect(readFileSync(join(folder, 'acl'), 'utf8')).toContain(`user ${id}\ntopic deny #\n`);
  expect(await onServer('server', 'mosquitto', '--out', folder)).toMatchObject({ code: 2 });
});
