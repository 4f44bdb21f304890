import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { namesOf } from '../../sync/server/core/people/records.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { serverHome } from '../kit/folder.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { enrol, NOW, openRing } from '../policy/sealed-people.ts';
import { sp } from './run-sp.ts';

/** `keys` as an operator runs it on the embedded database: on its own, and through the server that has it open. */

const MAIN = join(import.meta.dirname, '../../sync/server/main.ts');
const home = await serverHome();
const file = join(home.path, 'keys.env');
const run = (args: string[]) => sp(home.path, ['keys', ...args], { env: { SMARTPRESENCE_SERVER_HOME: home.path } });
const environment = () => ({
  ...initServer(home.path),
  SMARTPRESENCE_PEOPLE_PORT: '0',
  SMARTPRESENCE_DEVICE_PORT: '0',
});
let person: string;

async function onDatabase<T>(
  work: (db: Awaited<ReturnType<typeof openDatabase>>['db'], keys: ReturnType<typeof keysOf>) => Promise<T>,
): Promise<T> {
  const config = readConfig(environment());
  const database = await openDatabase(config.home);
  try {
    const keys = keysOf(config);
    await openRing(database.db, keys);
    return await work(database.db, keys);
  } finally {
    await database.close();
  }
}

/** Edits the file as docs/prove/keys.md tells an operator to: the new keys, and the previous ones as …_PREVIOUS. */
async function exchange(): Promise<void> {
  const made = await run(['generate', '--json']);
  const [pair] = made.lines() as [Record<string, string>];
  const before = initServer(home.path);
  writeFileSync(
    file,
    ['ENCRYPTION_KEY', 'SECRET_KEY'].map((n) => `${n}=${pair[n]}\n${n}_PREVIOUS=${before[n]}\n`).join(''),
  );
}
const forget = () => writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*_PREVIOUS=.*\n/gm, ''));

beforeAll(async () => {
  person = await onDatabase(async (db, keys) => enrol(db, keys, await registerKiosk(db, { at: NOW }), 'Ada Lovelace'));
});
afterAll(() => home.remove());

describe('keys', () => {
  test('generate makes a pair that the server accepts, and a different one each time', async () => {
    const [one, two] = [await run(['generate']), await run(['generate'])];
    expect(one.stdout).toMatch(/^ENCRYPTION_KEY=[A-Za-z0-9+/]{43}=\nSECRET_KEY=[A-Za-z0-9+/]{43}=\n$/);
    expect(one.stdout).not.toBe(two.stdout);
  });

  test('rotate says what it needs if there are no new keys, and a dry run changes nothing', async () => {
    const none = await run(['rotate']);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no-new-keys')]);
    const dry = await run(['rotate', '--dry-run', '--json']);
    expect([dry.code, dry.lines()[0]]).toEqual([1, expect.objectContaining({ ready: false })]);
    await exchange();
    const ready = await run(['rotate', '--dry-run', '--json', '--re-encrypt']);
    expect(ready.code).toBe(0);
    expect(ready.lines()[0]).toMatchObject({ ready: true, replicasLacking: 0 });
    const { steps } = ready.lines()[0] as { steps: { step: string; rows: number }[] };
    expect(steps).toContainEqual({ step: 'seal keyring.person_key', rows: 1 });
    expect((await run(['status', '--json'])).lines()[0]).toMatchObject({
      writes: 1,
      present: 'new',
      previous: 'needed',
    });
  }, 300_000);

  test('rotate re-encrypts everything; the old keys then start nothing, and status says they are no longer needed', async () => {
    const old = initServer(home.path);
    const done = await run(['rotate', '--json']);
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('from version 1 to version 2')]);
    expect(done.lines()[0]).toMatchObject({
      from: 1,
      to: 2,
      phase: 'finished',
      scrubbed: true,
      databaseLog: { state: 'removed' },
    });
    const again = await run(['rotate']);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('no-new-keys')]);
    const status = await run(['status', '--json']);
    expect(status.lines()[0]).toMatchObject({
      writes: 2,
      present: 'in use',
      previous: 'not needed any more',
      under: { 2: 2 },
    });
    forget();
    expect(await onDatabase((db, keys) => namesOf(db, keys, [person]))).toEqual(new Map([[person, 'Ada Lovelace']]));
    const late = await sp(home.path, ['keys', 'status'], {
      env: {
        SMARTPRESENCE_SERVER_HOME: home.path,
        ENCRYPTION_KEY: old.ENCRYPTION_KEY_PREVIOUS,
        SECRET_KEY: old.SECRET_KEY_PREVIOUS,
      },
    });
    expect([late.code, late.stderr]).toEqual([3, expect.stringContaining('key-retired')]);
  }, 300_000);

  test('rotate works through the running server, which stays available', async () => {
    await exchange();
    const server = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, ...environment() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      await once(createInterface({ input: server.stdout }), 'line');
      const done = await run(['rotate', '--re-encrypt']);
      expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('Version 3 of the keys is in use')]);
      const text = (await run(['status'])).stdout;
      expect(text).toMatch(/^New values are written under version 3\.$/m);
      expect(text).toMatch(/^process [0-9a-f-]{36}: writes version 3, has these keys/m);
      expect(text).toMatch(/^Rotation 2 → 3: finished/m);
      expect(server.exitCode).toBeNull();
    } finally {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    }
    forget();
    expect(await onDatabase((db, keys) => namesOf(db, keys, [person]))).toEqual(new Map([[person, 'Ada Lovelace']]));
  }, 300_000);
});
