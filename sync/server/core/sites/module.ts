import type { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/sites.ts';
import { Policy } from '../../../protocol/wire/changes.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { find, findLocked, findSorted } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { hasOwnPolicy, kiosksOf, newestChange, policyToSet, setPolicy } from './policy.ts';
import { addSite, changeSite, findSite, listSites, scopeOfSite } from './sites.ts';

/**
 * Returns a policy with some of its settings changed.
 *
 * @throws Problem `settings-changed-meanwhile` if one of these settings has changed since the caller read it; `bad-request`
 */
function policyPatched(policy: Policy, { was, is }: api.PolicyPatch): Policy {
  const next = Policy.safeParse({
    ...changed(policy, was, is),
    ...((was.privacy ?? is.privacy) && {
      privacy: changed(policy.privacy ?? {}, was.privacy ?? {}, is.privacy ?? {}),
    }),
  });
  if (!next.success) throw new Problem('bad-request', { reason: 'a contact needs all three; check the numbers' });
  return next.data;
}

function changed(present: object, was: object, is: object): object {
  const value = (of: object, name: string) => (of as Record<string, unknown>)[name];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => name !== 'privacy');
  for (const name of names)
    if (JSON.stringify(value(present, name)) !== JSON.stringify(value(was, name)))
      throw new Problem('settings-changed-meanwhile');
  return { ...present, ...Object.fromEntries(names.map((name) => [name, value(is, name)])) };
}

const answerOf = async (db: Db, site: string, scope: string) => ({
  site,
  own: await hasOwnPolicy(db, scope),
  policy: await policyToSet(db, scope),
  change: await newestChange(db, scope),
  ...(await kiosksOf(db, scope)),
});

const siteRoutes: readonly Route[] = [
  implement(api.listSites, async ({ tx }) => ({ items: await listSites(tx) })),
  implement(api.createSite, async ({ tx, body, on }) => {
    const site = await addSite(tx, body);
    on(site.id);
    return site;
  }),
  implement(api.getSite, ({ tx, params }) => findSite(tx, params.site)),
  implement(api.changeSite, async ({ tx, actor, params, query, body, now, notify }) => {
    const by = actor.id ?? actor.role;
    const site = await changeSite(tx, params.site, body, now, { seen: query.change, by });
    notify('board', 'change');
    return site;
  }),
  implement(api.getSiteHistory, async ({ tx, services: { keys }, params: { site } }) => {
    await findSite(tx, site);
    return { site, items: await historyOf(tx, keys, 'site_change', site, api.SiteFacts) };
  }),
  implement(api.revertSite, async ({ tx, actor, params: { site }, body, now, on, notify }) => {
    on(`${site} ${body.change}`);
    const before = await siteBefore(tx, site, body.change);
    const changed = await changeSite(tx, site, before, now, { by: actor.id ?? actor.role });
    notify('board', 'change');
    return changed;
  }),
  implement(api.getSitePolicy, async ({ tx, params: { site } }) => {
    const scope = await scopeOfSite(tx, site);
    return answerOf(tx, site, scope);
  }),
  implement(api.setSitePolicy, async ({ tx, actor, params: { site }, query: { change }, body, now, notify }) => {
    const scope = await scopeOfSite(tx, site);
    // Another caller who sets it at the same time waits here.
    await findLocked(tx, 'site', { id: site }, ['id']);
    if (change !== undefined && change !== ((await newestChange(tx, scope)) ?? 'none'))
      throw new Problem('settings-changed-meanwhile');
    if (await setPolicy(tx, scope, body, now, actor.id ?? actor.role)) notify('board', 'change');
    return answerOf(tx, site, scope);
  }),
  implement(api.changeSitePolicy, async ({ tx, actor, params: { site }, body, now, on, notify }) => {
    on(`${site} ${[...new Set([...Object.keys(body.was), ...Object.keys(body.is)])].join(' ')}`);
    const scope = await scopeOfSite(tx, site);
    // Another caller who sets it at the same time waits here.
    await findLocked(tx, 'site', { id: site }, ['id']);
    const next = policyPatched(await policyToSet(tx, scope), body);
    if (await setPolicy(tx, scope, next, now, actor.id ?? actor.role)) notify('board', 'change');
    return answerOf(tx, site, scope);
  }),
  implement(api.getSitePolicyHistory, async ({ tx, services: { keys }, params: { site } }) => {
    const scope = await scopeOfSite(tx, site);
    return { site, items: await historyOf(tx, keys, 'site_policy_change', scope, api.NewSitePolicy) };
  }),
  implement(api.revertSitePolicy, async ({ tx, actor, params: { site }, body, now, on, notify }) => {
    on(`${site} ${body.change}`);
    const scope = await scopeOfSite(tx, site);
    const before = await policyBefore(tx, scope, body.change);
    if (await setPolicy(tx, scope, before, now, actor.id ?? actor.role)) notify('board', 'change');
    return answerOf(tx, site, scope);
  }),
];

export const sites: ServerModule = {
  endpoints: siteRoutes,
  tables: {
    site: { notPersonal: 'places' },
    site_policy: { notPersonal: 'settings of places' },
    site_policy_change: { notPersonal: 'settings of places' },
    site_change: { notPersonal: 'settings of places' },
  },
};

/** How many changes are shown, newest first. */
const SHOWN = 200;

/**
 * Returns the history of a site, or of a scope's policy. It names only the accounts that made the changes, so it is kept as
 * long as the site or policy exists.
 */
async function historyOf<T extends z.ZodType>(
  db: Db,
  keys: Keys,
  table: 'site_policy_change' | 'site_change',
  site: string,
  shape: T,
) {
  const rows = await findSorted(db, table, { site }, ['at', 'id'], { descending: true, limit: SHOWN });
  const emailOf = await emailsOf(db, keys);
  return rows.map(({ site: _, before, after, ...change }) => ({
    ...change,
    email: emailOf(change.by),
    before: shape.parse(before),
    after: shape.parse(after),
  }));
}

/** Returns the patch that undoes a change of a site. @throws Problem `site-change-unknown` */
async function siteBefore(db: Db, site: string, change: string): Promise<api.SitePatch> {
  const row = await find(db, 'site_change', { id: change, site }, ['before', 'after']);
  if (!row) throw new Problem('site-change-unknown');
  const [before, after] = [api.SiteFacts.parse(row.before), api.SiteFacts.parse(row.after)];
  const names = (Object.keys(before) as (keyof typeof before)[]).filter((name) => before[name] !== after[name]);
  return Object.fromEntries(names.map((name) => [name, before[name]]));
}

/** Returns the policy before a change. @throws Problem `policy-change-unknown` */
async function policyBefore(db: Db, scope: string, change: string): Promise<Policy> {
  const row = await find(db, 'site_policy_change', { id: change, site: scope }, ['before']);
  if (!row) throw new Problem('policy-change-unknown');
  return api.NewSitePolicy.parse(row.before);
}
