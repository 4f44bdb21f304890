import { v7 } from 'uuid';
import { findAll, insertNew } from '../database/rows.ts';
import type { Tx } from '../database/schema.ts';

/** Notifies every receiver of these people who were erased (GDPR Art. 19), of these pairs, or of these
 * uses of an emergency PIN. In the transaction that erases, marks or takes the event. */
export async function queueMessages(
  tx: Tx,
  kind: 'person.erased' | 'lookalikes.marked' | 'emergency-pin.used',
  subjects: readonly string[],
  now: Date,
): Promise<void> {
  const receivers = await findAll(tx, 'webhook', { enabled: true }, ['id']);
  const rows = receivers.flatMap(({ id: webhook }) => subjects.map((subject) => ({ webhook, subject })));
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
