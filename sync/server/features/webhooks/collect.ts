import { sql } from 'kysely';
import { logEpochOf } from '../../platform/audit/anchors.ts';
import { horizon } from '../../platform/database/feed.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { exists, upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';

const PAGE = 1000;

/**
 * Puts what has changed of the records since the last look into the queue of each receiver, and moves the cursor, in one
 * transaction: nothing is missed and nothing stands twice. Of a record that is queued already the newer change counts. A
 * database that was restored has another log: from then on, what changes is sent.
 *
 * @returns how many messages were queued, and whether there is more to look through
 */
export function collect(db: Db, log: string, now: Date): Promise<{ readonly queued: number; readonly more: boolean }> {
  return inTransaction(db, async (tx) => {
    // Before the rows: what commits in between is read now, and again next time (platform/database/feed.ts).
    const end = await horizon(tx);
    const cursor = await tx.selectFrom('webhook_cursor').selectAll().forUpdate().executeTakeFirst();
    if (cursor?.log !== log) {
      await moveTo(tx, log, end);
      return { queued: 0, more: false };
    }
    const since = Number(cursor.position);
    const { rows } = await sql<{ bound: number | string | null }>`
      select change as bound from checkin where change >= ${since} order by change offset ${PAGE} limit 1`.execute(tx);
    const bound = rows[0]?.bound ?? null;
    const { numAffectedRows } = await sql`
      insert into webhook_delivery (id, webhook, kind, subject, change, state, made_at, due_at)
      select gen_random_uuid(), w.id, 'attendance.record', c.id, c.change, 'due', ${now.toISOString()}::timestamptz,
             ${now.toISOString()}::timestamptz
      from checkin c left join site s on s.id = c.site
      join webhook w on w.enabled and w.records and (w.site is null or w.site = c.site
        or (c.site is null and exists (select from site d where d.id = w.site and d.is_default)))
      where c.change >= ${since} and (${bound}::bigint is null or c.change <= ${bound}::bigint)
      on conflict (webhook, kind, subject) where subject is not null do update
        set change = excluded.change, state = 'due', attempts = 0, due_at = excluded.due_at
        where webhook_delivery.change < excluded.change`.execute(tx);
    const next = bound === null ? end : Math.min(Number(bound) + 1, end);
    await moveTo(tx, log, next);
    return { queued: Number(numAffectedRows ?? 0), more: bound !== null && next < end };
  });
}

/** Before the first receiver is on: it is sent what changes from now on, not what nobody was waiting for. */
export async function startFromNow(tx: Tx): Promise<void> {
  if (!(await exists(tx, 'webhook', { enabled: true }))) await moveTo(tx, await logEpochOf(tx), await horizon(tx));
}

async function moveTo(tx: Tx, log: string, position: number): Promise<void> {
  await upsert(tx, 'webhook_cursor', 'one', { log, position });
}

/** Whether anything has to be searched or sent. Without a receiver there is nothing. */
export async function anythingToDo(db: Db, log: string, now: Date): Promise<boolean> {
  const { rows } = await sql<{ wanted: boolean }>`
    select exists (select from webhook where enabled) and (
      not exists (select from webhook_cursor where log = ${log}::uuid)
      or exists (select from checkin c, webhook_cursor k where c.change >= k.position)
      or exists (select from webhook_delivery d join webhook w on w.id = d.webhook
                 where d.state = 'due' and d.due_at <= ${now.toISOString()}::timestamptz and w.enabled
                   and (w.paused_until is null or w.paused_until <= ${now.toISOString()}::timestamptz))
    ) as wanted`.execute(db);
  return rows[0]!.wanted;
}
