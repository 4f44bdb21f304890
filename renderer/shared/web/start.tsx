import { type ComponentType, render } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { z } from 'zod';
import type { SessionState } from '../../../sync/protocol/api/session.ts';
import { Button } from '../button.tsx';
import { initI18n, type Sentences } from '../i18n.ts';
import { IconLock } from '../icons.tsx';
import { keepFocus } from '../keep-focus.ts';
import { Confirmation } from './confirm.tsx';
import { DemoBar } from './demo.tsx';
import { LinkCard, OpeningCard } from './entry.tsx';
import { ErrorNote } from './form.tsx';
import { type LinkSentences, t } from './i18n.ts';
import { Held as HeldPage } from './kept.tsx';
import { now } from './now.ts';
import { startingLanguage } from './preferences.ts';
import { useWrite } from './resource.tsx';
import { pageHash } from './router.ts';
import type { Held, Session } from './session.ts';
import { Toasts } from './toast.tsx';

/**
 * Starts one of the server's pages.
 * @param fetchSentences loads the sentences of another language
 * @param View the page's content once it is known who is signed in
 */
export async function startPage<Place extends { readonly kind: string }>(
  english: Sentences & LinkSentences,
  fetchSentences: (language: string) => Promise<Sentences>,
  session: Session<Place>,
  View: ComponentType<{ at: Held<Place> }>,
): Promise<void> {
  // zod would try to compile code, which the page's content security policy forbids.
  z.config({ jitless: true });
  const spoken = initI18n({ en: english }, startingLanguage(), fetchSentences);
  void session.begin();
  session.keepSignedIn();
  addEventListener('hashchange', () => void session.begin(pageHash()));
  keepFocus(document);
  const Outside = () => {
    const at = session.stage.value;
    if (at.kind === 'opening') return <OpeningCard />;
    if (session.isOutside(at) && at.kind === 'link')
      return <LinkCard busy={at.busy} error={at.error} onEnter={() => void session.enter()} />;
    return <View at={at as Held<Place>} />;
  };
  const Stage = () => {
    const page = session.page.value;
    const shown = page !== null && session.stage.value.kind === 'in';
    return (
      <>
        {/* Another account sees nothing of the previous one's page. */}
        {page && (
          <HeldPage key={page.visit} shown={shown}>
            <View at={page.at} />
          </HeldPage>
        )}
        {!shown && <Outside />}
      </>
    );
  };
  // Wait, rather than draw in English first and then again in another language.
  await spoken;
  const Bar = () => {
    const at: { readonly kind: string; readonly session?: SessionState } = session.stage.value;
    return <DemoBar admin={at.kind === 'in' && at.session?.role === 'admin'} />;
  };
  render(
    <>
      <Bar />
      <Stage />
      <Confirmation />
      <Toasts />
    </>,
    document.getElementById('app')!,
  );
}

/** A new page starts at the top, and its main element is focused for screen readers. @returns ref for that element */
export function usePageStart(title: string, page: unknown, part = '') {
  const main = useRef<HTMLElement>(null);
  const turned = useRef(false);
  useLayoutEffect(() => {
    document.title = `${title} · SmartPresence`;
    if (turned.current) main.current?.focus();
    turned.current = true;
    scrollTo(0, 0);
  }, [page, part]);
  return main;
}

/** Ends the session, or shows why it could not, which anyone leaving must know. */
export function Leave({ session }: { session: Pick<Session<{ kind: string }>, 'signOut'> }) {
  const { busy, error, run } = useWrite();
  return (
    <>
      <Button label={t('leave')} onClick={() => void run(session.signOut)} disabled={busy} />
      <ErrorNote error={error} />
    </>
  );
}

/** How long before an unused session ends a warning is shown, so that someone who only reads can extend it, ms. */
const WARN_MS = 2 * 60_000;

export function EndsSoon({ session }: { session: Pick<Session<{ kind: string }>, 'idleEndsAt' | 'loadSession'> }) {
  const left = session.idleEndsAt.value - now.value;
  const over = left <= -1000;
  useEffect(() => {
    if (over) void session.loadSession();
  }, [over]);
  if (left > WARN_MS || left <= 0) return null;
  return (
    <section class="note" data-kind="warn" role="alert">
      <IconLock />
      <p>{t('endsSoon.text')}</p>
      <Button onClick={() => void session.loadSession()}>{t('endsSoon.stay')}</Button>
    </section>
  );
}
