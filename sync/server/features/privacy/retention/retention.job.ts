import { sql } from 'kysely';
import type { z } from 'zod';
import type * as api from '../../../../protocol/api/retention.ts';
import type { KioskPurge } from '../../../../protocol/api/retention.ts';
import { isHeld, releaseHold } from '../../../core/people/holds.ts';
import { sameAs } from '../../../core/people/living.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { codeOf } from '../../../platform/jobs/runner.ts';
import { withObjectStore } from '../../../platform/objects/store.ts';
import { OVERDUE_DAYS } from '../erasure/read.ts';
import { deviceCutoffs, findDue, PURGES, type Purge, type PurgeContext, removeDue } from './purges.ts';
import { daysOf, type Kind } from './rules.ts';
import type { RetentionSettings } from './settings.ts';

/** How late a kiosk's purge may be before it counts as overdue, ms. Kiosks purge once a day. */
const GRACE_MS = 2 * 86_400_000;

/**
 * Lists the purges that kiosks have reported in `purge` events, and which are overdue. Kiosks purge on their own, with or
 * without a network (POLICY P6: also after months offline).
 */
export async function kioskPurges(db: Db, settings: RetentionSettings, now: Date) {
  const due = new Map<string, string>();
  for (const [what, days] of [
    ['photos', 'photoDays'],
    ['gps', 'gpsDays'],
  ] as const)
    for (const { device, before } of await deviceCutoffs(db, settings, days, now)) due.set(`${what} ${device}`, before);
  type Purged = Omit<z.output<typeof KioskPurge>, 'lastHeardAt' | 'purgedBefore' | 'confirmedAt' | 'overdue'>;
  type Times = { registered: Date; lastHeardAt: Date | null; purgedBefore: Date | null; confirmedAt: Date | null };
  const { rows } = await sql<Purged & Times>`
    select d.id as device, d.name, d.status, d.registered_at as registered, d.last_heard_at as "lastHeardAt", w.what,
           p.before as "purgedBefore", p.at as "confirmedAt", coalesce(p.removed, 0)::int as removed
    from device d cross join (values ('photos'), ('gps')) w (what)
    left join (
      select device, header->'open'->>'what' as what, max((header->'open'->>'before')::timestamptz) as before,
             max(received_at) as at, sum((header->'open'->>'removed')::int) as removed
      from event where type = 'purge' group by 1, 2) p on p.device = d.id and p.what = w.what
    order by d.name, d.id, w.what`.execute(db);
  return rows.map(({ registered, ...purge }) => {
    // A new kiosk has no data from before its registration.
    const since = Math.max(purge.purgedBefore?.getTime() ?? 0, registered.getTime());
    const limit = Date.parse(due.get(`${purge.what} ${purge.device}`)!) - GRACE_MS;
    return { ...purge, overdue: purge.status === 'approved' && since < limit };
  });
}

export type RuleReport = z.output<typeof api.RuleReport>;

interface RunOptions {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onFailure?: (kind: Kind, cause: unknown) => void;
  readonly kinds?: readonly Kind[] | undefined;
}

/**
 * Removes what is due of each kind, batch by batch. Each batch is a transaction with its own row in the audit log. If one
 * kind fails, the others still run. Safe to run again, and safe to run concurrently.
 *
 * @param o `dryRun`: only counts, changes nothing; `onFailure`: receives the full error, of which the report has only the code
 */
export async function runRetention(context: PurgeContext, o: RunOptions = {}): Promise<RuleReport[]> {
  const reports: RuleReport[] = [];
  for (const purge of PURGES) {
    if (o.kinds && !o.kinds.includes(purge.kind)) continue;
    o.signal?.throwIfAborted();
    reports.push(await one(purge, context, o));
  }
  return reports;
}

/**
 * Counts what would be deleted if a hold were released. It releases the hold, counts, and rolls back to a savepoint.
 *
 * @throws Problem `hold-unknown`
 */
export async function previewRelease(
  tx: Tx,
  context: PurgeContext,
  hold: string,
): Promise<z.output<typeof api.dryRunRelease.answer>> {
  const sum = (rules: readonly RuleReport[]) => rules.reduce((n, { due }) => n + due, 0);
  const waiting = await sql<{ request: string; people: string[] }>`
    select e.request, array_agg(e.person) as people from erasure e join erasure_step s using (request)
    where s.code = 'legal-hold' and s.done_at is null group by e.request`.execute(tx);
  await sql`savepoint released`.execute(tx);
  const before = sum(await runRetention(context, { dryRun: true }));
  await releaseHold(tx, hold, 'preview', context.now);
  const due = sum(await runRetention(context, { dryRun: true })) - before;
  let erasures = 0;
  for (const { people } of waiting.rows) if (!(await isHeld(tx, await sameAs(tx, people)))) erasures += 1;
  await sql`rollback to savepoint released`.execute(tx);
  return { due, erasures };
}

async function one(purge: Purge, context: PurgeContext, o: RunOptions): Promise<RuleReport> {
  const days = daysOf(context.settings, purge.kind);
  let removed = 0;
  try {
    if (!o.dryRun && days !== null) {
      for (let n = 1; n > 0; removed += n) {
        o.signal?.throwIfAborted();
        n = await removeDue(purge, context);
      }
    }
    const found = await findDue(purge, context);
    return {
      kind: purge.kind,
      days,
      removed,
      due: days === null ? 0 : found.due,
      held: days === null ? 0 : found.held,
      oldest: found.oldest?.toISOString() ?? null,
      failed: null,
    };
  } catch (cause) {
    if (o.signal?.aborted) throw cause;
    o.onFailure?.(purge.kind, cause);
    return { kind: purge.kind, days, removed, due: 0, held: 0, oldest: null, failed: codeOf(cause) };
  }
}

/** Every hour, so that data isn't kept for up to a day after its period has ended. */
const EVERY_MS = 3_600_000;

/** Runs the retention rules. The report has, per kind, what was removed, what a hold keeps, and the oldest that is left. */
export const retentionJob: Job = {
  name: 'retention',
  everyMs: EVERY_MS,
  async run(context) {
    const rules = await withObjects(context, (purge) =>
      runRetention(purge, {
        signal: context.signal,
        onFailure: (kind, err) => context.log.error({ code: 'purge-failed', kind, err }, 'a purge failed'),
      }),
    );
    if (rules.some((r) => r.removed > 0)) context.notify('change');
    return { rules };
  },
};

/** Calls `work` with what a purge needs, including the object store if there is one. */
export const withObjects = <T>(
  { db, keys, config, now }: Pick<JobContext, 'db' | 'keys' | 'config' | 'now'>,
  work: (context: PurgeContext) => Promise<T>,
): Promise<T> =>
  withObjectStore(config.s3, (objects) => work({ db, keys, settings: config.retention, objects, now: now() }));

const DAY_MS = 86_400_000;

export const kioskWatchJob: Job = {
  name: 'kiosk-watch',
  everyMs: DAY_MS,
  async run({ db, config, now, log }) {
    const at = now();
    const { rows: erasures } = await sql<{ device: string; requests: number }>`
      select c.device, count(distinct coalesce(e.part_of, e.request))::int as requests
      from erasure_confirmation c join erasure e on e.request = c.request join device d on d.id = c.device
      where c.confirmed_at is null and d.status = 'approved'
        and e.closed_at < ${new Date(at.getTime() - OVERDUE_DAYS * DAY_MS).toISOString()}::timestamptz
      group by c.device order by c.device`.execute(db);
    for (const { device, requests } of erasures)
      log.warn(
        { code: 'erasure-overdue', device, count: requests },
        'a kiosk has not confirmed erasures: check whether it is on, or revoke it',
      );
    const purges = (await kioskPurges(db, config.retention, at)).filter((p) => p.overdue);
    for (const { device, what } of purges)
      log.warn(
        { code: 'purge-overdue', device, what },
        'a kiosk has not reported its own purge: check whether it is on',
      );
    return {
      kiosksOwingErasures: erasures.length,
      kiosksOwingPurges: new Set(purges.map((p) => p.device)).size,
    };
  },
};
