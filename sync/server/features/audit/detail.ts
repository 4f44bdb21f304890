import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { findAffected } from './affected.ts';
import { type AuditView, searchAudit } from './search.ts';

/** One row, and who it was about. Null: there is no such row. */
export async function auditDetail(
  db: Db,
  keys: Keys,
  position: number,
): Promise<{ row: AuditView; people: string[]; unknown: number } | null> {
  const [row] = (await searchAudit(db, keys, { position }, { limit: 1 })).items;
  if (!row) return null;
  const { people, unknown } = await findAffected(db, keys, { position });
  return { row, people: people.map((p) => p.person), unknown };
}
