import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { erasureState } from '../../sync/server/features/privacy/erasure/read.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { STEPS } from '../../sync/server/features/privacy/erasure/steps.ts';
import { type OpenDatabase, openDatabase } from '../../sync/server/platform/database/open.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { Secret } from '../../sync/server/platform/secrets/secret.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { KnownKiosk } from '../kit/known-kiosk.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { type Erasing, erasing } from '../sync/erasing.ts';

const CHILD = join(import.meta.dirname, 'children/erase-and-die.ts');
const KIOSKS = STEPS.findIndex((s) => s.name === 'kiosks');

describe.skipIf(postgresUnavailable())('an erasure whose server is killed with SIGKILL', () => {
  const pair = [randomBytes(32), randomBytes(32)] as const;
  const keys = new Keys(new Secret(pair[0]), new Secret(pair[1]));
  const home = temporaryFolder();
  let postgres: TestPostgres;
  let database: OpenDatabase;
  let erasures: Erasing;
  let now = new Date();

  beforeAll(async () => {
    postgres = await startPostgres();
    database = await openDatabase(home.path, { postgres: postgres.address() });
    erasures = await erasing(database.db, keys, home.path, { now: () => now });
  });
  afterAll(async () => {
    await database?.close();
    await postgres?.remove();
    home.remove();
  });

  async function dieAt(step: string): Promise<void> {
    const o = { url: postgres.url(), keys: pair.map((k) => k.toString('base64')), home: home.path, step, now };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(o)], { stdio: ['ignore', 'ignore', 'inherit'] });
    expect([step, ...(await once(child, 'exit'))]).toEqual([step, null, 'SIGKILL']);
  }

  test('is continued and completed by the next server, when killed at any step after its work but before it was recorded', async () => {
    const kiosk = await KnownKiosk.register(database, keys);
    const people = STEPS.map((step) => ({ step: step.name, person: kiosk.box.enrol(`Person ${step.name}`) }));
    for (const { person } of people) kiosk.box.checkin(person);
    await kiosk.send();
    for (const [i, { step, person }] of people.entries()) {
      const { request } = await requestErasure(database.db, keys, { person, origin: 'staff', undoDays: 0 }, now);
      const confirm = async () => {
        await erasures.run();
        kiosk.box.append('erasureDone', { request }, { person });
        await kiosk.send();
        now = new Date(now.getTime() + 3_600_000);
      };
      if (i > KIOSKS) await confirm();
      await dieAt(step);
      if (i <= KIOSKS) await confirm();
      await erasures.run();
      const state = (await erasureState(database.db, request, now))!;
      expect([step, state.state, state.certificate !== null]).toEqual([step, 'done', true]);
      now = new Date(now.getTime() + 3_600_000);
    }
    const count = async (from: ReturnType<typeof sql>) =>
      (await sql<{ n: number }>`select count(*)::int as n from ${from}`.execute(database.db)).rows[0]!.n;
    expect(await count(sql`keyring.person_key`)).toBe(0);
    expect(await count(sql`event where person is not null or personal is not null and type <> 'erasureDone'`)).toBe(0);
    expect(await count(sql`checkin`)).toBe(people.length);
    expect(await count(sql`checkin where person is not null`)).toBe(0);
  }, 400_000);
});
