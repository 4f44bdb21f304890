import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { newPair } from '../../../../test/kit/keys.ts';
import { deliverTo, registerKiosk } from '../../../../test/kit/known-kiosk.ts';
import { withDatabase } from '../../../../test/kit/suite.ts';
import { openRing } from '../../../../test/policy/sealed-people.ts';
import type { OpenDatabase } from '../../platform/database/open.ts';
import { keysOf } from '../../platform/keys/settings.ts';
import { setHold } from '../people/holds.ts';
import { photoState, readPhoto, takePiece } from './store.ts';

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

describe.each(DATABASES)('photos on $name', (kind) => {
  withDatabase(kind, (opened) => {
    database = opened;
  });

  test('a device that names another device’s photo first does not block it', async () => {
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

  test('pieces that arrive at the same time can’t exceed the quota together', async () => {
    const owner = await device();
    const total = 1024 ** 2;
    // The quota allows exactly one more.
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

  test('keeps only the newest complete picture of a person who was enrolled again, unless they are under a hold', async () => {
    const { db } = database;
    const keys = keysOf(newPair());
    await openRing(db, keys);
    const door = await registerKiosk(db);
    const enrolled = async (person: string, pictures: readonly { at: number; bytes: Buffer }[]) => {
      const events = pictures.map(({ at, bytes }) =>
        door.append('person', { change: 'updated' }, { person, photo: addressOf(bytes) }, new Date(at)),
      );
      await deliverTo(db, keys, door, events, { first: events[0]!.header.seq });
      return Promise.all(pictures.map(({ bytes }) => photoState(db, door.device, addressOf(bytes))));
    };
    const send = (bytes: Buffer, device = door.device) =>
      takePiece(db, device, addressOf(bytes), { offset: 0, total: bytes.length }, bytes, new Date());
    const kept = async (pictures: readonly Buffer[]) =>
      Promise.all(pictures.map(async (bytes) => (await readPhoto(db, addressOf(bytes))) !== null));
    const three = () => [1, 2, 3].map((day) => ({ at: Date.UTC(2026, 2, day), bytes: randomBytes(300) }));

    const [ada, held] = [randomUUID(), randomUUID()];
    const [first, second, third] = three();
    await enrolled(ada, [first!, second!, third!]);
    await send(first!.bytes);
    // The next picture is not complete yet, so this one is kept.
    expect(await kept([first!.bytes])).toEqual([true]);
    await send(third!.bytes);
    expect(await kept([first!.bytes, third!.bytes])).toEqual([false, true]);
    // The picture in between arrives too late and is refused.
    await expect(send(second!.bytes)).rejects.toMatchObject({ code: 'photo-unexpected' });
    expect(await kept([first!.bytes, second!.bytes, third!.bytes])).toEqual([false, false, true]);

    const pictures = three();
    await enrolled(held, pictures);
    const hold = { person: held, site: null, from: null, until: null, reason: 'dispute', setBy: 'dpo' };
    await db.transaction().execute((tx) => setHold(tx, keys, hold, new Date()));
    for (const { bytes } of pictures) await send(bytes);
    expect(await kept(pictures.map((p) => p.bytes))).toEqual([true, true, true]);

    // The hold names the id that they had before a merge.
    const merged = { id: randomUUID(), kept: randomUUID(), merged: held, records: 0, at: new Date(), by: 'x' };
    const more = three();
    await enrolled(merged.kept, more);
    await db.insertInto('person_merge').values(merged).execute();
    for (const { bytes } of more) await send(bytes);
    expect(await kept(more.map((p) => p.bytes))).toEqual([true, true, true]);
  });
});
