import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { list, verify } from '../../sync/server/app/backup-environment.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { openBare, openDatabase } from '../../sync/server/platform/database/open.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { setupBucket } from '../../sync/server/platform/objects/bucket/setup.ts';
import { addPhotos, settled } from '../backup/bucket.ts';
import { everyRow, fillEveryTable, uuid } from '../backup/fill.ts';
import { printedRandom } from '../chance.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

const random = printedRandom('backups and restores killed');

/* The real commands in their own processes, killed at any point. SMARTPRESENCE_KILLS: how often, for each. */

const missing = motoMissing() ?? postgresUnavailable();
if (missing) console.log(missing);
const KILLS = Number(process.env.SMARTPRESENCE_KILLS ?? 2);
const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');
const DIRECT = { wait: false, tier: 'Standard' } as const;

/** @param killAfter ms; null: runs to its end. @returns `done`, `killed`, or the error code */
function sp(args: readonly string[], env: NodeJS.ProcessEnv, killAfter: number | null): Promise<string> {
  const child = spawn(process.execPath, [SP, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  const timer = killAfter === null ? null : setTimeout(() => child.kill('SIGKILL'), killAfter);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (timer) clearTimeout(timer);
      resolve(code === 0 ? 'done' : signal ? 'killed' : (/^sp: ([a-z0-9-]+):/m.exec(said)?.[1] ?? said));
    });
  });
}

describe.skipIf(missing)('kill -9 of a backup and of a restore', () => {
  const home = temporaryFolder();
  let moto: Moto;
  let postgres: TestPostgres;
  let env: Record<string, string>;
  let before: Map<string, string[]>;
  let whole = 0;

  beforeAll(async () => {
    moto = await startMoto();
    postgres = await startPostgres();
    env = {
      PATH: process.env.PATH ?? '',
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SECRET_KEY: randomBytes(32).toString('base64'),
      SMARTPRESENCE_SERVER_HOME: home.path,
      SMARTPRESENCE_DATABASE_URL: postgres.url('full'),
      ...moto.env('kills'),
    };
    const config = readConfig(env);
    await setupBucket(config.s3!, { checkinPhotos: 90, keyringCopies: 30, backups: 400 }, { withoutPolicy: true });
    const database = await openDatabase(config.home, { postgres: config.database });
    await settled(database.db, keysOf(config));
    const own = /^public\.(audit.*|photo.*|meta|backup|session|sign_in_link)$|^keyring\./;
    await fillEveryTable(database.db, 50, (table) => own.test(table));
    await addPhotos(database.db, uuid(0), 10);
    before = await everyRow(database.db);
    await database.close();
  });
  afterAll(async () => {
    await postgres?.remove();
    await moto?.remove();
    home.remove();
  });

  test(`a killed backup does not count as one, and the next is complete (${KILLS} kills)`, async () => {
    const began = performance.now();
    expect(await sp(['backup', 'run'], env, null)).toBe('done');
    whole = performance.now() - began;
    for (let i = 0; i < KILLS; i++) await sp(['backup', 'run'], env, random() * whole);
    expect(await sp(['backup', 'run'], env, null)).toBe('done');
    const listed = await list(env, 100);
    expect(listed.every((each) => each.state === 'readable')).toBe(true);
    for (const { backup } of listed) expect(await verify(env, backup, DIRECT)).toMatchObject({ backup });
  }, 300_000);

  test(`a killed restore can be run again and restores every row; a server refuses to start in between (${KILLS} kills)`, async () => {
    const there = { ...env, SMARTPRESENCE_DATABASE_URL: postgres.url('restored') };
    const { database: address } = readConfig(there);
    for (let i = 0; i < KILLS; i++) {
      await sp(['backup', 'restore'], there, whole * (0.3 + random() * 0.7));
      const bare = await openBare('/nonexistent', { postgres: address });
      // Whatever was reached, there are either no rows, or the mark that keeps a server from starting, or all rows.
      const tables = await everyRow(bare.db);
      const rows = tables.get('public.person')?.length ?? 0;
      const unfinished = (tables.get('public.meta') ?? []).some((row) => row.startsWith('(restoring,'));
      const done = (tables.get('public.meta') ?? []).some((row) => row.startsWith('(log-epoch,'));
      expect(rows === 0 || unfinished || done).toBe(true);
      await bare.close();
      if (unfinished)
        await expect(openDatabase('/nonexistent', { postgres: address })).rejects.toMatchObject({
          code: 'database-restore-unfinished',
        });
      if (done && !unfinished) break;
    }
    // It may have finished before the last kill; then a second one is rejected.
    expect(await sp(['backup', 'restore'], there, null)).toMatch(/^(done|database-not-empty)$/);
    const bare = await openBare('/nonexistent', { postgres: address });
    const after = await everyRow(bare.db);
    await bare.close();
    const own =
      /^public\.(meta|audit.*|ack_mark|backup|photo_object|provisioning_code|recovery_code|job.*|session|sign_in_link)$|^keyring\.(audit_key|replica|listener)$/;
    // Pending wipes are withdrawn and rollouts held: those rows exist but differ.
    const ended = /^public\.(fleet_command|device_state|rollout|rollout_action)$/;
    for (const [table, rows] of before)
      if (ended.test(table)) expect(after.get(table)!.length).toBeGreaterThanOrEqual(rows.length);
      else if (!own.test(table)) expect({ table, rows: after.get(table) }).toEqual({ table, rows });
    // Codes issued before the backup are void.
    const unused = (rows?: readonly string[]) => rows?.filter((row) => row.endsWith(',)')).length;
    expect(unused(before.get('public.recovery_code'))).toBeGreaterThan(0);
    expect(unused(after.get('public.recovery_code'))).toBe(0);
    expect(after.get('public.provisioning_code')).toHaveLength(before.get('public.provisioning_code')!.length);
    expect(after.get('public.photo_piece')).toHaveLength(31);
  }, 300_000);
});
