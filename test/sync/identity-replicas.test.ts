import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keysChanged } from '../../sync/server/platform/changes/log.ts';
import { type OpenDatabase, openDatabase } from '../../sync/server/platform/database/open.ts';
import { type Keyring, openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { succeedKey } from '../../sync/server/platform/keys/succession.ts';
import { newKeys } from '../kit/keys.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** One keyring shared by replicas on a real PostgreSQL, where transactions run concurrently. */
const unavailable = postgresUnavailable();
const keys = newKeys();
let postgres: TestPostgres;
let replicas: OpenDatabase[] = [];

beforeAll(async () => {
  if (unavailable) return;
  postgres = await startPostgres();
  replicas = await Promise.all(
    [1, 2, 3].map(() => openDatabase(tmpdir(), { postgres: postgres.address('replicas'), size: 2 })),
  );
});
afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await postgres?.remove();
});
beforeEach((context) => {
  if (unavailable) context.skip(unavailable);
});

const open = (): Promise<Keyring[]> =>
  Promise.all(replicas.map(({ db }) => openKeyring(db, keys, { hostnames: ['127.0.0.1'], now: Date.now })));
const succeed = (replica: number, purpose: 'signing' | 'sealing' | 'ca') => {
  const now = new Date();
  return succeedKey(replicas[replica]!.db, keys, purpose, now.getTime(), (tx) => keysChanged(tx, now));
};

test('replicas that start together on an empty database create one keyring', async () => {
  const [a, b, c] = await open();
  expect([b!.publicKeys, c!.publicKeys]).toEqual([a!.publicKeys, a!.publicKeys]);
  const rows = await replicas[0]!.db.selectFrom('keyring.server_key').select('purpose').execute();
  expect(rows.map((r) => r.purpose).sort()).toEqual(['ca', 'pin', 'qr', 'sealing', 'signing']);
});

test('successors made simultaneously by several replicas are all kept, each CA signed by the previous one', async () => {
  const before = (await open())[0]!.serial;
  await Promise.all([succeed(0, 'ca'), succeed(1, 'ca'), succeed(2, 'sealing'), succeed(0, 'signing')]);
  const [a] = await open();
  expect(a!.serial).toBeGreaterThanOrEqual(before + 4);
  expect(a!.cas).toHaveLength(3);
  expect(a!.cas.map((ca) => [ca.crossPem !== null, ca.keyPem !== null])).toEqual([
    [true, true],
    [true, false],
    [false, false],
  ]);
});

test('a replica opens data sealed to a key that another replica has just created', async () => {
  const [a, b] = await open();
  await succeed(0, 'sealing');
  await a!.refresh();
  expect(a!.sealingKid).not.toBe(b!.sealingKid);
  expect(await b!.sealingFor(a!.sealingKid)).toEqual(a!.sealing);
  expect(b!.serial).toBe(a!.serial);
});
