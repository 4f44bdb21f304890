import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverHome } from '../../../../test/kit/folder.ts';
import { type OpenDatabase, openDatabase } from '../../platform/database/open.ts';
import { Presence } from './presence.ts';

const home = await serverHome();
let database: OpenDatabase;
beforeAll(async () => {
  database = await openDatabase(home.path);
});
afterAll(async () => {
  await database?.close();
  home.remove();
});

async function device(status: 'approved' | 'revoked', last_heard_at: Date): Promise<string> {
  const id = randomUUID();
  const keys = { ed25519: 'x', x25519: 'x', tls_key_hash: 'x' };
  await database.db
    .insertInto('device')
    .values({ id, name: 'Door', status, ...keys, registered_at: last_heard_at, last_heard_at })
    .execute();
  return id;
}

test('a broker’s presence messages decide who is nudged, and never change a device’s last contact', async () => {
  const heard = new Date('2026-01-01T00:00:00Z');
  const [known, revoked] = [await device('approved', heard), await device('revoked', heard)];
  const presence = new Presence(database.db);
  for (const id of [known, revoked, randomUUID()]) await presence.set(id, true);
  expect([...presence.online]).toEqual([known]);
  const rows = await database.db.selectFrom('device').select('last_heard_at').execute();
  expect(rows.map((r) => r.last_heard_at)).toEqual([heard, heard]);
  await presence.set(known, false);
  expect(presence.online.size).toBe(0);
});
