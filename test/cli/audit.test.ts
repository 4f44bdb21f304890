import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { withServer } from '../../sync/server/app/open.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { serverHome } from '../kit/folder.ts';
import { sp } from './run-sp.ts';

/** `audit` and `incident` as an operator runs them, on a separate server home. */

const home = await serverHome();
let env: Record<string, string>;

beforeAll(async () => {
  env = initServer(home.path);
  await withServer(readConfig(env), async () => undefined);
});
afterAll(() => home.remove());

const run = (...args: string[]) => sp(home.path, args, { env });

test('one command finds and locates a row altered in the database, and each check is itself audited', async () => {
  for (let i = 0; i < 3; i++) expect((await run('audit', 'search')).code).toBe(0);
  const found = (await run('audit', 'search', '--route', 'GET /api/audit', '--json')).lines();
  expect(found.map((r) => [r.position, r.role])).toEqual([3, 2, 1].map((p) => [p, 'operator']));
  const whole = await run('audit', 'verify', '--json');
  expect(whole.lines()).toMatchObject([{ rows: 4, last: 4, faults: [] }]);
  expect(whole.code).toBe(0);
  const database = await openDatabase(home.path);
  await sql`update audit set role = 'auditor' where position = 2`.execute(database.db);
  await database.close();
  const altered = await run('audit', 'verify', '--json');
  expect(altered.lines()[0]!.faults).toMatchObject([{ code: 'row-altered', position: 2 }]);
  expect(altered.code).toBe(1);
}, 180_000);

test('an incident is opened, and its deadline runs until the authority is notified', async () => {
  const opened = await run('incident', 'open', '--title', 'Kiosk stolen', '--severity', 'high', '--json');
  const [incident] = opened.lines();
  expect(incident).toMatchObject({ state: 'open', clock: { state: 'running' } });
  expect((await run('incident', 'list')).code).toBe(1);
  const id = String(incident!.id);
  const notified = await run('incident', 'notified', id, '--to', 'authority', '--json');
  expect(notified.lines()).toMatchObject([{ clock: { state: 'in-time' } }]);
  expect((await run('incident', 'list')).code).toBe(0);
  const closed = await run('incident', 'close', id);
  expect(closed.code).toBe(1);
  expect(closed.stderr).toContain('incident-not-documented');
}, 180_000);
