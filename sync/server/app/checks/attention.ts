import { sql } from 'kysely';
import type { AttentionSource } from '../../platform/attention.ts';

/** Replica of what is found of the whole installation, in the table. */
export const INSTALLATION = '*';
/** In a detail, the name of a replica that has none. */
export const NAMELESS = 'without a name';

const findingRef = sql`f.replica || '@' || f.code || '@' || (extract(epoch from f.since) * 1000)::bigint`;

/** What is wrong with the servers. What no server says any more, since the one that found it has ended, is no item. */
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
 * Which replicas a finding is about, as it is kept in the database: the one that found it of itself, or those that the others
 * miss or mistake. Empty: the whole installation, or a server alone; an empty name: one without a name.
 */
function replicasMeant(finding: { replica: string; code: string; detail: string | null }): string[] {
  const { replica, code, detail } = finding;
  if (replica !== INSTALLATION) return replica === '' ? [] : [replica];
  if (code !== 'replica-silent' && code !== 'replica-name-twice') return [];
  return (detail ?? '').split(', ').map((name) => (name === NAMELESS ? '' : name));
}
