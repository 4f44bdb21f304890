import { Problem } from '../../../errors/problem.ts';
import {
  NewSitePolicy,
  type PolicyChange,
  type SiteChange,
  SiteFacts,
  type SitePatch,
} from '../../../protocol/api/sites.ts';
import type { Policy } from '../../../protocol/wire/changes.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/** What was changed of the policy of a scope. Kept for as long as the scope: it names nobody but who did it. */

/** Changes that are shown, newest first. */
const SHOWN = 200;

export async function policyHistory(db: Db, keys: Keys, scope: string): Promise<PolicyChange[]> {
  const changes = await newest(db, keys, 'site_policy_change', scope);
  return changes.map(({ before, after, ...change }) => ({
    ...change,
    before: NewSitePolicy.parse(before),
    after: NewSitePolicy.parse(after),
  }));
}

/** What was changed of a site itself. */
export async function siteHistory(db: Db, keys: Keys, site: string): Promise<SiteChange[]> {
  const changes = await newest(db, keys, 'site_change', site);
  return changes.map(({ before, after, ...change }) => ({
    ...change,
    before: SiteFacts.parse(before),
    after: SiteFacts.parse(after),
  }));
}

async function newest(db: Db, keys: Keys, table: 'site_policy_change' | 'site_change', site: string) {
  const rows = await db
    .selectFrom(table)
    .select(['id', 'at', 'by', 'before', 'after'])
    .where('site', '=', site)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(SHOWN)
    .execute();
  const emailOf = await emailsOf(db, keys);
  return rows.map((r) => ({ ...r, at: r.at.toISOString(), email: emailOf(r.by) }));
}

/** What takes a change of a site back: of what it changed, what was before. @throws Problem `site-change-unknown` */
export async function siteBefore(db: Db, site: string, change: string): Promise<SitePatch> {
  const row = await find(db, 'site_change', { id: change, site }, ['before', 'after']);
  if (!row) throw new Problem('site-change-unknown');
  const [before, after] = [SiteFacts.parse(row.before), SiteFacts.parse(row.after)];
  const names = (Object.keys(before) as (keyof typeof before)[]).filter((name) => before[name] !== after[name]);
  return Object.fromEntries(names.map((name) => [name, before[name]]));
}

/** @throws Problem `policy-change-unknown` */
export async function policyBefore(db: Db, scope: string, change: string): Promise<Policy> {
  const row = await find(db, 'site_policy_change', { id: change, site: scope }, ['before']);
  if (!row) throw new Problem('policy-change-unknown');
  return NewSitePolicy.parse(row.before);
}
