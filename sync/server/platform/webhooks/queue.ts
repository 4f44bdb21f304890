import { v7 } from 'uuid';
import { findAll, insertNew } from '../database/rows.ts';
import type { Tx } from '../database/schema.ts';

/**
 * Notifies every receiver of these people who were erased (GDPR Art. 19), of these pairs, of these uses of an emergency PIN,
 * or of these items that need attention. In the transaction that erases, marks, takes the event or notices the item. Of an
 * erasure hears also who is sent records no more.
 *
 * @param reaches whether a receiver is sent this subject; absent: every one is
 */
export async function queueMessages(
  tx: Tx,
  kind: 'person.erased' | 'lookalikes.marked' | 'emergency-pin.used' | 'attention.opened' | 'attention.closed',
  subjects: readonly string[],
  now: Date,
  reaches: (receiver: { readonly site: string | null }, subject: string) => boolean = () => true,
): Promise<void> {
  const erased = kind === 'person.erased';
  const chosen = erased
    ? { had_records: true }
    : kind.startsWith('attention.')
      ? { attention: true }
      : { records: true };
  const receivers = await findAll(tx, 'webhook', { enabled: true, ...chosen }, ['id', 'site']);
  const rows = receivers.flatMap((receiver) =>
    subjects.filter((subject) => reaches(receiver, subject)).map((subject) => ({ webhook: receiver.id, subject })),
  );
  if (rows.length === 0) return;
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
      due_at: now,
      delivered_at: null,
      last_answer: null,
    })),
  );
}
