import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { storePhotos } from '../../sync/server/core/photos/objects.ts';
import { runRetention } from '../../sync/server/features/privacy/retention/retention.job.ts';
import { retentionSettings, retentionVariables } from '../../sync/server/features/privacy/retention/settings.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { PREFIX } from '../../sync/server/platform/objects/sealed/layout.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { addPhotos, newBucket } from '../backup/bucket.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const BUCKET = 'photos-in-store';
const DAY = 86_400_000;

describe.skipIf(missing)('photos in a versioned bucket', () => {
  const keys = keysOf(newPair());
  let moto: Moto;
  let database: OpenDatabase;
  let store: ObjectStore;

  withDatabase(DATABASES[0]!, async (opened, undo) => {
    database = opened;
    moto = await startMoto();
    store = await newBucket(moto, BUCKET);
    undo.defer(() => store?.close());
    undo.defer(() => moto?.remove());
  });

  /** Every version and delete marker below a prefix. */
  async function versionsOf(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix)) keys.push(key);
    return keys;
  }

  test('photos of check-ins are deleted in every version after 90 days by the hourly purge alone; enrolment photos are kept', async () => {
    const { db } = database;
    const taken = new Date();
    const box = await registerKiosk(db, { at: taken });
    await addPhotos(db, box.device, 6);
    expect(await storePhotos(db, store, { now: () => taken })).toMatchObject({ stored: 6 });
    // Overwritten and deleted without a version: on such a bucket neither erases anything.
    const [first, second] = await versionsOf(PREFIX.checkinPhotos);
    await store.put(first!, Buffer.from('another version'));
    const client = s3Client(moto.settings(BUCKET));
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: second! }));
    client.destroy();
    expect(await versionsOf(PREFIX.checkinPhotos)).toHaveLength(5);

    const settings = retentionSettings(z.object(retentionVariables).parse({}));
    const purge = (days: number) =>
      runRetention({ db, keys, settings, objects: store, now: new Date(taken.getTime() + days * DAY) });
    await purge(89);
    expect(await versionsOf(PREFIX.checkinPhotos)).toHaveLength(5);
    // Three of them, and one that was never completed.
    const report = await purge(91);
    expect(report.find((r) => r.kind === 'photos')).toMatchObject({ removed: 4, failed: null });
    expect(await versionsOf(PREFIX.checkinPhotos)).toEqual([]);
    expect(await versionsOf(PREFIX.enrolmentPhotos)).toHaveLength(3);
    await purge(3650);
    expect(await versionsOf(PREFIX.enrolmentPhotos)).toHaveLength(3);
  });
});
