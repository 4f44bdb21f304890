import type { ComponentChildren } from 'preact';
import { t } from '../i18n.ts';
import { IconShield } from '../icons.tsx';
import type { Refusal } from './api.ts';
import { Preferences } from './choices.tsx';
import { RefusalNote } from './form.tsx';
import { Mark } from './mark.tsx';

/** The frame around whatever is to be done before somebody is in. */
export function Door({ children, wide = false }: { children: ComponentChildren; wide?: boolean }) {
  return (
    <main class="door">
      <section class="card door-card" data-wide={wide}>
        <Mark />
        {children}
      </section>
      <Preferences />
    </main>
  );
}

export function OpeningCard() {
  return (
    <main class="door" aria-busy="true">
      <p class="door-opening">{t('opening')}</p>
    </main>
  );
}

interface LinkCardProps {
  readonly busy: boolean;
  readonly refusal: Refusal | null;
  readonly onEnter: () => void;
}

/** Link scanners of mail programs open links; none presses a button. */
export function LinkCard({ busy, refusal, onEnter }: LinkCardProps) {
  return (
    <Door>
      <h1>{t('link.title')}</h1>
      <p class="muted">{t('link.text')}</p>
      <RefusalNote refusal={refusal} />
      <button type="button" class="primary" onClick={() => onEnter()} aria-disabled={busy}>
        <IconShield />
        {t(busy ? 'link.busy' : 'link.button')}
      </button>
    </Door>
  );
}
