import { sql } from 'kysely';
import { horizon } from '../../platform/database/feed.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { update } from '../../platform/database/rows.ts';
import type { Db, Row } from '../../platform/database/schema.ts';

const PAGE = 1000;

/**
 * Queues the records that changed since the last run for each enabled receiver, and moves its position in the same
 * transaction, so that nothing is missed or queued twice. If a record is queued already, its newer change counts. A receiver
 * that was disabled continues where it was. A restored database has another log: only later changes are sent.
 *
 * @returns the number of messages queued, and whether there are more changes to read
 */
export function collect(db: Db, log: string, now: Date): Promise<{ readonly queued: number; readonly more: boolean }> {
  return inTransaction(db, async (tx) => {
    // Read before the rows, so that what commits in between is read now and again next time (platform/database/feed.ts).
    const end = await horizon(tx);
    const receivers = await tx
      .selectFrom('webhook')
      .select(['id', 'log', 'position'])
      .where('enabled', '=', true)
      .orderBy('id')
      .forNoKeyUpdate()
      .execute();
    let queued = 0;
    let more = false;
    for (const receiver of receivers) {
      const found = receiver.log === log ? await queueRecords(tx, receiver, now) : { queued: 0, bound: null };
      const next = found.bound === null ? end : Math.min(found.bound + 1, end);
      await update(tx, 'webhook', { id: receiver.id }, { log, position: next });
      queued += found.queued;
      more ||= next < end;
    }
    return { queued, more };
  });
}

/** Queues one page of changes. @returns `bound`: last change of the page; null if there are no more pages */
async function queueRecords(
  tx: Db,
  { id, position }: Pick<Row<'webhook'>, 'id' | 'position'>,
  now: Date,
): Promise<{ readonly queued: number; readonly bound: number | null }> {
  const since = Number(position);
  const { rows } = await sql<{ bound: number | string }>`
    select change as bound from checkin where change >= ${since} order by change offset ${PAGE} limit 1`.execute(tx);
  const bound = rows[0] ? Number(rows[0].bound) : null;
  const { numAffectedRows } = await sql`
    insert into webhook_delivery (id, webhook, kind, subject, change, state, made_at, due_at)
    select gen_random_uuid(), w.id, 'attendance.record', c.id, c.change, 'due', ${now.toISOString()}::timestamptz,
           ${now.toISOString()}::timestamptz
    from checkin c
    join webhook w on w.id = ${id} and w.records and (w.site is null or w.site = c.site
      or (c.site is null and exists (select from site d where d.id = w.site and d.is_default)))
    where c.change >= ${since} and (${bound}::bigint is null or c.change <= ${bound}::bigint)
    on conflict (webhook, kind, subject) where subject is not null do update
      set change = excluded.change, state = 'due', attempts = 0, due_at = excluded.due_at
      where webhook_delivery.change < excluded.change`.execute(tx);
  return { queued: Number(numAffectedRows ?? 0), bound };
}

/** Whether an enabled receiver has new changes or due messages. */
export async function anythingToDo(db: Db, log: string, now: Date): Promise<boolean> {
  const at = now.toISOString();
  const { rows } = await sql<{ wanted: boolean }>`
    select exists (select from webhook w where w.enabled and (
      w.log <> ${log}::uuid
      or exists (select from checkin c where c.change >= w.position)
      or ((w.paused_until is null or w.paused_until <= ${at}::timestamptz) and exists (
        select from webhook_delivery d where d.webhook = w.id and d.state = 'due' and d.due_at <= ${at}::timestamptz))
    )) as wanted`.execute(db);
  return rows[0]!.wanted;
}
