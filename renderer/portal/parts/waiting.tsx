import { t } from '../i18n.ts';

/** Shown while something is loading. */
export const Waiting = () => (
  <p class="muted waiting" role="status">
    {t('opening')}
  </p>
);
