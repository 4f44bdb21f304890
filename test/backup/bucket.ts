import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import type { BackupContext } from '../../sync/server/features/backup/run.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { type ObjectStore, openObjectStore } from '../../sync/server/platform/objects/store.ts';
import type { Moto } from '../services/moto.ts';

/** Makes a versioned bucket of this name, and its store. */
export async function newBucket(moto: Moto, bucket: string): Promise<ObjectStore> {
  const client = s3Client(moto.settings(bucket));
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  client.destroy();
  return openObjectStore(moto.settings(bucket));
}

export function contextOf(db: Db, keys: Keys, store: ObjectStore, now = () => new Date()): BackupContext {
  return { db, keys, store, now, actor: SYSTEM, keyringDays: 30 };
}

export async function settled(db: Db, keys: Keys): Promise<Keys> {
  await openKeyring(db, keys, { hostnames: ['127.0.0.1'], now: Date.now });
  return keys;
}

/** Adds complete photos, in pieces, to an existing device; and one that is incomplete. */
export async function addPhotos(db: Db, device: string, count: number): Promise<string[]> {
  const addresses: string[] = [];
  for (let i = 0; i <= count; i++) {
    const pieces = [randomBytes(3000), randomBytes(2000 + i), randomBytes(1)];
    const address = createHash('sha256').update(Buffer.concat(pieces)).digest('base64url');
    const whole = i < count;
    const total = pieces.reduce((sum, p) => sum + p.length, 0);
    await db
      .insertInto('photo')
      .values({
        address,
        device,
        event: randomUUID(),
        person: randomUUID(),
        kind: i % 2 === 0 ? 'checkin' : 'enrolment',
        expected_at: new Date(),
        total,
        received: whole ? total : 3000,
        complete_at: whole ? new Date() : null,
      })
      .execute();
    let at = 0;
    for (const bytes of whole ? pieces : pieces.slice(0, 1)) {
      await db.insertInto('photo_piece').values({ device, address, at, bytes }).execute();
      at += bytes.length;
    }
    if (whole) addresses.push(address);
  }
  return addresses;
}
