import { Problem } from '../../../errors/problem.ts';
import type { ConsentTextList } from '../../../protocol/api/consents.ts';
import type { MyConsentTexts } from '../../../protocol/api/portal.ts';
import { type ConsentNames, type ConsentText, consentTexts, shippedTexts } from '../../../protocol/consent-texts.ts';
import type { PolicyConsentText } from '../../../protocol/wire/changes.ts';
import { findAll, insertNew } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { policyOf } from '../sites/policy.ts';
import { DEFAULT_SCOPE } from '../sites/sites.ts';
import { listTexts, textsInForce } from './texts.ts';

/**
 * What a text leaves open is filled in with what the site says of itself. A text that asks who keeps a person's face,
 * at a site that has not said who, can't be agreed to: nobody knows who they would be agreeing with.
 */

/** How long a kiosk keeps photos by default, days. */
const PHOTO_DAYS = 90;

interface FilledTexts {
  readonly items: readonly ConsentText[];
  readonly photoDays: number;
  /** The operator's own, unchanged; if there are none, the built-in text applies. */
  readonly own: readonly PolicyConsentText[];
  readonly privacy: ConsentNames | null;
}

/** The texts in force as a person reads them, here and at a kiosk. Of a person with several sites the default's. */
async function filledTexts(db: Db, person: string): Promise<FilledTexts> {
  const { photoDays, privacy, onCard } = await fieldsOf(db, await scopeOfPerson(db, person));
  const own = await textsInForce(db);
  return { items: consentTexts(privacy, photoDays, own, onCard), photoDays, own, privacy };
}

async function fieldsOf(db: Db, scope: string) {
  const policy = await policyOf(db, scope);
  return {
    photoDays: policy.photoDays ?? PHOTO_DAYS,
    privacy: policy.privacy ?? null,
    onCard: policy.templates === 'card',
  };
}

/** The operator's own texts, the one that ships, and what the default site fills in. */
export async function textList(db: Db): Promise<ConsentTextList> {
  const { photoDays, privacy, onCard } = await fieldsOf(db, DEFAULT_SCOPE);
  const { controller, contact, dpo } = privacy ?? {};
  // Where no photo is kept, the kiosk leaves the paragraph out.
  const fields = { controller, contact, dpo, photoDays: photoDays > 0 ? String(photoDays) : undefined };
  const shipped = shippedTexts(onCard);
  return {
    items: await listTexts(db),
    shipped: shipped.map(({ language, title, paragraphs }) => ({ language, title, paragraphs })),
    shippedVersion: shipped[0]!.version,
    adoptedAt: await adoptedAt(db, shipped),
    filledIn: Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value ? [[name, value]] : []))),
  };
}

/** Since when each of these texts is adopted; null: one is not. */
async function adoptedAt(db: Db, texts: readonly PolicyConsentText[]): Promise<string | null> {
  const rows = await findAll(db, 'consent_adoption', { version: texts.map((text) => text.version) });
  if (texts.some((text) => !rows.some((r) => r.version === text.version && r.language === text.language))) return null;
  return new Date(Math.max(...rows.map((r) => r.adopted_at.getTime()))).toISOString();
}

/**
 * Puts on record that someone in charge has read the text that ships, in each of its languages. Once adopted it stays so; a
 * build with another version has to be read again.
 *
 * @param version what they have read
 * @throws Problem `consent-outdated`
 */
export async function adoptShipped(tx: Tx, version: string, by: string | null, now: Date): Promise<void> {
  const shipped = shippedTexts((await fieldsOf(tx, DEFAULT_SCOPE)).onCard);
  if (shipped.some((text) => text.version !== version)) throw new Problem('consent-outdated');
  for (const { language } of shipped)
    await insertNew(tx, 'consent_adoption', { version, language, adopted_at: now, adopted_by: by });
}

/** Whether people are asked with a text that someone in charge has read: one of the operator's own, or the built-in one. */
export async function isTextAdopted(db: Db): Promise<boolean> {
  if ((await textsInForce(db)).length > 0) return true;
  const { onCard } = await fieldsOf(db, DEFAULT_SCOPE);
  return (await adoptedAt(db, shippedTexts(onCard))) !== null;
}

/**
 * Whether this is what people read now: a text in force, with the time that photos are kept. While the operator has no
 * text of their own, any version is taken: kiosks of several builds may show several of the one that ships.
 * @throws Problem `consent-outdated`, and `privacy-not-set` where this is a text that can't be filled in
 */
export async function requireInForce(db: Db, person: string, textVersion: string, language: string): Promise<void> {
  const { items, photoDays, own } = await filledTexts(db, person);
  if (own.length === 0) return;
  const [version, photos] = textVersion.split('.');
  const isIt = (text: PolicyConsentText) => text.version === version && text.language === language;
  const otherDays = photos?.startsWith('photo-') && photos !== `photo-${photoDays}-days`;
  if (!own.some(isIt) || otherDays) throw new Problem('consent-outdated');
  if (items.some((text) => text.language === language)) return;
  throw new Problem('privacy-not-set');
}

/**
 * Whether a text in any language is of the version in force, with whatever times it was filled.
 * @throws Problem `consent-outdated`
 */
export async function requireVersionInForce(db: Db, textVersion: string | undefined): Promise<void> {
  const inForce = await textsInForce(db);
  const version = textVersion?.split('.')[0];
  if (inForce.length > 0 && !inForce.some((text) => text.version === version)) throw new Problem('consent-outdated');
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

/**
 * The consent texts in force, with what kiosks would fill in: who runs the place, and how long a photo is kept. That is part
 * of what is agreed to, and so of the version (`2026-11.photo-90-days`).
 */
export async function myConsentTexts(db: Db, person: string): Promise<MyConsentTexts> {
  const { items, own, privacy } = await filledTexts(db, person);
  const { controller, contact, dpo } = privacy ?? { controller: null, contact: null, dpo: null };
  return {
    items: items.map((text) => ({ ...text, paragraphs: [...text.paragraphs] })),
    unset: items.length < Math.max(own.length, 1),
    controller,
    contact,
    dpo,
  };
}
