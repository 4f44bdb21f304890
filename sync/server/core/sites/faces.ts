import { type RawBuilder, sql } from 'kysely';
import { appendChanges } from '../../platform/changes/log.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { DEFAULT_SCOPE } from './sites.ts';

/**
 * What of faces a site has. The jurisdiction switch: where the policy of a scope says `faces: off` nobody is recognised by their face. Its kiosks get
 * no templates, and none that they make is taken. `templates: card`: neither server nor kiosks have one that they can use.
 */

/** Scopes whose policy in force, their own or the default site's, allows no faces. */
export const scopesWithoutFaces = (db: Db): Promise<string[]> => scopesWhere(db, sql`p.policy->>'faces' = 'off'`);

/** The same of templates that server and kiosks can use: none either where they lie on the people's cards. */
export const scopesWithoutTemplates = (db: Db): Promise<string[]> =>
  scopesWhere(db, sql`p.policy->>'faces' = 'off' or p.policy->>'templates' = 'card'`);

async function scopesWhere(db: Db, condition: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await sql<{ scope: string }>`
    select s.scope from (
      select id as scope from site where not is_default union select ${DEFAULT_SCOPE}::uuid) s
    left join site_policy own on own.site = s.scope
    left join site_policy general on general.site = ${DEFAULT_SCOPE}::uuid
    cross join lateral (select coalesce(own.policy, general.policy) as policy) p
    where ${condition} order by 1`.execute(db);
  return rows.map((r) => r.scope);
}

export async function facesAllowed(db: Db, scope: string): Promise<boolean> {
  return !(await scopesWithoutFaces(db)).includes(scope);
}

export async function templatesAllowed(db: Db, scope: string): Promise<boolean> {
  return !(await scopesWithoutTemplates(db)).includes(scope);
}

/** Changes in one statement: each has several parameters, of which a statement takes 65,535. */
const CHUNK = 1000;

/** Kiosks of a scope are to receive again the templates of everybody there, whose set is another when faces go on or off, or onto cards. */
export async function publishTemplates(tx: Tx, scope: string, now: Date): Promise<void> {
  const { rows } = await sql<{ person: string; model: string }>`
    select m.person, m.model from person_model m join person_site s on s.person = m.person
    where s.site = ${scope}::uuid order by m.person, m.model`.execute(tx);
  for (let at = 0; at < rows.length; at += CHUNK)
    await appendChanges(
      tx,
      rows.slice(at, at + CHUNK).map(({ person, model }) => ({ kind: 'templates', person, model, site: scope })),
      now,
    );
}
