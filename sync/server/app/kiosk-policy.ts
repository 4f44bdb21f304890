import { MAX_CONSENT_TEXTS, type Policy } from '../../protocol/wire/changes.ts';
import { textsInForce } from '../core/consents/texts.ts';
import { policyToSet } from '../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../core/sites/sites.ts';
import type { Db } from '../platform/database/schema.ts';

/**
 * Returns the policy as kiosks receive it: with the site's calendar days and repeat window, by which the server counts records,
 * and the customer's own consent texts, which are the same for all sites.
 */
export async function policyForKiosks(db: Db, scope: string): Promise<Policy> {
  const consentTexts = (await textsInForce(db)).slice(0, MAX_CONSENT_TEXTS);
  // The start of work is only used in reports.
  const { workStartsAt: _, graceMinutes: __, ...policy } = await policyToSet(db, scope);
  const day = await dayOfScope(db, scope);
  return { ...policy, ...(day && { day }), ...(consentTexts.length > 0 && { consentTexts }) };
}

/** Returns the calendar days by which a scope's records are counted, so that kiosks show the same. Null: its site has no row. */
async function dayOfScope(db: Db, scope: string): Promise<Policy['day'] | null> {
  const sites = db.selectFrom('site').select(['time_zone', 'day_starts_at']);
  const one = scope === DEFAULT_SCOPE ? sites.where('is_default', '=', true) : sites.where('id', '=', scope);
  const row = await one.executeTakeFirst();
  return row ? { timeZone: row.time_zone, startsAt: row.day_starts_at } : null;
}
