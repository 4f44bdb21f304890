import { sql } from 'kysely';
import { MAX_REENROLMENTS } from '../../../../protocol/wire/changes.ts';
import { facesAllowed } from '../../../core/sites/faces.ts';
import { policyOf } from '../../../core/sites/policy.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { DRIFT } from '../drift/rules.ts';

/** Who the kiosks of a site are to enrol again, and why. By person: a list of the same people is the same list. */

/** In the order in which they count: of several reasons staff sees the first. */
const REASONS = ['guardian-missing', 'of-age', 'lapsed', 'embedder', 'no-template', 'score-falls', 'imported'] as const;
type Reason = (typeof REASONS)[number];

export interface Reenrolment {
  readonly person: string;
  readonly reason: string;
}

/**
 * Everybody of a scope who is to be enrolled again; nobody where no face is used. What someone in charge has put aside
 * in the attention queue is left out.
 */
export async function reenrolments(db: Db, scope: string, now: Date): Promise<Reenrolment[]> {
  if (!(await facesAllowed(db, scope))) return [];
  const onCards = (await policyOf(db, scope)).templates === 'card';
  const at = now.toISOString();
  const noted = (kind: string, ref: ReturnType<typeof sql>) =>
    sql`exists (select from attention_note n where n.kind = ${kind} and n.ref = ${ref})`;
  const { rows } = await sql<{ person: string; reason: Reason }>`
    with here as (
      select s.person from person_site s join person p on p.id = s.person
      where s.site = ${scope}::uuid and p.deleted_at is null and p.merged_into is null
        and not exists (select from erasure e where e.person = p.id and e.state in ('requested', 'closed'))),
    word as (
      select distinct on (c.person) c.person, c.action, c.at, c.event
      from consent c join here using (person) order by c.person, c.at desc, c.action desc)
    select person, 'guardian-missing' as reason from person_minor join here using (person) where alone_at is not null
    union all
    select m.person, 'of-age' from person_minor m join here using (person)
    where m.state = 'of-age' and not ${noted('age', sql`m.person::text || '@' || m.row_version || m.state`)}
    union all
    select w.person, 'lapsed' from word w
    join lateral (
      select min((coalesce(own.policy, general.policy)->>'consentMonths')::int) as months from person_site s
      left join site_policy own on own.site = s.site
      left join site_policy general on general.site = '00000000-0000-0000-0000-000000000000'
      where s.person = w.person) m on m.months is not null
    where w.action = 'given' and w.at + make_interval(months => m.months) <= ${at}::timestamptz
      and not ${noted('consent', sql`w.event::text`)}
    union all
    select p.person, 'embedder' from model_migration_person p join here using (person)
    join model_migration m on m.id = p.migration
    where p.outcome = 'again' and m.state in ('ready', 'switched', 'done')
      and not exists (select from template t where t.person = p.person and t.model = m.to_model)
      and not ${noted('embedder', sql`p.migration::text || '@' || p.person`)}
    union all
    select w.person, 'no-template' from word w
    where w.action = 'given'
      and not exists (select from ${sql.table(onCards ? 'card_template' : 'template')} t where t.person = w.person)
    union all
    select s.person, 'score-falls' from person_score s join here using (person)
    where s.count >= ${DRIFT.count}::int and s.baseline - s.recent >= ${DRIFT.fall}::real
      and exists (select from template t where t.person = s.person and t.model = s.model)
      and not exists (select from template t where t.person = s.person and t.model = s.model and t.added_at > s.since)
      and not ${noted('drift', sql`s.person::text || '@' || (extract(epoch from s.since) * 1000)::bigint`)}
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
  // Where there are too many, the reasons decide who is listed: a list of hundreds of new people hides nobody else.
  const rank = ({ reason }: { reason: Reason }) => REASONS.indexOf(reason);
  const byPerson = (a: Reenrolment, b: Reenrolment) => (a.person < b.person ? -1 : 1);
  return [...first]
    .map(([person, reason]) => ({ person, reason }))
    .sort((a, b) => rank(a) - rank(b) || byPerson(a, b))
    .slice(0, MAX_REENROLMENTS)
    .sort(byPerson);
}
