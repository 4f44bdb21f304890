import { useEffect, useState } from 'preact/hooks';
import type { SessionState } from '../../../sync/protocol/api/session.ts';
import { Button } from '../../shared/button.tsx';
import { IconLock, IconMenu } from '../../shared/icons.tsx';
import { Preferences } from '../../shared/web/choices.tsx';
import { ErrorNote } from '../../shared/web/form.tsx';
import { Dialog, Empty, Mark } from '../../shared/web/pieces.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { go, route } from '../../shared/web/router.ts';
import { EndsSoon, usePageStart } from '../../shared/web/start.tsx';
import { t } from '../i18n.ts';
import { type ConsolePage, GROUPS, PAGES } from '../pages/index.ts';
import { PageFrame } from '../parts/page.tsx';
import { forgetPlaces, loadPlaces } from '../state/places.ts';
import { type Role, session } from '../state/session.ts';
import { Search, SearchButton } from './search.tsx';

/** The signed-in page: a rail with what their role may open, and the page that the address names. */
export function Shell({ account }: { account: SessionState }) {
  const role = account.role as Role;
  const [menu, setMenu] = useState(false);
  const { page: path, rest, query } = route.value;
  const pages = PAGES.filter((p) => p.roles.includes(role));
  const page = path === '' ? pages[0] : PAGES.find((p) => p.path === path);
  useEffect(() => {
    void loadPlaces();
    return forgetPlaces;
  }, []);
  const part = rest.join('/');
  useEffect(() => setMenu(false), [page, part]);
  const main = usePageStart(page ? t(`${page.path}.nav`) : t('missing.title'), page, part);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {t('skip')}
      </button>
      <header class="topbar">
        <Button kind="icon" aria-label={t('menu')} onClick={() => setMenu(true)}>
          <IconMenu />
        </Button>
        <Mark />
        <p class="topbar-title">{page ? t(`${page.path}.nav`) : 'SmartPresence'}</p>
        <SearchButton icon />
      </header>
      <div class="rail">
        <Rail account={account} pages={pages} at={page} />
      </div>
      {menu && (
        <Dialog title="SmartPresence" onClose={() => setMenu(false)}>
          <Rail account={account} pages={pages} at={page} />
        </Dialog>
      )}
      <Search pages={pages} />
      <main ref={main} id="main" class="main" tabIndex={-1}>
        <EndsSoon session={session} />
        {page?.roles.includes(role) ? (
          <page.View key={page.path} rest={rest} query={query} role={role} />
        ) : (
          <Missing allowed={page === undefined} first={pages[0]!} />
        )}
      </main>
    </div>
  );
}

function Rail({ account, pages, at }: { account: SessionState; pages: ConsolePage[]; at: ConsolePage | undefined }) {
  const { busy, error, run } = useWrite();
  return (
    <div class="rail-inner">
      <nav aria-label={t('menu')}>
        <p class="brand">
          <Mark />
          <span>SmartPresence</span>
        </p>
        <SearchButton />
        {GROUPS.map((group) => {
          const of = pages.filter((p) => p.group === group);
          if (of.length === 0) return null;
          return (
            <div key={group} class="rail-group">
              <p class="rail-title" id={`rail-${group}`}>
                {t(`group.${group}`)}
              </p>
              <ul aria-labelledby={`rail-${group}`}>
                {of.map((p) => (
                  <li key={p.path}>
                    <a href={`#/${p.path}`} aria-current={p === at ? 'page' : undefined}>
                      <p.Icon />
                      <span>{t(`${p.path}.nav`)}</span>
                      {p.Count && <p.Count />}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </nav>
      <footer class="rail-foot">
        <p class="who">
          <span class="who-email" dir="ltr">
            {account.email ?? t('noEmail')}
          </span>
          <span class="muted">{t(`role.${account.role as Role}`)}</span>
        </p>
        <ErrorNote error={error} />
        <Preferences />
        <Button label={t('leave')} onClick={() => void run(session.signOut)} disabled={busy} />
      </footer>
    </div>
  );
}

function Missing({ allowed, first }: { allowed: boolean; first: ConsolePage }) {
  const code = allowed ? 'missing' : 'forbidden';
  return (
    <PageFrame title="SmartPresence">
      <div class="card">
        <Empty title={t(`${code}.title`)} text={t(`${code}.text`)} icon={<IconLock />}>
          <Button onClick={() => go(first.path)}>{t(`${first.path}.nav`)}</Button>
        </Empty>
      </div>
    </PageFrame>
  );
}
