import type { Transaction } from 'kysely';
import { OPERATOR } from '../../platform/audit/actor.ts';
import type { AuditEntry } from '../../platform/audit/entry.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import type { Tables } from '../../platform/database/schema.ts';
import type { OperatorContext } from './operation.ts';

type Row = Pick<AuditEntry, 'action' | 'route' | 'data'> & { readonly resource?: string | null };

/** What is known of the row only once the work is done. */
interface AuditDetail {
  readonly resource?: string | null;
  /** Who it was about. */
  readonly subjects?: readonly string[];
}

/**
 * Does what an operator asked for, or shows it, with its row of the audit log in the same transaction.
 *
 * @param work gets the transaction, and the instant that the row bears
 * @param auditDetail what the result adds to the row
 */
export function audited<T>(
  { db, keys, now }: Pick<OperatorContext, 'db' | 'keys' | 'now'>,
  row: Row,
  work: (tx: Transaction<Tables>, at: Date) => Promise<T>,
  auditDetail: (result: T) => AuditDetail = () => ({}),
): Promise<T> {
  return inTransaction(db, async (tx) => {
    const at = now();
    const result = await work(tx, at);
    const entry = { actor: OPERATOR, subjects: [], outcome: 'ok', ...row, ...auditDetail(result) };
    await writeAudit(tx, keys, entry, at);
    return result;
  });
}
