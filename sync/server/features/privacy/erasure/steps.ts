import { sql } from 'kysely';
import { sameAs } from '../../../core/people/group.ts';
import { isHeld } from '../../../core/people/holds.ts';
import { lockToErase } from '../../../core/people/people.ts';
import { sweepPhotoObjects } from '../../../core/photos/objects.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import type { AuditEntry } from '../../../platform/audit/entry.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { appendChanges } from '../../../platform/changes/log.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { atLeast, exists, findAll, findLocked, remove, update } from '../../../platform/database/rows.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { JobContext } from '../../../platform/jobs/job.ts';
import { writeTombstone } from '../../../platform/objects/sealed/tombstones.ts';
import type { ObjectStore } from '../../../platform/objects/store.ts';
import { type Erasing, type ServerModule, tablesOf } from '../../../platform/server-module.ts';
import { queueMessages } from '../../../platform/webhooks/queue.ts';
import { certify } from './certificate.ts';
import { lastKeyCopy } from './copies.ts';
import { eraseOnKiosks } from './kiosks.ts';
import { partWithWal, scrubKeys } from './scrub.ts';
import { writeTombstoneFile } from './tombstones.ts';
import { unlinkPeople } from './unlink.ts';

/** What a step has to do with. */
export interface StepContext extends JobContext {
  /** Null: this server has no object store. */
  readonly objects: ObjectStore | null;
  readonly request: string;
  /** Every name of the person. */
  readonly people: readonly string[];
  readonly requestedAt: Date;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** What the steps before have left. */
  readonly detail: (step: StepName) => Readonly<Record<string, unknown>> | null;
}

/** How a step ended. `waits`: for something that time or someone else brings; it is looked at again after `forMs`. */
export type StepEnd =
  | { readonly done: Readonly<Record<string, unknown>> }
  | { readonly waits: string; readonly forMs: number };

export interface Step {
  readonly name: StepName;
  /** Safe to run again, whole or after it was broken off anywhere. */
  run(context: StepContext): Promise<StepEnd>;
}

export type StepName =
  | 'tombstone'
  | 'close'
  | 'unlink'
  | 'objects'
  | 'scrub'
  | 'kiosks'
  | 'wal'
  | 'copies'
  | 'certificate';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How often the write-ahead log is looked at, and how many times: then the certificate says how it stands. */
const WAL_EVERY_MS = 5 * MINUTE_MS;
const WAL_CHECKS = 48;

/** In this order; a step starts when those before it are done. */
export const STEPS: readonly Step[] = [
  {
    // First of all: from here on no restore brings the person back.
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
        // Once the key is destroyed there is nothing that a hold could keep, and nobody is merged any more.
        const code = state === 'requested' ? await whyOutdated(tx, names, tombstone) : null;
        if (code !== null) {
          await update(tx, 'erasure_step', { request, step: 'tombstone' }, { done_at: null, code });
          return code;
        }
        // First, while the person has sites: kiosks of these are to confirm.
        const newChanges = await eraseOnKiosks(tx, person, { request, origin }, at);
        await eraseTables({ tx, keys, people: names, now: at }, modules);
        await appendChanges(tx, newChanges, at);
        await queueMessages(tx, 'person.erased', people, at);
        // The log takes no row twice, and is long: it is only searched where this step may have run before.
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
      // A confirmation has it looked at once (kiosks.ts); a kiosk that was revoked meanwhile, within this.
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

/** What each table's rule says is to become of rows of these people, who are locked. Safe to run again. */
export async function eraseTables(o: Omit<Erasing, 'table'>, modules: readonly ServerModule[]): Promise<void> {
  for (const [table, rule] of tablesOf(modules))
    if ('erased' in rule && typeof rule.erased === 'function') await rule.erased({ ...o, table });
}

/**
 * Why the tombstone has to be written once more; null: it holds. Names are only ever added: it has to have all of them, or a
 * restore would bring back the person under the one that it lacks.
 */
async function whyOutdated(
  tx: Tx,
  people: readonly string[],
  tombstone: Readonly<Record<string, unknown>> | null,
): Promise<'legal-hold' | 'merged-since' | null> {
  if (await wasHeldSince(tx, people, tombstone?.noHoldAt)) return 'legal-hold';
  return tombstone && tombstone.names !== people.length ? 'merged-since' : null;
}

/**
 * Whether a hold names them, or did at any time since the tombstone. Then its step is done once more: a backup from the time
 * of the hold has the hold, and a restore has to see that it ended before the tombstone (features/backup/repeat-erasures.ts).
 */
async function wasHeldSince(tx: Tx, people: readonly string[], noHoldAt: unknown): Promise<boolean> {
  if (await isHeld(tx, people)) return true;
  if (typeof noHoldAt !== 'string') return false;
  return exists(tx, 'retention_hold', { person: people, set_at: atLeast(new Date(noHoldAt)) });
}

/** The row of the audit log that says that a person was erased. */
const closed = (request: string): AuditEntry => ({
  actor: SYSTEM,
  action: 'delete',
  route: 'erasure',
  resource: request,
  data: ['person', 'template', 'photo', 'checkin.gps'],
  // Their key is gone, and with it what could name them here.
  subjects: [],
  count: 1,
  outcome: 'ok',
});

function isAudited(tx: Tx, request: string): Promise<boolean> {
  const { route, resource } = closed(request);
  return exists(tx, 'audit', { resource: resource!, route });
}

/** Every name of the person of a request: as its parts have them, and as merges say before there are parts. */
export async function namesOfRequest(db: JobContext['db'], request: string, person: string): Promise<string[]> {
  const parts = await findAll(db, 'erasure', { part_of: request }, ['person']);
  return sameAs(db, [person, ...parts.map((p) => p.person)]);
}

/**
 * Photos of the person, with all their pieces, and every version of their objects: nothing opens them any more, and they go
 * all the same. The objects first, while the rows still say whose they are; what an upload puts there meanwhile is swept.
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
