import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { z } from 'zod';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { repeatWithdrawal } from '../../core/consents/record.ts';
import { listHolds, repeatHold } from '../../core/people/holds.ts';
import { BY_THEMSELVES, changePerson } from '../../core/people/records.ts';
import { type Actor, SYSTEM } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { exists, find, findSorted, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Job, JobContext } from '../../platform/jobs/job.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { placeOf } from '../../platform/keys/gcm.ts';
import { DECISIONS_OBJECT } from '../../platform/objects/sealed/layout.ts';
import { deleteSuperseded, type ObjectStore, withObjectStore } from '../../platform/objects/store.ts';
import { requestErasure } from './erasure/request.ts';
import { ended } from './retention/purges.ts';

/**
 * Decisions about personal data that a restore must not undo: erasures that can still be undone or wait for a legal hold,
 * withdrawn consents, opt-outs from positions, and legal holds. A backup from before a decision lacks it, and has the
 * templates that were deleted because of it. So the decisions in force are kept beside the backups, as one encrypted object,
 * and repeated on a restored database. Erasures that are under way have their tombstones instead (erasure/tombstones.ts).
 */

const Instant = z.iso.datetime({ precision: 3 });
const MaybeInstant = Instant.nullable();

const Decisions = z.strictObject({
  v: z.literal(1),
  erasures: z.array(
    z.strictObject({
      request: z.uuid(),
      person: z.uuid(),
      origin: z.enum(['person', 'staff', 'operator', 'kiosk', 'retention', 'restore']),
      requestedAt: Instant,
      undoUntil: Instant,
    }),
  ),
  withdrawals: z.array(
    z.strictObject({
      event: z.uuid(),
      /** Every id of the person, the current one first. */
      people: z.array(z.uuid()).min(1),
      at: Instant,
      via: z.enum(['kiosk', 'staff', 'person', 'import']),
      by: z.uuid().nullable(),
    }),
  ),
  /** Every id of people whose positions are not recorded. */
  withoutPositions: z.array(z.uuid()),
  holds: z.array(
    z.strictObject({
      id: z.uuid(),
      person: z.uuid().nullable(),
      site: z.uuid().nullable(),
      from: MaybeInstant,
      until: MaybeInstant,
      reason: z.string(),
      setBy: z.string(),
      setAt: Instant,
    }),
  ),
});
type Decisions = z.infer<typeof Decisions>;

const PLACE = placeOf('decisions', 'all');
const DAY_MS = 86_400_000;

/** What this database knows of the object, under a key of `meta`, which a restore sets back with everything else. */
const META = 'decisions';
const Written = z.strictObject({
  version: z.string(),
  /** SHA-256 of the decisions, base64url. */
  digest: z.string(),
  /** What `stampOf` returned. */
  stamp: z.string(),
});

/** Returns the decisions in force, in a fixed order. */
async function readDecisions(tx: Tx, keys: Keys): Promise<Decisions> {
  const erasures = await findSorted(tx, 'erasure', { state: 'requested', part_of: null }, ['request']);
  const merged = await sql<{ id: string; merged_into: string }>`
    select id, merged_into from person where merged_into is not null and deleted_at is null order by id`.execute(tx);
  const others = Map.groupBy(merged.rows, (r) => r.merged_into);
  const namesOf = (person: string) => [person, ...(others.get(person) ?? []).map((r) => r.id)];
  const withdrawn = await sql<{ event: string; person: string; at: Date; via: 'kiosk'; recorded_by: string | null }>`
    select event, person, at, via, recorded_by from ${ended} c order by event`.execute(tx);
  const out = await sql<{ id: string }>`
    select id from person where gps_opt_out and deleted_at is null order by id`.execute(tx);
  const holds = await listHolds(tx, keys);
  const at = (time: Date | null) => time?.toISOString() ?? null;
  return {
    v: 1,
    erasures: erasures.map(({ request, person, origin, requested_at, undo_until }) => ({
      request,
      person,
      origin,
      requestedAt: requested_at.toISOString(),
      undoUntil: (undo_until ?? requested_at).toISOString(),
    })),
    withdrawals: withdrawn.rows.map(({ event, person, at, via, recorded_by }) => ({
      event,
      people: namesOf(person),
      at: at.toISOString(),
      via,
      by: recorded_by,
    })),
    withoutPositions: out.rows.flatMap((r) => namesOf(r.id)),
    holds: holds.map(({ id, person, site, from, until, reason, setBy, setAt }) => ({
      id,
      person,
      site,
      from: at(from),
      until: at(until),
      reason,
      setBy,
      setAt: setAt.toISOString(),
    })),
  };
}

/** Returns a text that differs after every decision and every hour, and can be read often. */
async function stampOf(db: Db, keys: Keys, now: Date): Promise<string> {
  const { rows } = await sql<{ stamp: string }>`
    select concat_ws(' ',
      (select count(*) || '/' || max(request::text) from erasure where state = 'requested' and part_of is null),
      (select max(received_at) from consent),
      (select count(*) || '/' || max(updated_at) from person where gps_opt_out),
      (select count(*) || '/' || max(id::text) from retention_hold where released_at is null)) as stamp`.execute(db);
  return `${now.toISOString().slice(0, 13)} ${keys.version} ${rows[0]!.stamp}`;
}

async function readWritten(db: Db): Promise<z.infer<typeof Written> | null> {
  const row = await find(db, 'meta', { key: META }, ['value']);
  return row ? Written.parse(JSON.parse(row.value)) : null;
}

/** Returns the newest version of the object, or null. Deleting it must not undo anything, so delete markers are ignored. */
export async function storedDecisions(store: ObjectStore): Promise<string | null> {
  for await (const { key, deleteMarker, versionId } of store.list(DECISIONS_OBJECT))
    if (key === DECISIONS_OBJECT && !deleteMarker) return versionId;
  return null;
}

type Context = Pick<JobContext, 'db' | 'keys' | 'now'> & { readonly actor: Actor };

/**
 * Repeats the stored decisions that this database lacks. Safe to repeat. Of several about one person the newest counts: a
 * consent given after the stored withdrawal stays in force.
 *
 * @param version of the object
 * @returns how many were repeated
 * @throws Problem `envelope-unknown-version` (stored under other environment keys), `envelope-broken`, `s3-…`
 */
export async function repeatDecisions(
  { db, keys, now, actor }: Context,
  store: ObjectStore,
  version: string,
): Promise<number> {
  const stored = Decisions.parse(keys.openJson(PLACE, await buffer(await store.get(DECISIONS_OBJECT, version))));
  const at = now();
  let repeated = 0;
  const repeat = async (people: readonly string[], work: (tx: Tx) => Promise<boolean>) =>
    inTransaction(db, async (tx) => {
      if (!(await work(tx))) return;
      repeated += 1;
      const entry = { actor, action: 'write', route: 'decisions repeated', data: ['person'], outcome: 'ok' } as const;
      await writeAudit(tx, keys, { ...entry, subjects: people }, at);
    });
  // Holds first, so that no erasure starts before them.
  for (const hold of stored.holds) await repeat(hold.person ? [hold.person] : [], (tx) => repeatHold(tx, keys, hold));
  for (const { event, people, ...withdrawal } of stored.withdrawals)
    for (const [i, person] of people.entries())
      await repeat([person], (tx) =>
        repeatWithdrawal(tx, keys, person, { ...withdrawal, event: i === 0 ? event : v7() }, at),
      );
  for (const person of stored.withoutPositions)
    await repeat([person], async (tx) => {
      const living = await exists(tx, 'person', { id: person, deleted_at: null, merged_into: null });
      return living && (await changePerson(tx, keys, person, { gpsOptOut: true }, BY_THEMSELVES, at)).length > 0;
    });
  for (const { request, person, origin, requestedAt, undoUntil } of stored.erasures) {
    if (await exists(db, 'erasure', { request })) continue;
    const undoDays = (Date.parse(undoUntil) - Date.parse(requestedAt)) / DAY_MS;
    const again = { request, person, origin, undoDays, requestedAt: new Date(requestedAt) };
    await repeat([person], async (tx) => (await requestErasure(tx, keys, again, at)).request === request);
  }
  return repeated;
}

/**
 * Stores the decisions in force, if they changed. Before that it repeats those of an object that this database knows nothing
 * of, because an older copy was restored by other means than ours.
 */
async function keepDecisions(context: JobContext, store: ObjectStore): Promise<{ repeated: number }> {
  const { db, keys, now } = context;
  const before = await readWritten(db);
  const newest = await storedDecisions(store);
  const repeated =
    newest !== null && newest !== before?.version
      ? await repeatDecisions({ ...context, actor: SYSTEM }, store, newest)
      : 0;
  // Read before the decisions: one that is made meanwhile is stored by the next run.
  const stamp = await stampOf(db, keys, now());
  const decisions = await inTransaction(db, (tx) => readDecisions(tx, keys));
  const digest = createHash('sha256').update(`${keys.version} `).update(canonicalBytes(decisions)).digest('base64url');
  let version = newest;
  if (newest === null || newest !== before?.version || digest !== before.digest) {
    ({ versionId: version } = await store.put(DECISIONS_OBJECT, keys.sealJson(PLACE, decisions)));
    // They name people who were erased since, and may be under previous keys of the environment.
    await deleteSuperseded(store, DECISIONS_OBJECT);
  }
  const value = JSON.stringify({ version, digest, stamp });
  await upsert(db, 'meta', 'key', { key: META, value }, { value });
  return { repeated };
}

/** Stores decisions within a minute, and finds out within an hour that this database lacks some. */
export const decisionsJob: Job = {
  name: 'decisions',
  everyMs: 60_000,
  needs: 'object-store',
  wanted: async ({ db, keys, now }) => (await readWritten(db))?.stamp !== (await stampOf(db, keys, now())),
  async run(context) {
    const kept = await withObjectStore(context.config.s3, (store) => keepDecisions(context, store!));
    if (kept.repeated > 0) {
      const fields = { code: 'decisions-repeated', count: kept.repeated };
      context.log.warn(fields, 'the database is older than some decisions of people or staff; they were repeated');
      context.notify('change');
    }
    return kept;
  },
};
