import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { registerKiosk } from '../../../../test/kit/known-kiosk.ts';
import { withDatabase } from '../../../../test/kit/suite.ts';
import type { OpenDatabase } from '../../platform/database/open.ts';
import { storedPhotos } from './objects.ts';

describe.each(DATABASES)('photos in the object store, on $name', (kind) => {
  let database: OpenDatabase;
  withDatabase(kind, (opened) => {
    database = opened;
  });

  test('are each read once, a few hundred at a time', async () => {
    const device = randomUUID();
    await registerKiosk(database.db, { device });
    const photos = Array.from({ length: 1000 }, (_, i) => ({
      device,
      address: `${i}`.padStart(43, 'a'),
      // Not ordered by address.
      object: `photos/${(i * 617) % 1000}`,
    }));
    await database.db
      .insertInto('photo')
      .values(
        photos.map(({ address }) => ({
          device,
          address,
          event: randomUUID(),
          person: randomUUID(),
          kind: 'checkin' as const,
          expected_at: new Date(),
          complete_at: new Date(),
        })),
      )
      .execute();
    await database.db
      .insertInto('photo_object')
      .values(photos.map((photo) => ({ ...photo, pieces: [0], size: 1, stored_at: new Date() })))
      .execute();
    let most = 0;
    const counted = database.db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        most = Math.max(most, result.rows.length);
        return result;
      },
    });
    const read: string[] = [];
    for await (const { address } of storedPhotos(counted)) read.push(address);
    expect(read.toSorted()).toEqual(photos.map(({ address }) => address).toSorted());
    expect(most).toBeLessThanOrEqual(200);
  });
});
