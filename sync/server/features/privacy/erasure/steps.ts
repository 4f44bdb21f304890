import { sql } from 'kysely';
import { isHeld } from '../../../core/people/holds.ts';
import { sameAs } from '../../../core/people/living.ts';
import { lockToErase } from '../../../core/people/people.ts';
import { sweepPhotoObjects } from '../../../core/photos/objects.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import type { AuditEntry } from '../../../platform/audit/entry.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { appendChanges } from '../../../platform/changes/log.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { atLeast, exists, findAll, findLocked, remove, update, upsert } from '../../../platform/database/rows.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { codeOf } from '../../../platform/jobs/runner.ts';
import { writeTombstone } from '../../../platform/objects/sealed/tombstones.ts';
import { type ObjectStore, withObjectStore } from '../../../platform/objects/store.ts';
import { type Erasing, type ServerModule, tablesOf } from '../../../platform/server-module.ts';
import { queueMessages } from '../../../platform/webhooks/queue.ts';
import { certify, lastKeyCopy } from './certificate.ts';
import { eraseOnKiosks } from './request.ts';
import { partWithWal, scrubKeys } from './scrub.ts';
import { writeTombstoneFile } from './tombstones.ts';
import { unlinkPeople } from './unlink.ts';

export interface StepContext extends JobContext {
  /** Null if this server has no object store. */
  readonly objects: ObjectStore | null;
  readonly request: string;
  readonly people: readonly string[];
  readonly requestedAt: Date;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** Results of the earlier steps. */
  readonly detail: (step: StepName) => Readonly<Record<string, unknown>> | null;
}

/** The outcome of a step. `waits`: code of what it waits for; it is tried again after `forMs`. */
export type StepEnd =
  | { readonly done: Readonly<Record<string, unknown>> }
  | { readonly waits: string; readonly forMs: number };

export interface Step {
  readonly name: StepName;
  /** Safe to run again, also after it was interrupted at any point. */
  run(context: StepContext): Promise<StepEnd>;
}

type StepName = 'tombstone' | 'close' | 'unlink' | 'objects' | 'scrub' | 'kiosks' | 'wal' | 'copies' | 'certificate';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How often the write-ahead log is checked, and how many times. After that the certificate reports its state as it is. */
const WAL_EVERY_MS = 5 * MINUTE_MS;
const WAL_CHECKS = 48;

/** The steps in order. Each starts when those before it are done. */
export const STEPS: readonly Step[] = [
  {
    // First, because from here on no restore brings the person back.
    name: 'tombstone',
    async run({ db, keys, config, objects, request, people, requestedAt, now }) {
      const noHoldAt = now();
      if (await isHeld(db, people)) return { waits: 'legal-hold', forMs: HOUR_MS };
      if (objects) {
        await writeTombstone(objects, keys, { request, people, requestedAt, noHoldAt });
        return { done: { where: 'object store', names: people.length, noHoldAt: noHoldAt.toISOString() } };
      }
      writeTombstoneFile(config.home, {
        v: 1,
        request,
        people: [...people],
        requestedAt: requestedAt.toISOString(),
        noHoldAt: noHoldAt.toISOString(),
      });
      return { done: { where: 'server home', names: people.length, noHoldAt: noHoldAt.toISOString() } };
    },
  },
  {
    name: 'close',
    async run({ db, keys, modules, request, people, now, notify, detail }) {
      const at = now();
      const tombstone = detail('tombstone');
      const outdated = await inTransaction(db, async (tx) => {
        const { state, person, origin } = (await findLocked(tx, 'erasure', { request }))!;
        const names = await lockToErase(tx, people);
        // Once the key is destroyed, a hold has nothing left to keep, and the person can't be merged any more.
        const code = state === 'requested' ? await whyOutdated(tx, names, tombstone) : null;
        if (code !== null) {
          await update(tx, 'erasure_step', { request, step: 'tombstone' }, { done_at: null, code });
          return code;
        }
        // Before the tables are erased, because the kiosks that have to confirm are those of the person's sites.
        const newChanges = await eraseOnKiosks(tx, person, { request, origin }, at);
        await eraseTables({ tx, keys, people: names, now: at }, modules);
        await appendChanges(tx, newChanges, at);
        await queueMessages(tx, 'person.erased', people, at);
        // Writes the audit row only once. The log is long, so it is searched only if this step may have run before.
        if (state === 'requested' || !(await isAudited(tx, request))) await writeAudit(tx, keys, closed(request), at);
        return null;
      });
      if (outdated !== null) return { waits: outdated, forMs: 0 };
      notify('change');
      notify('board');
      return { done: { names: people.length } };
    },
  },
  {
    name: 'unlink',
    async run({ db, people, signal, notify }) {
      const unlinked = await unlinkPeople(db, people, signal);
      notify('board');
      return { done: { ...unlinked } };
    },
  },
  { name: 'objects', run: erasePhotosOf },
  {
    name: 'scrub',
    async run({ db }) {
      const { position } = await scrubKeys(db);
      return { done: { position } };
    },
  },
  {
    name: 'kiosks',
    async run({ db, request }) {
      const { rows } = await sql<{ open: number; confirmed: number; lost: number }>`
        select count(*) filter (where c.confirmed_at is null and d.status <> 'revoked')::int as open,
               count(*) filter (where c.confirmed_at is not null)::int as confirmed,
               count(*) filter (where c.confirmed_at is null and d.status = 'revoked')::int as lost
        from erasure e join erasure_confirmation c on c.request = e.request join device d on d.id = c.device
        where e.request = ${request}::uuid or e.part_of = ${request}::uuid`.execute(db);
      const { open, confirmed, lost } = rows[0]!;
      // A confirmation makes this step due at once (request.ts). A kiosk revoked meanwhile is noticed within the hour.
      if (open > 0) return { waits: 'kiosks-open', forMs: HOUR_MS };
      return { done: { confirmed, canNotConfirm: lost } };
    },
  },
  {
    name: 'wal',
    async run({ db, detail, attempt }) {
      const { state, archived } = await partWithWal(db, String(detail('scrub')?.position));
      if (state === 'needed' && attempt < WAL_CHECKS) return { waits: 'database-log-needed', forMs: WAL_EVERY_MS };
      return { done: { state, archived } };
    },
  },
  { name: 'copies', run: lastKeyCopy },
  { name: 'certificate', run: certify },
];

/** Applies each table's erasure rule to the rows of these people. The caller has locked them. Safe to run again. */
export async function eraseTables(o: Omit<Erasing, 'table'>, modules: readonly ServerModule[]): Promise<void> {
  for (const [table, rule] of tablesOf(modules))
    if ('erased' in rule && typeof rule.erased === 'function') await rule.erased({ ...o, table });
}

/**
 * Returns why the tombstone has to be written again. Null if it is still valid. It must contain every id of the person (ids
 * are only ever added), or a restore would bring the person back under a missing one.
 */
async function whyOutdated(
  tx: Tx,
  people: readonly string[],
  tombstone: Readonly<Record<string, unknown>> | null,
): Promise<'legal-hold' | 'merged-since' | null> {
  // This includes holds that were released since. A backup from that time contains the hold, and a restore must see that it
  // ended before the tombstone (features/backup/repeat-erasures.ts).
  const since = typeof tombstone?.noHoldAt === 'string' ? atLeast(new Date(tombstone.noHoldAt)) : null;
  const wasHeld = since !== null && (await exists(tx, 'retention_hold', { person: people, set_at: since }));
  if (wasHeld || (await isHeld(tx, people))) return 'legal-hold';
  return tombstone && tombstone.names !== people.length ? 'merged-since' : null;
}

/** The audit row for the erasure of a person. */
const closed = (request: string): AuditEntry => ({
  actor: SYSTEM,
  action: 'delete',
  route: 'erasure',
  resource: request,
  data: ['person', 'template', 'photo', 'gps'],
  // Empty, because the person's key is destroyed and nothing can name them here any more.
  subjects: [],
  count: 1,
  outcome: 'ok',
});

function isAudited(tx: Tx, request: string): Promise<boolean> {
  const { route, resource } = closed(request);
  return exists(tx, 'audit', { resource: resource!, route });
}

/** Returns every id of the person of a request: those of its parts, and those of merges, as before there are parts. */
export async function namesOfRequest(db: JobContext['db'], request: string, person: string): Promise<string[]> {
  const parts = await findAll(db, 'erasure', { part_of: request }, ['person']);
  return sameAs(db, [person, ...parts.map((p) => p.person)]);
}

/**
 * Deletes the person's photos with all their pieces, and every version of their objects, although nothing can decrypt them
 * any more. Objects go first, while the rows still say whose they are. The sweep deletes what is uploaded meanwhile.
 */
async function erasePhotosOf({ db, objects, people, signal }: StepContext): Promise<StepEnd> {
  let versions = 0;
  if (objects) {
    const theirs = await db
      .selectFrom('photo_object as o')
      .innerJoin('photo as p', (join) => join.onRef('p.device', '=', 'o.device').onRef('p.address', '=', 'o.address'))
      .select('o.object')
      .where('p.person', 'in', people)
      .execute();
    for (const { object } of theirs) {
      signal.throwIfAborted();
      versions += (await objects.deleteEveryVersion(object)).versions;
    }
  }
  const photos = await remove(db, 'photo', { person: people });
  if (objects) await sweepPhotoObjects(db, objects, signal);
  return { done: { photos, versions } };
}

/** Pause after a failed step, ms. It doubles with each failure, up to `LONGEST_MS`. */
const RETRY_MS = 60_000;
const LONGEST_MS = 6 * 3_600_000;

export type SagaReport = {
  readonly steps: number;
  readonly completed: number;
  /** Number of waiting requests, by the code of what they wait for. */
  readonly waiting: Readonly<Record<string, number>>;
};

/** Whether a request has a step that is due. Called often, so it has to be cheap. */
export async function isErasureDue(db: JobContext['db'], now: Date): Promise<boolean> {
  return (await dueRequests(db, now, 1)).length > 0;
}

function dueRequests(db: JobContext['db'], now: Date, limit: number) {
  return db
    .selectFrom('erasure as e')
    .select(['e.request', 'e.person', 'e.requested_at'])
    .where('e.part_of', 'is', null)
    .where((w) =>
      w.or([w('e.state', '=', 'closed'), w.and([w('e.state', '=', 'requested'), w('e.undo_until', '<=', now)])]),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('erasure_step as s')
            .select('s.request')
            .whereRef('s.request', '=', 'e.request')
            .where('s.next_at', '>', now),
        ),
      ),
    )
    .orderBy('e.requested_at')
    .orderBy('e.request')
    .limit(limit)
    .execute();
}

/**
 * Continues every erasure that is due from its first open step, as far as it gets. If the process dies at any point, the
 * next one repeats that step, which is safe. A step that fails or waits is tried again later and doesn't hold up other
 * requests.
 */
export async function runErasures(context: JobContext): Promise<SagaReport> {
  let steps = 0;
  let completed = 0;
  const waiting: Record<string, number> = {};
  await withObjectStore(context.config.s3, async (objects) => {
    for (const row of await dueRequests(context.db, context.now(), 1000)) {
      context.signal.throwIfAborted();
      const { request, person, requested_at: requestedAt } = row;
      const end = await carryOn({ ...context, objects, request, requestedAt }, person);
      steps += end.steps;
      if (end.waits === null) completed += 1;
      else waiting[end.waits] = (waiting[end.waits] ?? 0) + 1;
    }
  });
  return { steps, completed, waiting };
}

async function carryOn(
  erasure: Omit<StepContext, 'people' | 'attempt' | 'detail'>,
  person: string,
): Promise<{ steps: number; waits: string | null }> {
  const { db, now, log, signal } = erasure;
  const rows = await findAll(db, 'erasure_step', { request: erasure.request });
  const known = new Map(rows.map((r) => [r.step as StepName, r]));
  const details = new Map(rows.map((r) => [r.step as StepName, r.detail as Record<string, unknown> | null]));
  let steps = 0;
  for (const step of STEPS) {
    if (known.get(step.name)?.done_at) continue;
    signal.throwIfAborted();
    const attempts = (known.get(step.name)?.attempts ?? 0) + 1;
    const put = (values: { code: string | null; next_at: Date | null; done_at: Date | null; detail?: string }) => {
      const row = { request: erasure.request, step: step.name, attempts, ...values };
      return upsert(db, 'erasure_step', ['request', 'step'], { detail: null, ...row }, { attempts, ...values });
    };
    try {
      const end = await step.run({
        ...erasure,
        // Read again at each step, since the person may have been merged with another meanwhile.
        people: await namesOfRequest(db, erasure.request, person),
        attempt: attempts,
        detail: (name) => details.get(name) ?? null,
      });
      if ('waits' in end) {
        await put({ code: end.waits, next_at: new Date(now().getTime() + end.forMs), done_at: null });
        return { steps, waits: end.waits };
      }
      details.set(step.name, end.done);
      await put({ code: null, next_at: null, done_at: now(), detail: JSON.stringify(end.done) });
      steps += 1;
    } catch (cause) {
      if (signal.aborted) throw cause;
      const code = codeOf(cause);
      const pause = Math.min(RETRY_MS * 2 ** (attempts - 1), LONGEST_MS);
      log.error({ code, request: erasure.request, step: step.name, err: cause }, 'a step of an erasure failed');
      await put({ code, next_at: new Date(now().getTime() + pause), done_at: null });
      return { steps, waits: code };
    }
  }
  return { steps, waits: null };
}

/** Continues erasures as soon as a step is due. */
export const erasureJob: Job = {
  name: 'erasure',
  everyMs: 5_000,
  wanted: ({ db, now }) => isErasureDue(db, now()),
  run: runErasures,
};
