import type { MyConsentTexts } from '../../../protocol/api/portal.ts';
import type { Db } from '../../platform/database/schema.ts';
import { filledTexts } from './filled.ts';

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
