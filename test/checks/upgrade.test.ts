import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initServer } from '../../sync/server/app/local.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Kiosk, postBatch, registeredKiosk, sealOutbox } from '../kit/kiosk.ts';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** Real server processes of this build and the next two on one PostgreSQL, and the command that leads from one to the other. */

const ROOT = join(import.meta.dirname, '../..');
const SP = join(ROOT, 'electron/cli/sp.ts');
const NEXT = join(import.meta.dirname, 'children/next-build.ts');
const unavailable = postgresUnavailable();
if (unavailable) console.log(unavailable);
const HANG_MS = 300_000;
const UNIT = 'smartpresence-server.service';

describe.skipIf(unavailable)('an update of the server', () => {
  const home = temporaryFolder();
  const root = join(home.path, 'opt');
  const units = join(home.path, 'units');
  const running: ServerProcess[] = [];
  let postgres: TestPostgres;
  let env: Record<string, string>;
  let kiosk: Kiosk;

  beforeAll(async () => {
    postgres = await startPostgres();
    env = {
      ...initServer(join(home.path, 'server')),
      SMARTPRESENCE_DATABASE_URL: postgres.url('upgrade'),
      SMARTPRESENCE_PEOPLE_PORT: '0',
      SMARTPRESENCE_DEVICE_PORT: '0',
      SMARTPRESENCE_OPERATIONS_PORT: '0',
    };
    kiosk = await registeredKiosk(env, 'Door');
    // As installed: each with its own command.
    for (const [version, more] of [
      ['0.1.0', ''],
      ['0.2.0', `--import ${NEXT}`],
      ['0.3.0', `--import ${NEXT}`],
    ]) {
      mkdirSync(join(root, version!, 'bin'), { recursive: true });
      const command = join(root, version!, 'bin/smartpresence');
      const changes = version === '0.3.0' ? 'export NEXT_CHANGES=1\n' : '';
      writeFileSync(command, `#!/bin/sh\n${changes}exec ${process.execPath} ${more} ${SP} "$@"\n`);
      chmodSync(command, 0o755);
      mkdirSync(join(root, version!, 'systemd'));
      writeFileSync(join(root, version!, 'systemd', UNIT), `of ${version}`);
    }
    symlinkSync('0.2.0', join(root, 'current'));
    mkdirSync(units);
    writeFileSync(join(units, UNIT), 'of 0.2.0');
  }, HANG_MS);
  afterAll(async () => {
    for (const replica of running) await replica.stop('SIGKILL');
    await postgres?.remove();
    home.remove();
  });

  async function run(version: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(join(root, version, 'bin/smartpresence'), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, 'close');
    return { code: code as number, out, err };
  }
  async function start(version: string, name: string): Promise<ServerProcess> {
    const command = [join(root, version, 'bin/smartpresence'), 'server', 'start'];
    const replica = await newServerProcess({ ...env, SMARTPRESENCE_REPLICA: name }, command);
    running.push(replica);
    return replica;
  }
  /** Sends one more record of the kiosk. @returns whether the replica has committed it */
  async function takes({ deviceUrl }: ServerProcess): Promise<number> {
    kiosk.box.checkin(kiosk.box.person('Someone'));
    return (await postBatch(deviceUrl, kiosk, await sealOutbox(kiosk))).status;
  }
  const readyz = async ({ operationsPort }: ServerProcess) =>
    (await (await fetch(`http://127.0.0.1:${operationsPort}/readyz`)).json()) as {
      ready: boolean;
      reasons: string[];
      degraded: string[];
    };
  const until = async (what: string, done: () => Promise<boolean>) => {
    const end = Date.now() + HANG_MS;
    while (!(await done())) {
      if (Date.now() > end) throw new Error(`it does not come to this: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  const untilDegraded = (replica: ServerProcess, code: string, there: boolean) =>
    until(`${code} ${there}`, async () => (await readyz(replica)).degraded.includes(code) === there);
  const current = () => readlinkSync(join(root, 'current'));

  test('that only adds: both builds serve side by side, and going back works', { timeout: HANG_MS }, async () => {
    const a = await start('0.1.0', 'a');
    const check = await run('0.1.0', 'upgrade', 'check', join(root, '0.2.0'), '--json');
    expect([check.code, check.err]).toEqual([
      1,
      expect.stringMatching(/^smartpresence: server .*database upgrade at|^sp: server .*database upgrade at/),
    ]);
    expect(JSON.parse(check.out)).toMatchObject({
      steps: [{ name: '9998-adds', expands: true }],
      canRollBack: true,
      issues: [{ code: 'backup-missing' }],
      replicas: [{ name: 'a' }],
    });
    // In containers there is no place for an archive, so the new build inspects itself.
    const itself = await run('0.2.0', 'upgrade', 'check', join(root, 'current'));
    expect([itself.code, itself.out]).toEqual([
      1,
      expect.stringMatching(/^Version .* on this database\.\n1 step .*\n {2}9998-adds: adds only/),
    ]);
    // A command of the new build leaves the schema to its first start, since the previous build is still running.
    const early = await run('0.2.0', 'accounts', 'list');
    expect([early.code, early.err]).toEqual([3, expect.stringContaining('database-schema-waits')]);
    const columns = "select count(*) from information_schema.columns where column_name = 'next_colour'";
    expect(postgres.sql(columns, 'upgrade')).toBe('0');
    const b = await start('0.2.0', 'b');
    expect((await run('0.2.0', 'accounts', 'list')).code).toBe(0);
    expect(postgres.sql('select distinct next_colour from site', 'upgrade')).toBe('blue');
    await untilDegraded(a, 'replicas-differ', true);
    expect([await takes(a), await takes(b), (await readyz(a)).ready, (await readyz(b)).ready]).toEqual([
      200,
      200,
      true,
      true,
    ]);
    await a.stop();
    // The previous build restarts on the schema of the next one.
    const again = await start('0.1.0', 'a');
    expect([await takes(again), (await readyz(again)).ready]).toEqual([200, true]);
    await b.stop();
    const back = await run('0.2.0', 'upgrade', 'back', '--root', root, '--units', units, '--json');
    expect([back.code, JSON.parse(back.out)]).toEqual([
      0,
      { from: '0.2.0', to: '0.1.0', units: { written: [UNIT], removed: [] } },
    ]);
    expect(readFileSync(join(units, UNIT), 'utf8')).toBe('of 0.1.0');
    expect(current()).toBe('0.1.0');
    await untilDegraded(again, 'replicas-differ', false);
    await again.stop();
  });

  test('that changes existing data: is announced first, and going back is refused with a next step', {
    timeout: HANG_MS,
  }, async () => {
    const check = await run('0.2.0', 'upgrade', 'check', join(root, '0.3.0'));
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/9999-changes: changes what older builds read/);
    expect(check.out).toMatch(/Stop all replicas first/);
    const old = await start('0.2.0', 'b');
    const c = await start('0.3.0', 'a');
    expect(await takes(c)).toBe(200);
    // An earlier build left running: it accepts no traffic on a schema that it can't work with.
    await until('an old replica says so', async () => (await readyz(old)).reasons.includes('database-newer'));
    await old.stop();
    await c.stop();
    const back = await run('0.3.0', 'upgrade', 'back', '--root', root, '--units', units, '--to', '0.2.0');
    expect([back.code, back.err]).toEqual([
      1,
      expect.stringMatching(/upgrade-cannot-roll-back.*0\.2\.0[\s\S]*restore the backup/),
    ]);
    expect([current(), readFileSync(join(units, UNIT), 'utf8')]).toEqual(['0.1.0', 'of 0.1.0']);
    await expect(start('0.2.0', 'a')).rejects.toThrow(/database-newer/);
    const doctor = await run('0.2.0', 'doctor', '--json');
    expect([doctor.code, doctor.out.includes('"database-newer"')]).toEqual([1, true]);
  });

  test('from something that is not a build: says so', { timeout: HANG_MS }, async () => {
    const { code, err } = await run('0.1.0', 'upgrade', 'check', home.path);
    expect([code, err]).toEqual([1, expect.stringContaining('upgrade-not-a-build')]);
  });
});
