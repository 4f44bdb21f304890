import { hasSentence, t } from '../../shared/i18n.ts';
import { IconLock, IconShield } from '../../shared/icons.tsx';
import { Languages } from './languages.tsx';
import { Mark } from './mark.tsx';

export function OpeningCard() {
  return (
    <main class="door" aria-busy="true">
      <p class="door-opening">{t('opening')}</p>
    </main>
  );
}

/** Link scanners of mail programs open links; none presses a button. */
export function EnterCard({ busy, code, onEnter }: { busy: boolean; code: string | null; onEnter: () => void }) {
  return (
    <main class="door">
      <section class="card door-card">
        <Mark />
        <h1>{t('enter.title')}</h1>
        <p class="muted">{t('enter.text')}</p>
        <Reason code={code} />
        <button type="button" class="primary" onClick={onEnter} aria-disabled={busy}>
          <IconShield />
          {t(busy ? 'enter.busy' : 'enter.button')}
        </button>
      </section>
      <Languages />
    </main>
  );
}

export function SignedOutCard({ code }: { code: string | null }) {
  return (
    <main class="door">
      <section class="card door-card">
        <span class="door-lock">
          <IconLock />
        </span>
        <h1>{t('out.title')}</h1>
        <Reason code={code} />
        <p class="muted">{t('out.text')}</p>
      </section>
      <Languages />
    </main>
  );
}

function Reason({ code }: { code: string | null }) {
  if (code === null) return null;
  return (
    <p class="door-reason" role="alert">
      {t(hasSentence(`out.${code}`) ? `out.${code}` : 'out.internal-error')}
    </p>
  );
}
