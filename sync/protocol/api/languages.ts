/** Languages of the product: of kiosks, console, portal, mails, notices, and the consent text that ships. */
export const LANGUAGES = ['en', 'de', 'ar', 'zh'] as const;
export type ProductLanguage = (typeof LANGUAGES)[number];
