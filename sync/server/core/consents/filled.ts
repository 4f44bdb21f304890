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
 * Consent texts with their placeholders filled in from the site's policy. If a text names the controller and the site has not
 * set one, nobody can consent to it, as they would not know who keeps their data.
 */

/** How long a kiosk keeps photos by default, days. */
const PHOTO_DAYS = 90;

interface FilledTexts {
  readonly items: readonly ConsentText[];
  readonly photoDays: number;
  /** The operator's own texts, unfilled. If empty, the built-in text applies. */
  readonly own: readonly PolicyConsentText[];
  readonly privacy: ConsentNames | null;
}

/** Returns the texts in force as a person reads them. For a person with several sites, filled in from the default site. */
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

/** Returns the operator's own texts, the built-in one, and the values that the default site fills in. */
export async function textList(db: Db): Promise<ConsentTextList> {
  const { photoDays, privacy, onCard } = await fieldsOf(db, DEFAULT_SCOPE);
  const { controller, contact, dpo } = privacy ?? {};
  // If no photos are kept, the kiosk leaves out the paragraph.
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

/** Returns since when all of these texts are adopted; null if one is not. */
async function adoptedAt(db: Db, texts: readonly PolicyConsentText[]): Promise<string | null> {
  const rows = await findAll(db, 'consent_adoption', { version: texts.map((text) => text.version) });
  if (texts.some((text) => !rows.some((r) => r.version === text.version && r.language === text.language))) return null;
  return new Date(Math.max(...rows.map((r) => r.adopted_at.getTime()))).toISOString();
}

/**
 * Records that someone in charge has read the built-in text, in each of its languages. A build with another version of the
 * text needs to be adopted again.
 *
 * @param version version that they have read
 * @throws Problem `consent-outdated`
 */
export async function adoptShipped(tx: Tx, version: string, by: string | null, now: Date): Promise<void> {
  const shipped = shippedTexts((await fieldsOf(tx, DEFAULT_SCOPE)).onCard);
  if (shipped.some((text) => text.version !== version)) throw new Problem('consent-outdated');
  for (const { language } of shipped)
    await insertNew(tx, 'consent_adoption', { version, language, adopted_at: now, adopted_by: by });
}

/** Returns whether someone in charge has read the texts that people see: the operator's own, or the built-in one. */
export async function isTextAdopted(db: Db): Promise<boolean> {
  if ((await textsInForce(db)).length > 0) return true;
  const { onCard } = await fieldsOf(db, DEFAULT_SCOPE);
  return (await adoptedAt(db, shippedTexts(onCard))) !== null;
}

/**
 * Checks that a text version is the one that people read now: a text in force, with the current retention of photos. While
 * the operator has no text of their own, any version is accepted, since kiosks may run builds with different built-in texts.
 * @throws Problem `consent-outdated`, or `privacy-not-set` if the text can't be filled in
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
 * Checks that a text version is in force, in any language and with any retention of photos.
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
 * Returns the consent texts in force, filled in as at a kiosk: with the controller and how long photos are kept. People
 * consent to that too, so it is part of the version (`2026-11.photo-90-days`).
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
