import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASES } from '../../../test/services/databases.ts';
import type { OpenDatabase } from '../database/open.ts';
import { photoState, readPhoto, takePiece } from './store.ts';

let home: Awaited<ReturnType<(typeof DATABASES)[number]['start']>>;
let database: OpenDatabase;

async function device(): Promise<string> {
  const id = randomUUID();
  const keys = { ed25519: 'x', x25519: 'x', tls_key_hash: 'x' };
  await database.db
    .insertInto('device')
    .values({ id, name: 'Door', status: 'approved', ...keys, registered_at: new Date(), last_heard_at: null })
    .execute();
  return id;
}

const expectOne = (owner: string, address: string, total: number | null = null) =>
  database.db
    .insertInto('photo')
    .values({
      address,
      device: owner,
      event: randomUUID(),
      person: randomUUID(),
      kind: 'checkin',
      expected_at: new Date(),
      total,
      complete_at: null,
    })
    .execute();
const addressOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url');

describe.each(DATABASES)('photos on $name', ({ unavailable, start }) => {
  beforeAll(async () => {
    if (unavailable) return;
    home = await start();
    database = await home.open();
  });
  afterAll(async () => {
    await database?.close();
    await home?.remove();
  });
  beforeEach((context) => {
    if (unavailable) context.skip(unavailable);
  });

  test('a device that names another’s photo first keeps it from nobody', async () => {
    const [thief, owner] = [await device(), await device()];
    const bytes = randomBytes(1000);
    const address = addressOf(bytes);
    await expectOne(thief, address);
    await expectOne(owner, address);
    const wrong = randomBytes(1000);
    await expect(
      takePiece(database.db, thief, address, { offset: 0, total: 1000 }, wrong, new Date()),
    ).rejects.toThrow();
    await takePiece(database.db, owner, address, { offset: 0, total: 1000 }, bytes, new Date());
    expect(await readPhoto(database.db, address)).toEqual(bytes);
    expect(await photoState(database.db, thief, address)).toEqual({ received: 0, complete: false });
  });

  test('pieces that come at once do not pass the quota together', async () => {
    const owner = await device();
    const total = 1024 ** 2;
    // Room for one more, and no second.
    for (let left = 8 * 1024 ** 3 - total; left > 0; left -= 2 ** 30)
      await expectOne(owner, addressOf(randomBytes(8)), Math.min(left, 2 ** 30));
    const wanted = Array.from({ length: 6 }, () => addressOf(randomBytes(8)));
    for (const address of wanted) await expectOne(owner, address);
    const results = await Promise.allSettled(
      wanted.map((a) => takePiece(database.db, owner, a, { offset: 0, total }, randomBytes(10), new Date())),
    );
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    for (const r of results) if (r.status === 'rejected') expect(r.reason).toMatchObject({ code: 'photo-quota' });
  });
});
