import type { MyConsentTexts } from '../../protocol/api/portal.ts';
import { policyOf } from '../changes/policy.ts';
import { DEFAULT_SCOPE } from '../changes/scope.ts';
import { textsInForce } from '../consents/texts.ts';
import type { Db } from '../database/schema.ts';

/** What a kiosk keeps photos for where nobody has said otherwise, days. */
const PHOTO_DAYS = 90;

/**
 * The consent texts in force, with what kiosks would fill in: who runs the place, and how long a photo is kept. That is part
 * of what is agreed to, and so of the version (`2026-11.photo-90-days`). Of somebody with several sites the default's.
 */
export async function myConsentTexts(db: Db, person: string): Promise<MyConsentTexts> {
  const policy = await policyOf(db, await scopeOfPerson(db, person));
  const photoDays = policy.photoDays ?? PHOTO_DAYS;
  const values: Readonly<Record<string, string | number>> = { ...policy.privacy, photoDays };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
  const { controller = null, contact = null, dpo = null } = policy.privacy ?? {};
  const items = (await textsInForce(db)).map(({ version, language, title, paragraphs }) => ({
    version: `${version}.photo-${photoDays}-days`,
    language,
    title: fill(title),
    paragraphs: paragraphs.map(fill),
  }));
  return { items, controller, contact, dpo };
}

async function scopeOfPerson(db: Db, person: string): Promise<string> {
  const sites = await db
    .selectFrom('person_site as p')
    .innerJoin('site as s', 's.id', 'p.site')
    .select(['s.id', 's.is_default'])
    .where('p.person', '=', person)
    .execute();
  return sites.length === 1 && !sites[0]!.is_default ? sites[0]!.id : DEFAULT_SCOPE;
}
