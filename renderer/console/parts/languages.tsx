import { currentLanguage, setLanguage, t } from '../../shared/i18n.ts';
import { LANGUAGES } from '../locales/index.ts';

export function Languages() {
  return (
    <fieldset class="languages">
      <legend class="sr-only">{t('languageSwitch')}</legend>
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={currentLanguage() === language}
          onClick={() => setLanguage(language)}
        >
          {language.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}
