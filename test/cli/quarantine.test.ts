import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { serverHome } from '../kit/folder.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { sp } from './run-sp.ts';

/** `sync quarantine` as an operator runs it, on a separate server home. */

const home = await serverHome();
let device: string;
let env: Record<string, string>;

beforeAll(async () => {
  env = initServer(home.path);
  const config = readConfig(env);
  const { db, close } = await openDatabase(config.home);
  const box = await registerKiosk(db);
  device = box.device;
  const person = box.person('Ada Lovelace');
  box.checkin(person);
  const events: unknown[] = [
    box.events[0],
    { ...box.events[1]!, header: { ...box.events[1]!.header, v: 99 } },
    'no event',
  ];
  await deliverTo(db, keysOf(config), box, events, { first: 1 });
  await close();
});
afterAll(() => home.remove());

test('lists quarantined events with their reason, never their content', async () => {
  const listed = await sp(home.path, ['sync', 'quarantine', 'list', '--json'], { env });
  expect(listed.stderr).toBe(`sp: server ${home.path}, embedded database\n`);
  expect(listed.lines().map((l) => [l.device, l.seq, l.reason])).toEqual([
    [device, 2, 'event-newer-schema'],
    [device, 3, 'event-malformed'],
  ]);
  const one = await sp(home.path, ['sync', 'quarantine', 'list', '--reason', 'event-malformed'], { env });
  expect(one.stdout).toMatch(/^\d+ {2}event-malformed {2}device .*, event 3/);
  expect(one.stdout.trim().split('\n')).toHaveLength(1);
  expect(listed.stdout + one.stdout).not.toMatch(/Lovelace|no event/);
});

test('a retry that leaves events behind says so by its exit code', async () => {
  const retried = await sp(home.path, ['sync', 'quarantine', 'retry', '--json'], { env });
  expect(retried.code).toBe(1);
  expect(retried.lines()).toEqual([{ taken: 0, waiting: { 'event-newer-schema': 1, 'event-malformed': 1 } }]);
  const none = await sp(home.path, ['sync', 'quarantine', 'retry', '--reason', 'sequence-reused'], { env });
  expect([none.code, none.stdout]).toEqual([0, '0 accepted\n']);
});

test('refuses an invalid number', async () => {
  const wrong = await sp(home.path, ['sync', 'quarantine', 'list', '--id', 'x'], { env });
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('a whole number from 1')]);
});
