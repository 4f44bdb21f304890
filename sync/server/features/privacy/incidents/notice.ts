import type { Transaction } from 'kysely';
import type { NoticeLanguage } from '../../../../protocol/api/incidents.ts';
import { policyOf } from '../../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import type { Tables } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { affectedBy } from './affected.ts';
import { draftNotice, type NoticeText } from './notices.ts';
import { readIncident } from './record.ts';

/**
 * Drafts a notice of an incident with the contacts that the site policy names and the counts that the audit log gives.
 *
 * @throws Problem `incident-unknown`
 */
export async function noticeOf(
  tx: Transaction<Tables>,
  keys: Keys,
  incident: string,
  o: { readonly to: 'authority' | 'people'; readonly language: NoticeLanguage },
  now: Date,
): Promise<NoticeText> {
  const record = await readIncident(tx, keys, incident, now);
  const found = o.to === 'authority' && record.scopes.length > 0 ? await affectedBy(tx, keys, incident) : null;
  const { privacy = null } = await policyOf(tx, DEFAULT_SCOPE);
  return draftNotice(o.to, o.language, {
    incident: record,
    affected: found && { people: found.people.length, rows: found.rows, unknown: found.unknown },
    contacts: privacy,
    now,
  });
}
