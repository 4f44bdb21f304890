import { t } from '../../shared/i18n.ts';
import { IconAlert } from '../../shared/icons.tsx';
import type { Refusal } from '../core-link.ts';

/** The core is not there: it is being started, and the screen connects by itself. */
export function Restarting({ first }: { first: boolean }) {
  return (
    <main class="trouble">
      <span class="spinner" aria-hidden="true" />
      <div role="status">
        <h1 class="trouble-title">{t(first ? 'core.starting' : 'core.again')}</h1>
        <p class="trouble-text">{t(first ? 'core.startingMore' : 'core.againMore')}</p>
      </div>
    </main>
  );
}

/** The core refuses to start: somebody has to act, and this says who-knows-what to whom. */
export function Refused({ why }: { why: Refusal }) {
  return (
    <main class="trouble trouble-refused">
      <span class="trouble-icon">
        <IconAlert />
      </span>
      <div role="alert">
        <h1 class="trouble-title">{t('core.refused')}</h1>
        <p class="trouble-text">{why.message}</p>
      </div>
      {why.nextStep && (
        <section class="trouble-next">
          <h2>{t('core.refusedNext')}</h2>
          <p>{why.nextStep}</p>
        </section>
      )}
      <p class="trouble-code">
        {t('core.refusedCode')} <code>{why.code}</code>
      </p>
      <p class="trouble-again">{t('core.refusedAgain')}</p>
    </main>
  );
}
