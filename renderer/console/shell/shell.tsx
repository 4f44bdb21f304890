import { useEffect, useState } from 'preact/hooks';
import type { SessionState } from '../../../sync/protocol/api/session.ts';
import { Button } from '../../shared/button.tsx';
import { IconLock, IconMenu } from '../../shared/icons.tsx';
import { Preferences } from '../../shared/web/choices.tsx';
import { Dialog, Empty, Mark } from '../../shared/web/pieces.tsx';
import { go, route } from '../../shared/web/router.ts';
import { EndsSoon, Leave, usePageStart } from '../../shared/web/start.tsx';
import { t } from '../i18n.ts';
import { type ConsolePage, PAGES, SECTIONS } from '../pages/index.ts';
import { PageFrame } from '../parts/page.tsx';
import { forgetPlaces, loadPlaces } from '../state/places.ts';
import { type Role, session } from '../state/session.ts';
import { Search, SearchButton } from './search.tsx';

/** The signed-in page: a rail with the pages of the role, and the page in the address. */
export function Shell({ account }: { account: SessionState }) {
  const role = account.role as Role;
  const [menu, setMenu] = useState(false);
  const { page: path, rest, query } = route.value;
  const pages = PAGES.filter((p) => p.roles.includes(role));
  const page = path === '' ? pages[0] : [...pages, ...PAGES].find((p) => p.path === path);
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
      <Search pages={pages} role={role} />
      <main ref={main} id="main" class="main" tabIndex={-1}>
        <EndsSoon session={session} />
        <Tabs pages={pages} at={page} />
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
  return (
    <div class="rail-inner">
      <nav aria-label={t('menu')}>
        <p class="brand">
          <Mark />
          <span>SmartPresence</span>
        </p>
        <SearchButton />
        <ul>
          {(Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]).map((section) => {
            const [first, ...others] = pages.filter((p) => p.section === section);
            if (!first) return null;
            const Icon = SECTIONS[section];
            return (
              <li key={section}>
                <a href={`#/${first.path}`} aria-current={currentIn(at, first, section)}>
                  <Icon />
                  <span>{t(`section.${section}`)}</span>
                  {[first, ...others].map((p) => p.Count && <p.Count key={p.path} />)}
                </a>
              </li>
            );
          })}
        </ul>
      </nav>
      <footer class="rail-foot">
        <p class="who">
          <span class="who-email" dir="ltr">
            {account.email ?? t('fleet.by.operator')}
          </span>
          <span class="muted">{t(`role.${account.role as Role}`)}</span>
        </p>
        <Preferences />
        <Leave session={session} />
      </footer>
    </div>
  );
}

/** `aria-current` of a link: `page` for the current page; `true` if another page of its section is current. */
const currentIn = (at: ConsolePage | undefined, first: ConsolePage, section: ConsolePage['section']) =>
  at === first ? 'page' : at?.section === section ? 'true' : undefined;

/** The pages of the current section, if the role has more than one of them. */
function Tabs({ pages, at }: { pages: readonly ConsolePage[]; at: ConsolePage | undefined }) {
  const of = pages.filter((p) => p.section === at?.section);
  if (!at || of.length < 2) return null;
  return (
    <nav class="tabs" aria-label={t(`section.${at.section}`)}>
      <ul>
        {of.map((p) => (
          <li key={p.path}>
            <a href={`#/${p.path}`} aria-current={p === at ? 'page' : undefined}>
              {t(`${p.path}.nav`)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
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
