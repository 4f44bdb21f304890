import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { ingest } from '../../sync/server/app/ingest/ingest.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { serverHome } from '../kit/folder.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { sp } from './run-sp.ts';

/** `sync quarantine` as an operator runs it, on a server home of its own. */

const home = await serverHome();
const box = new MemoryOutbox();
let env: Record<string, string>;

beforeAll(async () => {
  env = initServer(home.path);
  const config = readConfig(env);
  const { db, close } = await openDatabase(config.home);
  const known = { name: 'Door', status: 'approved' as const, ed25519: 'x', x25519: 'x', tls_key_hash: 'x' };
  await db
    .insertInto('device')
    .values({ id: box.device, ...known, registered_at: new Date(), last_heard_at: null } as never)
    .execute();
  const person = box.person('Ada Lovelace');
  box.checkin(person);
  const events: unknown[] = [
    box.events[0],
    { ...box.events[1]!, header: { ...box.events[1]!.header, v: 99 } },
    'no event',
  ];
  const header = {
    alg: 'EdDSA',
    typ: 'sp-batch+jws',
    iss: box.device,
    aud: randomUUID(),
    epoch: box.epoch,
    first: 1,
    last: 3,
    spv: 1,
  } as const;
  const keys = new Keys(config.encryptionKey, config.secretKey);
  await ingest({ db, keys, modules: MODULES }, header, { sentAt: new Date().toISOString(), events }, new Date());
  await close();
});
afterAll(() => home.remove());

test('lists what is there with its reason, and never what it holds', async () => {
  const listed = await sp(home.path, ['sync', 'quarantine', 'list', '--json'], { env });
  expect(listed.stderr).toBe(`sp: server ${home.path}, embedded database\n`);
  expect(listed.lines().map((l) => [l.device, l.seq, l.reason])).toEqual([
    [box.device, 2, 'event-newer-schema'],
    [box.device, 3, 'event-malformed'],
  ]);
  const one = await sp(home.path, ['sync', 'quarantine', 'list', '--reason', 'event-malformed'], { env });
  expect(one.stdout).toMatch(/^\d+ {2}event-malformed {2}device .*, event 3/);
  expect(one.stdout.trim().split('\n')).toHaveLength(1);
  expect(listed.stdout + one.stdout).not.toMatch(/Lovelace|no event/);
});

test('a retry that leaves something says so by its exit code', async () => {
  const retried = await sp(home.path, ['sync', 'quarantine', 'retry', '--json'], { env });
  expect(retried.code).toBe(1);
  expect(retried.lines()).toEqual([{ taken: 0, waiting: { 'event-newer-schema': 1, 'event-malformed': 1 } }]);
  const none = await sp(home.path, ['sync', 'quarantine', 'retry', '--reason', 'sequence-reused'], { env });
  expect([none.code, none.stdout]).toEqual([0, '0 taken\n']);
}, 120_000);

test('refuses a number that is none', async () => {
  const wrong = await sp(home.path, ['sync', 'quarantine', 'list', '--id', 'x'], { env });
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('the number of an entry')]);
});
