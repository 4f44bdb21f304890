import { z } from 'zod';
import {
  NewSite,
  NewSitePolicy,
  PolicyHistory,
  PolicyPatch,
  PolicyWrite,
  RevertPolicy,
  Site,
  SiteHistory,
  SiteList,
  SitePatch,
  SitePolicy,
  SiteWrite,
} from '../../../protocol/api/sites.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import type { Db } from '../../platform/database/schema.ts';
import { policyBefore, policyHistory, siteBefore, siteHistory } from './history.ts';
import { hasOwnPolicy, newestChange, policyToSet, setPolicy } from './policy.ts';
import { policyPatched } from './policy-patch.ts';
import { listSites } from './sites.ts';
import { addSite, changeSite, findSite, scopeOfSite } from './write.ts';

const One = z.strictObject({ site: Uuid });

const answerOf = async (db: Db, site: string, scope: string) => ({
  site,
  own: await hasOwnPolicy(db, scope),
  policy: await policyToSet(db, scope),
  change: await newestChange(db, scope),
});

const list = route({
  method: 'GET',
  path: '/api/sites',
  summary: 'All sites, by name',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  action: 'read',
  answer: SiteList,
  handle: async ({ tx }) => ({ items: await listSites(tx) }),
});

const create = route({
  method: 'POST',
  path: '/api/sites',
  summary: 'Make a site',
  roles: ['admin'],
  data: [],
  action: 'write',
  body: NewSite,
  answer: Site,
  errors: ['name-unreadable'],
  async handle({ tx, body, on }) {
    const site = await addSite(tx, body);
    on(site.id);
    return site;
  },
});

const get = route({
  method: 'GET',
  path: '/api/sites/:site',
  summary: 'One site',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  action: 'read',
  params: One,
  answer: Site,
  errors: ['unknown-site'],
  handle: ({ tx, params }) => findSite(tx, params.site),
});

const patch = route({
  method: 'PATCH',
  path: '/api/sites/:site',
  summary: 'Change name or calendar; its records are resolved again where that matters',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: One,
  query: SiteWrite,
  body: SitePatch,
  answer: Site,
  errors: ['unknown-site', 'site-configured', 'settings-changed-meanwhile', 'name-unreadable'],
  async handle({ tx, actor, params, query, body, now, on, notify }) {
    on(params.site);
    const by = actor.id ?? actor.role;
    const site = await changeSite(tx, params.site, body, now, { seen: query.change, by });
    notify('board');
    notify('change');
    return site;
  },
});

const changes = route({
  method: 'GET',
  path: '/api/sites/:site/history',
  summary: 'What was changed of a site’s name and calendar, when and who did it, newest first',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['account.email'],
  action: 'read',
  params: One,
  answer: SiteHistory,
  errors: ['unknown-site'],
  async handle({ tx, services: { keys }, params: { site }, on }) {
    on(site);
    await findSite(tx, site);
    return { site, items: await siteHistory(tx, keys, site) };
  },
});

const takeBack = route({
  method: 'POST',
  path: '/api/sites/:site/revert',
  summary: 'Take a change of a site’s name or calendar back; that is a change of its own',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: One,
  body: RevertPolicy,
  answer: Site,
  errors: ['unknown-site', 'site-change-unknown', 'site-configured'],
  async handle({ tx, actor, params: { site }, body, now, on, notify }) {
    on(`${site} ${body.change}`);
    const before = await siteBefore(tx, site, body.change);
    const changed = await changeSite(tx, site, before, now, { by: actor.id ?? actor.role });
    notify('board');
    notify('change');
    return changed;
  },
});

const readPolicy = route({
  method: 'GET',
  path: '/api/sites/:site/policy',
  summary: 'How the kiosks of a site are to behave',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  action: 'read',
  params: One,
  answer: SitePolicy,
  errors: ['unknown-site'],
  async handle({ tx, params: { site } }) {
    const scope = await scopeOfSite(tx, site);
    return answerOf(tx, site, scope);
  },
});

const writePolicy = route({
  method: 'PUT',
  path: '/api/sites/:site/policy',
  summary:
    'Set the policy of a site as a whole, e.g. liveness, retention, or `faces: off` where the law wants it; kiosks are notified. `repeatWindowSeconds` counts for the server as well: records are resolved again',
  roles: ['admin', 'dpo'],
  data: [],
  action: 'write',
  params: One,
  query: PolicyWrite,
  body: NewSitePolicy,
  answer: SitePolicy,
  errors: ['unknown-site', 'checkin-method-required', 'settings-changed-meanwhile'],
  async handle({ tx, actor, params: { site }, query: { change }, body, now, on, notify }) {
    on(site);
    const scope = await scopeOfSite(tx, site);
    // A caller who sets it at the same time waits here.
    await tx.selectFrom('site').select('id').where('id', '=', site).forUpdate().execute();
    if (change !== undefined && change !== ((await newestChange(tx, scope)) ?? 'none'))
      throw new Problem(
        'settings-changed-meanwhile',
        'Someone else has changed this policy meanwhile.',
        'Read it again, then decide.',
      );
    if (await setPolicy(tx, scope, body, now, actor.id ?? actor.role)) {
      notify('board');
      notify('change');
    }
    return answerOf(tx, site, scope);
  },
});

const patchPolicy = route({
  method: 'PATCH',
  path: '/api/sites/:site/policy',
  summary:
    'Change some settings of a site’s policy and leave the others as they are; refused where one of these has been changed meanwhile',
  roles: ['admin', 'dpo'],
  data: [],
  action: 'write',
  params: One,
  body: PolicyPatch,
  answer: SitePolicy,
  errors: ['unknown-site', 'bad-request', 'checkin-method-required', 'settings-changed-meanwhile'],
  async handle({ tx, actor, params: { site }, body, now, on, notify }) {
    on(`${site} ${[...new Set([...Object.keys(body.was), ...Object.keys(body.is)])].join(' ')}`);
    const scope = await scopeOfSite(tx, site);
    // A caller who sets it at the same time waits here.
    await tx.selectFrom('site').select('id').where('id', '=', site).forUpdate().execute();
    const next = policyPatched(await policyToSet(tx, scope), body);
    if (await setPolicy(tx, scope, next, now, actor.id ?? actor.role)) {
      notify('board');
      notify('change');
    }
    return answerOf(tx, site, scope);
  },
});

const history = route({
  method: 'GET',
  path: '/api/sites/:site/policy/history',
  summary: 'What was changed of a site’s policy, when and who did it, newest first',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['account.email'],
  action: 'read',
  params: One,
  answer: PolicyHistory,
  errors: ['unknown-site'],
  async handle({ tx, services: { keys }, params: { site }, on }) {
    on(site);
    return { site, items: await policyHistory(tx, keys, await scopeOfSite(tx, site)) };
  },
});

const revert = route({
  method: 'POST',
  path: '/api/sites/:site/policy/revert',
  summary: 'Set a site’s policy to what it was before a change; that is a change of its own',
  roles: ['admin', 'dpo'],
  data: [],
  action: 'write',
  params: One,
  body: RevertPolicy,
  answer: SitePolicy,
  errors: ['unknown-site', 'policy-change-unknown'],
  async handle({ tx, actor, params: { site }, body, now, on, notify }) {
    on(`${site} ${body.change}`);
    const scope = await scopeOfSite(tx, site);
    const before = await policyBefore(tx, scope, body.change);
    if (await setPolicy(tx, scope, before, now, actor.id ?? actor.role)) {
      notify('board');
      notify('change');
    }
    return answerOf(tx, site, scope);
  },
});

export const siteRoutes: readonly RouteSpec[] = [
  list,
  create,
  get,
  patch,
  changes,
  takeBack,
  readPolicy,
  writePolicy,
  patchPolicy,
  history,
  revert,
];
