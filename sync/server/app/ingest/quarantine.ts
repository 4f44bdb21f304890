import type { z } from 'zod';
import type { QuarantineRetried, QuarantineRetry } from '../../../protocol/api/quarantine.ts';
import { ensurePartitions } from '../../features/attendance/partitions.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { camelCase, find, findLocked, remove, update } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { openRefused } from '../../platform/keys/personal.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';
import { liesInTheEvent } from './fault.ts';
import { checkinInstants } from './ingest.ts';
import { lockMark } from './marks.ts';
import { type TakeOptions, type Taking, take } from './take.ts';
import { triage } from './triage.ts';

type Entry = Awaited<ReturnType<typeof listQuarantine>>[number];

/** Selects entries. All of them if empty. */
export type QuarantineFilter = Readonly<z.output<typeof QuarantineRetry>>;

/** Returns entries after `after` in order of arrival. Their content stays encrypted. */
export async function listQuarantine(
  db: Db,
  filter: QuarantineFilter & { readonly after?: number | undefined; readonly limit?: number | undefined } = {},
) {
  const rows = await select(db, filter)
    .select(['id', 'device', 'epoch', 'seq', 'reason', 'not_retained', 'received_at', 'retried_at'])
    .where('id', '>', filter.after ?? 0)
    .orderBy('id')
    .limit(filter.limit ?? 1000)
    .execute();
  return rows.map((r) => ({ ...camelCase(r), id: Number(r.id), seq: Number(r.seq) }));
}

/** Returns the people that these entries name, where known. */
export async function peopleQuarantined(db: Db, filter: QuarantineFilter): Promise<string[]> {
  const rows = await select(db, filter).select('person').distinct().where('person', 'is not', null).execute();
  return peopleOf(rows);
}

/**
 * Retries quarantined events with the current code, each in its slot and exactly once: an event that is in the log by now, or
 * is stored there, is removed from quarantine in the same transaction. An event that still can't be stored stays, with the
 * current reason. Safe while an ingest or another retry is running.
 */
export async function retryQuarantine(
  services: Taking & { readonly db: Db },
  filter: QuarantineFilter,
  now: Date,
  options: Pick<TakeOptions, 'undoDays'> = {},
): Promise<z.output<typeof QuarantineRetried>> {
  const waiting: Record<string, number> = {};
  let taken = 0;
  for (let after = 0; ; ) {
    const page = await listQuarantine(services.db, { ...filter, after, limit: 200 });
    for (const entry of page) {
      const reason = await retryOne(services, entry, now, options);
      if (reason === null) taken += 1;
      else if (reason !== undefined) waiting[reason] = (waiting[reason] ?? 0) + 1;
    }
    const last = page.at(-1);
    if (!last) return { taken, waiting };
    after = last.id;
  }
}

/** @returns null if it is in the log now, the reason if it stays in quarantine, undefined if another caller was faster */
async function retryOne(
  services: Taking & { readonly db: Db },
  entry: Entry,
  now: Date,
  options: TakeOptions,
): Promise<string | null | undefined> {
  try {
    return await attempt(services, entry, now, options);
  } catch (cause) {
    if (!liesInTheEvent(cause)) throw cause;
    const reason = 'event-not-storable';
    await update(services.db, 'quarantine', { id: entry.id }, { reason, retried_at: now });
    return reason;
  }
}

async function attempt(
  services: Taking & { readonly db: Db },
  { id, device, epoch, seq }: Entry,
  now: Date,
  options: TakeOptions,
): Promise<string | null | undefined> {
  const { db, keys } = services;
  const held = await find(db, 'quarantine', { id }, ['digest', 'content', 'person']);
  // No content is left to store: its person was erased, or it was too old.
  if (!held?.content) return undefined;
  const { digest, person, content } = held;
  const box = await personBox(db, keys, person === null ? [] : [person]);
  const raw = openRefused(keys, box, { digest, person, content });
  const range = { iss: device, epoch, first: seq, last: seq };
  const sorted = triage(range, [raw]);
  await ensurePartitions(db, checkinInstants(sorted, now), now);
  return inTransaction(db, async (tx) => {
    // The lock of the epoch first, as in an ingest. It protects the slots of the epoch.
    await lockMark(tx, device, epoch, now);
    const still = await findLocked(tx, 'quarantine', { id }, ['content']);
    if (!still?.content) return undefined;
    const { errors } = await take(tx, services, range, sorted, now, { ...options, heard: false });
    const [error] = errors;
    if (error) {
      await update(tx, 'quarantine', { id }, { reason: error.reason, retried_at: now });
      return error.reason;
    }
    await remove(tx, 'quarantine', { id });
    return null;
  });
}

function select(db: Db, { device, reason, id }: QuarantineFilter) {
  let query = db.selectFrom('quarantine');
  if (device !== undefined) query = query.where('device', '=', device);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  if (id !== undefined) query = query.where('id', '=', id);
  return query;
}
