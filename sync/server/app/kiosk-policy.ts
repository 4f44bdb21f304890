import { MAX_CONSENT_TEXTS, type Policy } from '../../protocol/wire/changes.ts';
import { textsInForce } from '../core/consents/texts.ts';
import { policyToSet } from '../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../core/sites/sites.ts';
import type { Db } from '../platform/database/schema.ts';

/**
 * As kiosks receive it: with the days of the site's calendar and the window by which the server counts its records, and the
 * customer's own consent texts, which are the same for all.
 */
export async function policyForKiosks(db: Db, scope: string): Promise<Policy> {
  const consentTexts = (await textsInForce(db)).slice(0, MAX_CONSENT_TEXTS);
  // When work starts is for reports alone.
  const { workStartsAt: _, graceMinutes: __, ...policy } = await policyToSet(db, scope);
  const day = await dayOfScope(db, scope);
  return { ...policy, ...(day && { day }), ...(consentTexts.length > 0 && { consentTexts }) };
}

/** By which days the scope's records are counted, so that its kiosks claim no other day; null while its site has no row. */
async function dayOfScope(db: Db, scope: string): Promise<Policy['day'] | null> {
  const sites = db.selectFrom('site').select(['time_zone', 'day_starts_at']);
  const one = scope === DEFAULT_SCOPE ? sites.where('is_default', '=', true) : sites.where('id', '=', scope);
  const row = await one.executeTakeFirst();
  return row ? { timeZone: row.time_zone, startsAt: row.day_starts_at } : null;
}
