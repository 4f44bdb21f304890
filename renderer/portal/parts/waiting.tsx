import { t } from '../i18n.ts';

/** Something is on its way. */
export const Waiting = () => (
  <p class="muted waiting" role="status">
    {t('opening')}
  </p>
);
