import * as consoleTexts from '../../renderer/console/i18n.ts';
import * as kioskTexts from '../../renderer/kiosk/i18n.ts';
import * as portalTexts from '../../renderer/portal/i18n.ts';
import { LANGUAGES, type ProductLanguage } from '../../sync/protocol/api/languages.ts';

/** A screen's texts in every language. The screens fetch them one language at a time. */
async function all<English>({
  ENGLISH,
  fetchSentences,
}: {
  ENGLISH: English;
  fetchSentences: (language: string) => Promise<English>;
}): Promise<Record<ProductLanguage, English>> {
  const fetched = LANGUAGES.map(async (language) =>
    language === 'en' ? [language, ENGLISH] : [language, await fetchSentences(language)],
  );
  return Object.fromEntries(await Promise.all(fetched));
}

export const CONSOLE = await all(consoleTexts);
export const KIOSK = await all(kioskTexts);
export const PORTAL = await all(portalTexts);
