import { IconAlert } from '../../shared/icons.tsx';
import type { CoreError } from '../core-link.ts';
import { hasSentence, t } from '../i18n.ts';
import { nextStepOf } from '../parts/error-text.ts';

/** The core is starting. The screen reconnects automatically. */
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

/**
 * The core refuses to start and someone has to act. Explains what to do, in the kiosk's language if it has a text for
 * the code.
 */
export function Refused({ why }: { why: CoreError }) {
  const what = `coreError.${why.code}.why`;
  const ours = hasSentence(what);
  const next = nextStepOf(why.code, why.nextStep);
  return (
    <main class="trouble trouble-refused">
      <span class="trouble-icon">
        <IconAlert />
      </span>
      <div role="alert">
        <h1 class="trouble-title">{t('core.refused')}</h1>
        <p class="trouble-text">{ours ? t(what) : why.message}</p>
      </div>
      {next && (
        <section class="trouble-next">
          <h2>{t('core.refusedNext')}</h2>
          <p>{next}</p>
        </section>
      )}
      <p class="trouble-code">
        {t('core.refusedCode')} <code>{why.code}</code>
        {ours && <span lang="en"> · {why.message}</span>}
      </p>
      <p class="trouble-again">{t('core.refusedAgain')}</p>
    </main>
  );
}
