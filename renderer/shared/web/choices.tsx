import { LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import { currentLanguage, ownName } from '../i18n.ts';
import { t } from './i18n.ts';
import { chooseLanguage, setTheme, THEMES, theme } from './preferences.ts';

export function Preferences() {
  return (
    <div class="preferences">
      <label>
        <span class="sr-only">{t('languageSwitch')}</span>
        <select value={currentLanguage()} onChange={(e) => chooseLanguage(e.currentTarget.value)}>
          {LANGUAGES.map((language) => (
            <option key={language} value={language} lang={language} selected={language === currentLanguage()}>
              {ownName(language)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="sr-only">{t('theme.title')}</span>
        <select value={theme.value} onChange={(e) => setTheme(THEMES.find((x) => x === e.currentTarget.value)!)}>
          {THEMES.map((one) => (
            <option key={one} value={one} selected={one === theme.value}>
              {t(`theme.${one}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
