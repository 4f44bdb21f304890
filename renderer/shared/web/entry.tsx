import type { ComponentChildren } from 'preact';
import { Button } from '../button.tsx';
import { IconShield } from '../icons.tsx';
import type { ApiError } from './api.ts';
import { Preferences } from './choices.tsx';
import { ErrorNote } from './form.tsx';
import { t } from './i18n.ts';
import { Mark } from './pieces.tsx';

/** The frame of all screens before signing in. */
export function EntryCard({ children, wide = false }: { children: ComponentChildren; wide?: boolean }) {
  return (
    <main class="entry">
      <section class="card entry-card" data-wide={wide}>
        <Mark />
        {children}
      </section>
      <Preferences />
    </main>
  );
}

export function OpeningCard() {
  return (
    <main class="entry" aria-busy="true">
      <p class="entry-opening">{t('opening')}</p>
    </main>
  );
}

/** Asks to press a button, since mail programs' link scanners open links but press nothing. */
export function LinkCard({ busy, error, onEnter }: { busy: boolean; error: ApiError | null; onEnter: () => void }) {
  return (
    <EntryCard>
      <h1>{t('link.title')}</h1>
      <p class="muted">{t('link.text')}</p>
      <ErrorNote error={error} />
      <Button kind="primary" onClick={() => onEnter()} disabled={busy}>
        <IconShield />
        {t(busy ? 'link.busy' : 'link.button')}
      </Button>
    </EntryCard>
  );
}
