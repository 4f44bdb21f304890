import { sql } from 'kysely';
import { v7 } from 'uuid';
import { findAll, insertNew } from '../database/rows.ts';
import type { Row, Tx } from '../database/schema.ts';

type Receiver = Pick<Row<'webhook'>, 'id' | 'site' | 'topics' | 'quiet_from' | 'quiet_to' | 'enabled'>;

const waits = (now: Date) => sql`state = 'due' and due_at > ${now.toISOString()}::timestamptz`;

/**
 * Queues messages to receivers about erased people (GDPR Art. 19), marked pairs, uses of an emergency PIN, or items that need
 * attention, in the transaction that causes them. Erasures are also sent to receivers that no longer get records. A disabled
 * receiver gets erasures, and the closing of items whose opening it was sent, once it is enabled again.
 *
 * @param dueFor when a receiver is sent this subject; null: not at all. Default: now
 */
export async function queueMessages(
  tx: Tx,
  kind: 'person.erased' | 'lookalikes.marked' | 'emergency-pin.used' | 'attention.opened' | 'attention.closed',
  subjects: readonly string[],
  now: Date,
  dueFor: (receiver: Receiver, subject: string) => Date | null = () => now,
): Promise<void> {
  const closes = kind === 'attention.closed';
  const chosen =
    kind === 'person.erased'
      ? { had_records: true }
      : { ...(!closes && { enabled: true }), ...(!kind.startsWith('attention.') && { records: true }) };
  const receivers: Receiver[] = await findAll(tx, 'webhook', chosen, [
    'id',
    'site',
    'topics',
    'quiet_from',
    'quiet_to',
    'enabled',
  ]);
  const openings = closes
    ? await findAll(tx, 'webhook_delivery', { kind: 'attention.opened', subject: [...subjects] }, [
        'webhook',
        'subject',
      ])
    : [];
  const opened = new Set(openings.map(({ webhook, subject }) => `${webhook} ${subject}`));
  const rows = receivers.flatMap((receiver) =>
    subjects.flatMap((subject) => {
      if (closes && !receiver.enabled && !opened.has(`${receiver.id} ${subject}`)) return [];
      const due_at = dueFor(receiver, subject);
      return due_at ? [{ webhook: receiver.id, subject, due_at }] : [];
    }),
  );
  await insertNew(
    tx,
    'webhook_delivery',
    rows.map((r) => ({
      ...r,
      id: v7(),
      kind,
      change: 0,
      state: 'due' as const,
      attempts: 0,
      made_at: now,
      delivered_at: null,
      last_answer: null,
    })),
  );
}

/** Deletes messages held back about these items having opened. @returns `receiver item` for each */
export async function dropHeld(tx: Tx, items: readonly string[], now: Date): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ webhook: string; subject: string }>`
    delete from webhook_delivery where kind = 'attention.opened' and subject = any(${items}::uuid[])
      and attempts = 0 and ${waits(now)}
    returning webhook, subject`.execute(tx);
  return new Set(rows.map(({ webhook, subject }) => `${webhook} ${subject}`));
}

/** Changes when a receiver's messages are due that are held back or wait for a retry. */
export async function moveHeld(tx: Tx, webhook: string, dueAt: Date, now: Date): Promise<void> {
  await sql`update webhook_delivery set due_at = ${dueAt.toISOString()}::timestamptz
            where webhook = ${webhook} and kind in ('attention.opened', 'attention.closed') and ${waits(now)}`.execute(
    tx,
  );
}
