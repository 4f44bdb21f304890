import { sql } from 'kysely';
import { type AttentionSource, lookBack } from '../../platform/attention.ts';
import type { Db } from '../../platform/database/schema.ts';
import { openComplaints } from './complaints.ts';

const nothing = sql`null::uuid`;

/** Attention items for records that people voided or dispute, and for people who may be enrolled twice. */
export const attendanceAttention = {
  void: {
    items: (now) => sql`
      select 'void' as kind, v.target::text as ref, v.at, v.reason as code, c.person, ${nothing} as other, c.device,
             null::real as score
      from checkin_void v join checkin c on c.id = v.target and c.device = v.device
      where v.reason in ('not-me', 'wrong-direction', 'not-right') and v.at > ${lookBack(now)}::timestamptz`,
    details: async (db, _keys, refs) =>
      recordTimes(db, sql`select c.id::text as ref, c.at from checkin c where c.id = any(${refs}::uuid[])`),
  },
  complaint: {
    items: () => sql`
      select 'complaint' as kind, k.id::text as ref, k.made_at as at, 'record-wrong' as code, c.person, ${nothing} as other,
             c.device, null::real as score
      from complaint k join checkin c on c.id = k.record`,
    async details(db, keys, refs) {
      const messages = await openComplaints(db, keys, refs);
      const times = await recordTimes(
        db,
        sql`select k.id::text as ref, c.at from complaint k join checkin c on c.id = k.record where k.id = any(${refs}::uuid[])`,
      );
      return new Map(refs.map((ref) => [ref, { ...times.get(ref), message: messages.get(ref) ?? null }]));
    },
  },
  duplicate: {
    items: () => sql`
      select 'duplicate' as kind, m.id::text as ref, m.found_at as at, m.reason as code, m.first as person, m.second as other,
             ${nothing} as device, m.score
      from merge_candidate m where m.status = 'open'`,
    decidedElsewhere: true,
  },
} satisfies Record<string, AttentionSource>;

async function recordTimes(db: Db, query: ReturnType<typeof sql>): Promise<Map<string, { recordAt: string }>> {
  const { rows } = await (query as ReturnType<typeof sql<{ ref: string; at: Date }>>).execute(db);
  return new Map(rows.map(({ ref, at }) => [ref, { recordAt: new Date(at).toISOString() }]));
}
