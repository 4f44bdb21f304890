import { sql } from 'kysely';
import { type AttentionSource, lookBack } from '../../platform/attention.ts';
import { GRACE_MS } from './rollout/rules.ts';

/** How long a newly approved kiosk may take until its first contact and report, ms. */
const FIRST_REPORT_MS = 15 * 60_000;

const nothing = sql`null::uuid`;

/** Attention items for kiosks with a problem and for rollouts that failed. */
export const fleetAttention = {
  // One item each time a rollout was stopped, or held by a restore. One per rollout if kiosks failed on a build that others keep.
  rollout: {
    items: (now) => sql`
      select 'rollout' as kind, r.id::text || '@' || (extract(epoch from a.at) * 1000)::bigint as ref, a.at,
             'rollout-' || r.state as code, ${nothing} as person, ${nothing} as other, ${nothing} as device,
             null::real as score
      from rollout r
      join lateral (select max(at) as at from rollout_action where rollout = r.id and what = r.state) a on a.at is not null
      where r.state in ('stopped', 'held')
      union all
      select 'rollout', r.id::text || '@back@' || (extract(epoch from max(p.at)) * 1000)::bigint, max(p.at),
             'rollout-went-back', ${nothing}, ${nothing}, case when count(*) = 1 then min(p.device::text)::uuid end,
             null::real
      from rollout r join rollout_device p on p.rollout = r.id
      where r.state in ('running', 'done') and p.at >= r.counting_since
        and (p.state = 'rolled-back'
          or (p.state = 'installing' and ${now.toISOString()}::timestamptz - p.at >
            make_interval(mins => r.trial_minutes) + ${`${GRACE_MS} milliseconds`}::interval))
      group by r.id`,
  },
  // An older build isn't the kiosk's own problem: rollouts show it. Each use of the emergency PIN is one item.
  kiosk: {
    items: (now) => sql`
      select 'kiosk' as kind, a.device::text || '@' || a.code || '@' || (extract(epoch from a.since) * 1000)::bigint as ref,
             a.since as at, a.code, ${nothing} as person, ${nothing} as other, a.device, null::real as score
      from kiosk_alert a join device d on d.id = a.device
      where a.ended_at is null and d.status = 'approved' and a.code not in ('old-version', 'emergency-pin-used')
        and (a.code not in ('never-heard', 'no-report')
          or a.since <= ${new Date(now.getTime() - FIRST_REPORT_MS).toISOString()}::timestamptz)
      union all
      select 'kiosk', e.id::text, e.at, 'emergency-pin-used', ${nothing}, ${nothing}, e.device, null::real
      from event e
      where e.type = 'staff' and e.header->'open'->>'by' = 'emergency' and e.header->'open'->>'what' = 'enter'
        and e.at > ${lookBack(now)}::timestamptz`,
  },
} satisfies Record<string, AttentionSource>;
