import { undoMyErasure } from '../../../sync/protocol/api/portal.ts';
import { Button } from '../../shared/button.tsx';
import { momentOf } from '../../shared/i18n.ts';
import { IconAlert } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { Preferences } from '../../shared/web/choices.tsx';
import { ErrorNote } from '../../shared/web/form.tsx';
import { Mark } from '../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../shared/web/resource.tsx';
import { route } from '../../shared/web/router.ts';
import { EndsSoon, Leave, usePageStart } from '../../shared/web/start.tsx';
import { t } from '../i18n.ts';
import { PAGES } from '../pages/index.ts';
import { me, readMe, session } from '../state/session.ts';

/** The signed-in portal: a bar with the four pages (on a phone at the bottom, within reach of the thumb), and the page. */
export function Frame() {
  const page = PAGES.find((p) => p.path === route.value.page) ?? PAGES[0]!;
  const main = usePageStart(t(`${page.path}.nav`), page);
  const read = useResource('me', readMe);
  const profile = me.value;
  return (
    <div class="portal">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {t('skip')}
      </button>
      <header class="portal-head">
        <Mark />
        <p class="portal-name">
          <bdi>{profile?.name ?? 'SmartPresence'}</bdi>
        </p>
        <Leave session={session} />
      </header>
      <nav class="portal-nav" aria-label={t('menu')}>
        <ul>
          {PAGES.map((p) => (
            <li key={p.path}>
              <a href={`#/${p.path}`} aria-current={p === page ? 'page' : undefined}>
                <p.Icon />
                <span>{t(`${p.path}.nav`)}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main ref={main} class="portal-main" tabIndex={-1}>
        <EndsSoon session={session} />
        <ErrorNote error={profile ? null : read.error} onRetry={read.reload} />
        {profile?.erasure && <UnderWay undoUntil={profile.erasure.undoUntil} />}
        {profile && <page.View key={page.path} me={profile} />}
        <footer class="portal-foot">
          <Preferences />
        </footer>
      </main>
    </div>
  );
}

/** A requested erasure is shown on all pages, with a way to cancel it while that is possible. */
function UnderWay({ undoUntil }: { undoUntil: string | null }) {
  const { busy, error, run } = useWrite();
  const undo = () =>
    run(() => api(undoMyErasure), { say: () => t('erase.undone'), done: (value) => (me.value = value) });
  return (
    <section class="note" data-kind="warn" aria-label={t('erase.underWay')}>
      <IconAlert />
      <div class="stack">
        <div>
          <p class="note-title">{t('erase.underWay')}</p>
          <p>{undoUntil === null ? t('erase.noUndo') : t('erase.until', { moment: momentOf(new Date(undoUntil)) })}</p>
        </div>
        <ErrorNote error={error} />
        {undoUntil !== null && <Button label={t('erase.undo')} onClick={undo} disabled={busy} />}
      </div>
    </section>
  );
}
