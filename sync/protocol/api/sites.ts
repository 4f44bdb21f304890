import { z } from 'zod';
import { isTimeZone } from '../wire/calendar.ts';
import { Policy, TimeOfDay } from '../wire/changes.ts';
import { Instant, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';

/** `/api/sites`: sites, each with a calendar and the policy of its kiosks. */

/** IANA name, e.g. `Europe/Berlin`, as known to the runtime. */
export const TimeZone = z.string().refine(isTimeZone, 'must be an IANA time zone, e.g. Europe/Berlin');
/** An existing name; a new one is a `GivenName`. */
const Name = z.string().trim().min(1).max(80);
const GivenName = givenName(80);
const RepeatSeconds = z.number().int().min(0).max(3600);

export const Site = z.strictObject({
  id: Uuid,
  name: Name,
  timeZone: z.string(),
  /** Local time at which one attendance day ends and the next begins. */
  dayStartsAt: TimeOfDay,
  /** Records of one person within this time count as one presence, seconds. Set by the policy (`repeatWindowSeconds`). */
  repeatSeconds: RepeatSeconds,
  /** The site of every device and person not assigned to another. */
  isDefault: z.boolean(),
  /** Id of the newest change of name or calendar; null: none recorded. */
  change: Uuid.nullable(),
});
export type Site = z.infer<typeof Site>;

export const NewSite = z.strictObject({
  name: GivenName,
  timeZone: TimeZone,
  dayStartsAt: TimeOfDay.default('00:00'),
});
export type NewSite = z.infer<typeof NewSite>;

export const SitePatch = z.strictObject({ name: GivenName, timeZone: TimeZone, dayStartsAt: TimeOfDay }).partial();
export type SitePatch = z.infer<typeof SitePatch>;

/** `change`: that of the site as it was read; fails if there is a newer one. Absent: write unconditionally. */
export const SiteWrite = z.strictObject({ change: Uuid.or(z.literal('none')).optional() });

export const SiteFacts = z.strictObject({ name: Name, timeZone: z.string(), dayStartsAt: TimeOfDay });

const changeOf = <T extends z.ZodType>(what: T) =>
  z.strictObject({
    id: Uuid,
    at: Instant,
    /** Account id, or `operator`, `configuration`. */
    by: z.string(),
    /** E-mail address of the account; null: no account, or removed since. */
    email: z.string().nullable(),
    before: what,
    after: what,
  });

export const SiteChange = changeOf(SiteFacts);
export type SiteChange = z.infer<typeof SiteChange>;

/**
 * The settings of a policy, without consent texts, which are managed separately. `repeatWindowSeconds` is always the site's own,
 * even if the rest is the default site's, because kiosks and server count by it. Absent in a write: unchanged.
 */
export const NewSitePolicy = Policy.omit({ consentTexts: true, day: true });

/** The policy of one site, and whether it is its own or the default site's. */
export const SitePolicy = z.strictObject({
  site: Uuid,
  own: z.boolean(),
  policy: NewSitePolicy,
  /** Kiosks that use it, and the site's own kiosks. The default site's policy also applies to sites without their own. */
  kiosks: z.number().int(),
  ownKiosks: z.number().int(),
  /** Id of its newest change; null: it was never set. */
  change: Uuid.nullable(),
});
export type SitePolicy = z.infer<typeof SitePolicy>;
/** `change`: the one in force when it was read; fails if there is a newer one. Absent: write unconditionally. */
export const PolicyWrite = z.strictObject({ change: Uuid.or(z.literal('none')).optional() });

/** Changes of a policy: each setting as it was read, and its new value; absent: not set. */
const PolicyPart = NewSitePolicy.extend({
  privacy: NewSitePolicy.shape.privacy.unwrap().partial().optional(),
}).partial();
export const PolicyPatch = z.strictObject({ was: PolicyPart, is: PolicyPart });
export type PolicyPatch = z.infer<typeof PolicyPatch>;

/** `before` and `after` are what was in force at the site: its own policy, or the default site's. */
export const PolicyChange = changeOf(NewSitePolicy);
export type PolicyChange = z.infer<typeof PolicyChange>;
export const PolicyHistory = z.strictObject({ site: Uuid, items: z.array(PolicyChange) });
/** Restores the policy, or the site, to what it was before this change. */
export const RevertPolicy = z.strictObject({ change: Uuid });

export const listSites = endpoint('GET /api/sites', {
  summary: 'List sites, by name',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  answer: z.strictObject({ items: z.array(Site) }),
});

export const createSite = endpoint('POST /api/sites', {
  summary: 'Create a site',
  roles: ['admin'],
  data: [],
  body: NewSite,
  answer: Site,
  errors: ['name-unreadable'],
});

export const getSite = endpoint('GET /api/sites/:site', {
  summary: 'Show one site',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  answer: Site,
});

export const changeSite = endpoint('PATCH /api/sites/:site', {
  summary: 'Change a site’s name or calendar; records are recalculated if needed',
  roles: ['admin'],
  data: [],
  query: SiteWrite,
  body: SitePatch,
  answer: Site,
  errors: ['site-configured', 'settings-changed-meanwhile', 'name-unreadable'],
});

export const getSiteHistory = endpoint('GET /api/sites/:site/history', {
  summary: 'List changes of a site’s name and calendar, newest first',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['account.email'],
  answer: z.strictObject({ site: Uuid, items: z.array(SiteChange) }),
});

export const revertSite = endpoint('POST /api/sites/:site/revert', {
  summary: 'Undo a change of a site’s name or calendar, as a new change',
  roles: ['admin'],
  data: [],
  body: RevertPolicy,
  answer: Site,
  errors: ['site-change-unknown', 'site-configured'],
});

export const getSitePolicy = endpoint('GET /api/sites/:site/policy', {
  summary: 'Show a site’s policy',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  answer: SitePolicy,
});

export const setSitePolicy = endpoint('PUT /api/sites/:site/policy', {
  summary:
    'Replace a site’s policy, e.g. liveness, retention, or `faces: off` where the law requires it; kiosks are notified. `repeatWindowSeconds` applies to the server too: records are recalculated',
  roles: ['admin', 'dpo'],
  data: [],
  query: PolicyWrite,
  body: NewSitePolicy,
  answer: SitePolicy,
  errors: ['checkin-method-required', 'settings-changed-meanwhile'],
});

export const changeSitePolicy = endpoint('PATCH /api/sites/:site/policy', {
  summary: 'Change some settings of a site’s policy; fails if one of them has been changed in the meantime',
  roles: ['admin', 'dpo'],
  data: [],
  body: PolicyPatch,
  answer: SitePolicy,
  errors: ['bad-request', 'checkin-method-required', 'settings-changed-meanwhile'],
});

export const getSitePolicyHistory = endpoint('GET /api/sites/:site/policy/history', {
  summary: 'List changes of a site’s policy, newest first',
  roles: ['admin', 'dpo', 'auditor'],
  data: ['account.email'],
  answer: PolicyHistory,
});

export const revertSitePolicy = endpoint('POST /api/sites/:site/policy/revert', {
  summary: 'Undo a change of a site’s policy, as a new change',
  roles: ['admin', 'dpo'],
  data: [],
  body: RevertPolicy,
  answer: SitePolicy,
  errors: ['policy-change-unknown'],
});
