/** The product's languages: kiosks, console, portal, e-mails, notices, and the consent text that ships. */
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'pl', 'tr', 'ar', 'zh'] as const;
export type ProductLanguage = (typeof LANGUAGES)[number];

export const isLanguage = (name: string): name is ProductLanguage => LANGUAGES.some((language) => language === name);
