import { sql } from 'kysely';
import type { AttentionSource } from '../../platform/attention.ts';

/** Replica in the table for findings about the whole installation. */
export const INSTALLATION = '*';
/** Stands for a replica without a name in a detail. */
export const NAMELESS = 'without a name';

const findingRef = sql`f.replica || '@' || f.code || '@' || (extract(epoch from f.since) * 1000)::bigint`;

/** Items for findings about servers. A finding that no running server reports any more is not an item. */
export const serverAttention: AttentionSource = {
  items: () => sql`
    select 'server' as kind, ${findingRef} as ref, f.since as at, f.code, null::uuid as person, null::uuid as other,
           null::uuid as device, null::real as score
    from server_finding f where f.seen_at > now() - interval '2 minutes'`,
  async details(db, _keys, refs) {
    const { rows } = await sql<{ ref: string; replica: string; code: string; detail: string | null }>`
      select ${findingRef} as ref, f.replica, f.code, f.detail from server_finding f
      where ${findingRef} = any(${refs}::text[])`.execute(db);
    return new Map(rows.map((row) => [row.ref, { replicas: replicasMeant(row) }]));
  },
};

/**
 * Returns the replicas that a stored finding is about: the one that found it about itself, or those that are silent or share a
 * name. Empty: the whole installation, or a single server. An empty name is a replica without a name.
 */
function replicasMeant(finding: { replica: string; code: string; detail: string | null }): string[] {
  const { replica, code, detail } = finding;
  if (replica !== INSTALLATION) return replica === '' ? [] : [replica];
  if (code !== 'replica-silent' && code !== 'replica-name-twice') return [];
  return (detail ?? '').split(', ').map((name) => (name === NAMELESS ? '' : name));
}
