import { sql } from 'kysely';
import type { AttentionSource } from '../../platform/attention.ts';

/** Time that a receiver has to fail before it needs attention, ms. That is four attempts. */
const FAILING_MS = 10 * 60_000;

const failingRef = sql`w.id::text || '@' || (extract(epoch from w.failing_since) * 1000)::bigint`;

/** Receivers that keep failing, or were turned off after answering 410 (Gone), until a delivery succeeds or someone decides. */
export const webhookAttention: AttentionSource = {
  items: (now) => sql`
    select 'webhook' as kind, ${failingRef} as ref, w.failing_since as at,
           case when w.enabled then 'webhook-failing' else 'webhook-turned-off' end as code, null::uuid as person,
           null::uuid as other, null::uuid as device, null::real as score
    from webhook w
    where w.failing_since is not null
      and (not w.enabled or w.failing_since <= ${new Date(now.getTime() - FAILING_MS).toISOString()}::timestamptz)`,
  async details(db, _keys, refs) {
    const { rows } = await sql<{ ref: string; name: string }>`
      select ${failingRef} as ref, w.name from webhook w where ${failingRef} = any(${refs}::text[])`.execute(db);
    return new Map(rows.map(({ ref, name }) => [ref, { webhook: name }]));
  },
};
