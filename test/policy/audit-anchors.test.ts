import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import { ANCHOR_PREFIX, auditAnchorJob } from '../../sync/server/platform/audit/anchors.ts';
import { compareHere } from '../../sync/server/platform/audit/compare.ts';
import { verifyAudit } from '../../sync/server/platform/audit/verify.ts';
import { writeAudit } from '../../sync/server/platform/audit/write.ts';
import { type OpenDatabase, openDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { openKeyring } from '../../sync/server/platform/keys/keyring.ts';
import { setupBucket } from '../../sync/server/platform/objects/bucket/setup.ts';
import { openObjectStore } from '../../sync/server/platform/objects/store.ts';
import { serverHome } from '../kit/folder.ts';
import { unheard } from '../kit/services.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';

const missing = motoMissing();
const NOW = new Date('2027-03-01T10:00:00.000Z');

describe('anchors of the audit log in the object store', { timeout: 120_000 }, () => {
  let home: Awaited<ReturnType<typeof serverHome>>;
  let database: OpenDatabase;
  let moto: Moto;
  beforeAll(async () => {
    if (missing) return;
    home = await serverHome();
    database = await openDatabase(home.path);
    moto = await startMoto();
  });
  afterAll(async () => {
    await database?.close();
    await moto?.remove();
    home?.remove();
  });
  beforeEach((context) => {
    if (missing) context.skip(missing);
  });

  test('the object store’s anchors reveal rows that were deleted together with every anchor in the database', async () => {
    const key = () => randomBytes(32).toString('base64');
    const config = readConfig({
      ...moto.env('audit-anchors'),
      ENCRYPTION_KEY: key(),
      SECRET_KEY: key(),
      SMARTPRESENCE_SERVER_HOME: home.path,
    });
    const keys = new Keys(config.encryptionKey, config.secretKey);
    const { db } = database;
    const keyring = await openKeyring(db, keys, { hostnames: ['localhost'], now: () => NOW.getTime() });
    await setupBucket(config.s3!, { checkinPhotos: 90, keyringCopies: 30, backups: 400 }, { withoutPolicy: true });
    const write = () =>
      inTransaction(db, (tx) =>
        writeAudit(
          tx,
          keys,
          { actor: SYSTEM, action: 'read', route: 'test', data: ['person.name'], subjects: [], outcome: 'ok' },
          NOW,
        ),
      );
    const run = () =>
      auditAnchorJob.run({
        db,
        keys,
        keyring,
        config,
        ...unheard(),
        now: () => NOW,
        signal: new AbortController().signal,
      });
    for (let i = 0; i < 4; i++) await write();
    await expect(run()).resolves.toEqual({ position: 4, stored: 1 });
    // Nothing new, so nothing to anchor.
    await expect(run()).resolves.toEqual({ position: null, stored: 0 });
    await write();
    await expect(run()).resolves.toEqual({ position: 5, stored: 1 });
    const whole = await compareHere(db, keys, config);
    expect(whole).toEqual({ anchors: { database: 2, folder: 0, objects: 2 }, notes: [], faults: [] });

    await sql`delete from audit_anchor`.execute(db);
    await sql`delete from audit where position > 3`.execute(db);
    // The chain itself is intact: only its end is missing.
    expect((await verifyAudit(db, keys)).faults).toEqual([]);
    const cut = await compareHere(db, keys, config);
    expect(cut.faults.map((f) => [f.code, f.position])).toEqual([
      ['tail-cut-off', 5],
      ['tail-cut-off', 4],
    ]);

    // An anchor written over ours: the version below it still counts, and the other is not from this server.
    const store = openObjectStore(config.s3!);
    const objects: string[] = [];
    for await (const o of store.list(ANCHOR_PREFIX)) objects.push(o.key);
    await store.put(objects[0]!, Buffer.from('{"statement":"a.b.c","seal":"x"}'), {});
    store.close();
    const codes = (await compareHere(db, keys, config)).faults.map((f) => f.code).sort();
    expect(codes).toEqual(['anchor-broken', 'tail-cut-off', 'tail-cut-off']);
  });
});
