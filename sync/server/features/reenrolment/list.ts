import { type RawBuilder, sql } from 'kysely';
import { MAX_REENROLMENTS } from '../../../protocol/wire/changes.ts';
import { facesAllowed, policyIn, policyOf } from '../../core/sites/policy.ts';
import type { Db } from '../../platform/database/schema.ts';
import { DRIFT } from './scores.ts';

/** People that the kiosks of a site should re-enrol, and why. Sorted by person, so that equal lists are identical. */

/** Reasons by priority. If there are several, staff see the first. */
const REASONS = [
  'guardian-missing',
  'of-age',
  'lapsed',
  'embedder',
  'no-template',
  'score-falls',
  'face-old',
  'imported',
] as const;
type Reason = (typeof REASONS)[number];

export interface Reenrolment {
  readonly person: string;
  readonly reason: string;
}

/** Days before the end of a consent at which it appears in the attention queue. */
const SOON_DAYS = 30;

/** Default months after which a minor's face is re-enrolled. Children's faces change faster. */
const MINOR_MONTHS = 12;

const unused = sql`null::uuid as other, null::uuid as device`;

/**
 * Items of the attention queue for people who have to be re-enrolled, now or soon. In `items`, `scope` limits them to people
 * of one scope.
 */
export const reenrolmentAttention = {
  // Among several sites, the shortest interval applies. A minor's interval is never longer than everyone's.
  drift: {
    items: (now: Date, scope?: string) => sql`
    select 'drift' as kind, s.person::text || '@' || (extract(epoch from s.since) * 1000)::bigint as ref,
           s.updated_at as at, 'score-falls' as code, s.person, ${unused}, s.recent as score
    from person_score s
    where s.count >= ${DRIFT.count}::int and s.baseline - s.recent >= ${DRIFT.fall}::real and ${within('s', scope)}
      and exists (select from template t where t.person = s.person and t.model = s.model)
      and not exists (select from template t where t.person = s.person and t.model = s.model and t.added_at > s.since)
    union all
    select 'drift', f.person::text || '@old@' || (extract(epoch from f.at) * 1000)::bigint, f.ends, 'face-old', f.person,
           ${unused}, null::real
    from (
      select p.id as person, e.at, e.at + make_interval(months => m.months) as ends
      from person p
      left join person_minor minor on minor.person = p.id and minor.state <> 'of-age'
      join lateral (
        select min(least(
          (at_site.policy->>'faceMonths')::int,
          case when minor.person is not null
            then coalesce((at_site.policy->>'minorFaceMonths')::int, ${MINOR_MONTHS}::int) end)) as months
        from person_site s cross join lateral (select ${policyIn(sql`s.site`)} as policy) at_site
        where s.person = p.id) m on m.months is not null
      join lateral (
        select max(e.at) as at from (
          select t.added_at as at from template t where t.person = p.id
          union all select c.made_at from card_template c where c.person = p.id) e) e on e.at is not null
      where p.deleted_at is null and p.merged_into is null and ${within('p', scope, 'id')}
        and (minor.person is not null or (select exists (select from site_policy where policy->>'faceMonths' is not null)))) f
    where f.ends <= ${now.toISOString()}::timestamptz`,
  },
  // Uses the last statement of each person. Among several sites, the shortest period applies.
  consent: {
    items: (now: Date, scope?: string) => sql`
    select 'consent' as kind, c.event::text as ref, c.ends as at,
           case when c.ends <= ${now.toISOString()}::timestamptz then 'lapsed' else 'lapses-soon' end as code,
           c.person, ${unused}, null::real as score
    from (
      select c.event, c.person, c.at + make_interval(months => m.months) as ends
      from (
        select distinct on (c.person) * from consent c where ${within('c', scope)}
        order by c.person, c.at desc, c.action desc) c
      join person p on p.id = c.person and p.deleted_at is null and p.merged_into is null
      join lateral (
        select min((${policyIn(sql`s.site`)}->>'consentMonths')::int) as months
        from person_site s where s.person = c.person) m on m.months is not null
      where c.action = 'given') c
    where c.ends <= ${new Date(now.getTime() + SOON_DAYS * 86_400_000).toISOString()}::timestamptz`,
  },
  age: {
    items: (_now: Date, scope?: string) => sql`
    select 'age' as kind, m.person::text || '@' || m.row_version || m.state as ref, m.updated_at as at,
           case m.state when 'soon' then 'of-age-soon' else 'of-age' end as code, m.person, ${unused}, null::real as score
    from person_minor m where m.state <> 'minor' and ${within('m', scope)}
    union all
    select 'age', m.person::text || '@' || m.row_version || 'alone', m.alone_at, 'guardian-missing', m.person, ${unused},
           null::real
    from person_minor m where m.alone_at is not null and ${within('m', scope)}`,
  },
  embedder: {
    items: (_now: Date, scope?: string) => sql`
    select 'embedder' as kind, p.migration::text || '@' || p.person as ref, m.made_at as at, p.code, p.person, ${unused},
           null::real as score
    from model_migration_person p join model_migration m on m.id = p.migration
    where p.outcome = 'reenrol' and m.state in ('ready', 'switched', 'done') and ${within('p', scope)}
      and not exists (select from template t where t.person = p.person and t.model = m.to_model)
      and exists (select from person n where n.id = p.person and n.deleted_at is null)`,
  },
};

const within = (table: string, scope: string | undefined, column = 'person'): RawBuilder<unknown> =>
  scope === undefined
    ? sql`true`
    : sql`exists (select from person_site w where w.person = ${sql.ref(`${table}.${column}`)} and w.site = ${scope}::uuid)`;

/**
 * Lists the people of a scope who have to be re-enrolled. Empty if the scope doesn't use faces. Items that someone resolved in
 * the attention queue are left out.
 */
export async function reenrolments(db: Db, scope: string, now: Date): Promise<Reenrolment[]> {
  if (!(await facesAllowed(db, scope))) return [];
  const onCards = (await policyOf(db, scope)).templates === 'card';
  const each = Object.values(reenrolmentAttention).map(({ items }) => items(now, scope));
  const items = sql.join(each, sql` union all `);
  const { rows } = await sql<{ person: string; reason: Reason }>`
    with here as (
      select s.person from person_site s join person p on p.id = s.person
      where s.site = ${scope}::uuid and p.deleted_at is null and p.merged_into is null
        and not exists (select from erasure e where e.person = p.id and e.state in ('requested', 'closed'))),
    word as (
      select distinct on (c.person) c.person, c.action
      from consent c join here using (person) order by c.person, c.at desc, c.action desc)
    select i.person, case i.kind when 'embedder' then 'embedder' else i.code end as reason
    from (${items}) i join here using (person)
    where i.code not in ('lapses-soon', 'of-age-soon')
      and (i.code = 'guardian-missing'
        or not exists (select from attention_note n where n.kind = i.kind and n.ref = i.ref))
    union all
    select w.person, 'no-template' from word w
    where w.action = 'given'
      and not exists (select from ${sql.table(onCards ? 'card_template' : 'template')} t where t.person = w.person)
    union all
    select i.person, 'imported' from (
      select person from import_person
      union
      select f.person from import_photo f join import_run r on r.id = f.run
      where f.person is not null and r.state <> 'cancelled' and coalesce(f.code, '') not like 'refused-%') i
    join here using (person)
    where not exists (select from consent c where c.person = i.person)
      and not exists (select from template t where t.person = i.person)
      and not exists (select from card_template t where t.person = i.person)`.execute(db);
  const first = new Map<string, Reason>();
  for (const { person, reason } of rows) {
    const before = first.get(person);
    if (!before || REASONS.indexOf(reason) < REASONS.indexOf(before)) first.set(person, reason);
  }
  // If there are too many, priority decides, so that hundreds of new people don't hide anyone else.
  const rank = ({ reason }: { reason: Reason }) => REASONS.indexOf(reason);
  const byPerson = (a: Reenrolment, b: Reenrolment) => (a.person < b.person ? -1 : 1);
  return [...first]
    .map(([person, reason]) => ({ person, reason }))
    .sort((a, b) => rank(a) - rank(b) || byPerson(a, b))
    .slice(0, MAX_REENROLMENTS)
    .sort(byPerson);
}
