import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../sync/server/app/config.ts';
import { giveConsent, withdrawConsent } from '../../sync/server/core/consents/record.ts';
import { standingOf } from '../../sync/server/core/consents/standing.ts';
import { listHolds, setHold } from '../../sync/server/core/people/holds.ts';
import { BY_THEMSELVES, changePerson } from '../../sync/server/core/people/records.ts';
import { restoreBackup } from '../../sync/server/features/backup/restore.ts';
import { runBackup } from '../../sync/server/features/backup/run.ts';
import { decisionsJob } from '../../sync/server/features/privacy/decisions.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import { verifyAudit } from '../../sync/server/platform/audit/verify.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Db, Tx } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { DECISIONS_OBJECT } from '../../sync/server/platform/objects/sealed/layout.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { contextOf, newBucket } from '../backup/bucket.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { unheard } from '../kit/services.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { enrol, NOW, openRing } from './sealed-people.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const BUCKET = 'decisions';
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
const TEXT = { textVersion: '1', language: 'en' };

describe.skipIf(missing).each(DATABASES)('after a backup, on $name', ({ unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let moto: Moto;
  let store: ObjectStore;
  let database: OpenDatabase;
  let keys: Keys;
  let backup: string;
  const pair = newPair();
  const people: Record<string, string> = {};
  let request: string;
  let hold: string;
  const opened: (() => Promise<unknown>)[] = [];

  withDatabase({ unavailable, start }, async (made, undo) => {
    moto = await startMoto();
    undo.defer(() => moto.remove());
    store = await newBucket(moto, BUCKET);
    undo.defer(() => store.close());
    undo.defer(async () => {
      for (const close of opened) await close();
    });
    database = made;
    const { db } = database;
    keys = keysOf(pair);
    await openRing(db, keys);
    const box = await registerKiosk(db, { at: NOW });
    for (const name of ['withdrawn', 'erased', 'held', 'unlocated', 'returned', 'none'])
      people[name] = await enrol(db, keys, box, name);
    ({ backup } = await runBackup(contextOf(db, keys, store, () => later(1))));
    // Enrolled since: the backup lacks them, and their kiosk sends them again.
    people.added = await enrol(db, keys, box, 'added');
    const by = BY_THEMSELVES;
    await inTransaction(db, async (tx) => {
      for (const name of ['withdrawn', 'added', 'returned'])
        await withdrawConsent(tx, keys, people[name]!, by, later(2));
      await changePerson(tx, keys, people.unlocated!, { gpsOptOut: true }, by, later(2));
      const about = { person: people.held!, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' };
      hold = await setHold(tx, keys, about, later(2));
    });
    ({ request } = await requestErasure(db, keys, { person: people.erased!, origin: 'person', undoDays: 7 }, later(2)));
    expect(await run(db)).toEqual({ repeated: 0 });
    await inTransaction(db, (tx) => giveConsent(tx, keys, people.returned!, TEXT, by, later(3)));
    expect(await run(db)).toEqual({ repeated: 0 });
    added = box.events.slice(-6);
    from = box;
  });
  let added: readonly unknown[];
  let from: Awaited<ReturnType<typeof registerKiosk>>;

  async function run(db: Db) {
    const config = { home: '/nonexistent', s3: moto.settings(BUCKET) } as Config;
    const keyring = await openRing(db, keys);
    const signal = new AbortController().signal;
    const context = { db, keys, keyring, config, ...unheard(), now: () => later(4), signal };
    const report = await decisionsJob.run(context);
    expect(await decisionsJob.wanted!(context)).toBe(false);
    return report;
  }
  const bare = async () => {
    const there = await start();
    opened.push(() => there.remove());
    return there.bare();
  };
  const restoreInto = (db: Db) =>
    restoreBackup(
      {
        db,
        store,
        keys,
        now: () => later(5),
        actor: SYSTEM,
        thaw: { wait: false, tier: 'Standard', sleep: async () => undefined },
      },
      backup,
    );
  const stateOf = (db: Db) =>
    inTransaction(db, async (tx: Tx) => {
      const faces = async (person: string) => {
        const count = (table: string) => sql`(select count(*) from ${sql.table(table)} where person = ${person}::uuid)`;
        const { rows } = await sql<{
          n: number;
        }>`select (${count('template')} + ${count('card_template')})::int as n`.execute(tx);
        return rows[0]!.n;
      };
      const each = Object.entries(people).filter(([name]) => name !== 'added');
      const out = await tx.selectFrom('person').select('id').where('gps_opt_out', '=', true).execute();
      return {
        standing: Object.fromEntries(await Promise.all(each.map(async ([n, p]) => [n, await standingOf(tx, p)]))),
        faces: Object.fromEntries(await Promise.all(each.map(async ([n, p]) => [n, await faces(p)]))),
        out: out.map((r) => r.id),
        erasures: await tx
          .selectFrom('erasure')
          .select(['request', 'person', 'origin', 'state', 'requested_at', 'undo_until'])
          .execute(),
        holds: (await listHolds(tx, keys)).map(({ id, person, reason, setAt }) => ({ id, person, reason, setAt })),
      };
    });

  test('withdrawn consents, requested erasures, opt-outs and legal holds are repeated when it is restored', async () => {
    const expected = await stateOf(database.db);
    expect(expected.standing).toMatchObject({ withdrawn: 'withdrawn', returned: 'given', none: 'given' });
    expect(expected.faces).toMatchObject({ withdrawn: 0, erased: 0, none: 2 });
    expect(expected.out).toEqual([people.unlocated]);
    expect(expected.erasures).toMatchObject([{ request, person: people.erased, origin: 'person' }]);
    expect(expected.holds).toMatchObject([{ id: hold, reason: 'A dispute' }]);

    const { db, close } = await bare();
    expect(await restoreInto(db)).toMatchObject({ backup, decisionsRepeated: 5 });
    // The person who agreed again has their templates from before the backup.
    expect(await stateOf(db)).toEqual({ ...expected, faces: { ...expected.faces, returned: 2 } });
    // The kiosk sends the person that the backup lacks again, with the consent from before their withdrawal.
    await deliverTo(db, keys, from, added, { epoch: from.epoch, now: later(6) });
    expect(await inTransaction(db, (tx) => standingOf(tx, people.added!))).toBe('withdrawn');
    const left = await sql`select from template where person = ${people.added}::uuid`.execute(db);
    expect(left.rows).toHaveLength(0);
    expect((await verifyAudit(db, keys)).faults).toEqual([]);
    await close();
  }, 300_000);

  test('they are also repeated if an older copy was restored by other means, even if the object was deleted', async () => {
    const client = s3Client(moto.settings(BUCKET));
    const { VersionId } = await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: DECISIONS_OBJECT }));
    const { db, close } = await bare();
    await restoreInto(db);
    for (const undone of ['erasure', 'retention_hold']) await sql`delete from ${sql.table(undone)}`.execute(db);
    expect(await run(db)).toEqual({ repeated: 2 });
    expect(await stateOf(db)).toMatchObject({ erasures: [{ request }], holds: [{ id: hold }] });
    expect(await run(db)).toEqual({ repeated: 0 });
    expect(VersionId).toBeTruthy();
    client.destroy();
    await close();
  }, 300_000);
});
