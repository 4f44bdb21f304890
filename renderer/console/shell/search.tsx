import { signal } from '@preact/signals';
import { useId, useLayoutEffect, useState } from 'preact/hooks';
import { nameFit, partsOf } from '../../../sync/protocol/api/matching.ts';
import { Button } from '../../shared/button.tsx';
import {
  IconAddPerson,
  IconDownload,
  IconExit,
  IconInfo,
  IconKiosk,
  IconPeople,
  IconSearch,
  IconSettings,
  IconStaff,
} from '../../shared/icons.tsx';
import { Dialog } from '../../shared/web/pieces.tsx';
import { go, route } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { guideHidden, hideGuide } from '../pages/home/setup-guide.tsx';
import { type ConsolePage, SECTIONS } from '../pages/index.ts';
import { nameLabel, SETTINGS } from '../pages/settings/declared.ts';
import { foundSettings } from '../pages/settings/policy.tsx';
import { Combobox, type Option, type OptionGroup } from '../parts/combobox.tsx';
import { personOption, SearchCut, SearchStatus, usePeopleSearch } from '../parts/people-search.tsx';
import { kioskPath } from '../parts/place-links.tsx';
import { kiosks, siteOf, sites } from '../state/places.ts';
import type { Role } from '../state/session.ts';

/** Common actions. Each is on a page, and is offered to roles that have that page. */
const ACTIONS = [
  { id: 'addPerson', page: 'people', query: { add: '1' }, Icon: IconAddPerson },
  { id: 'inside', page: 'presence', query: {}, Icon: IconPeople },
  { id: 'rollCall', page: 'evacuation', query: {}, Icon: IconExit },
  { id: 'export', page: 'attendance', query: {}, Icon: IconDownload },
] as const;
/** Most results for each of kiosks, sites, pages and settings. */
const MOST = 6;

const keys = () => (/Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl+K');

const open = signal(false);
const show = () => {
  open.value = true;
};

export const SearchButton = ({ icon = false }: { icon?: boolean }) =>
  icon ? (
    <Button kind="icon" class="search-icon" aria-label={t('search.open')} onClick={show}>
      <IconSearch />
    </Button>
  ) : (
    <button type="button" class="search-box" aria-keyshortcuts="Meta+K Control+K" onClick={show}>
      <IconSearch />
      <span>{t('search.open')}</span>
      <kbd dir="ltr">{keys()}</kbd>
    </button>
  );

/**
 * The palette: finds people, kiosks, sites, pages, settings and actions. Also opened by ⌘K and Ctrl+K. It is rendered outside
 * of rail and bar, one of which is always hidden.
 */
export function Search({ pages, role }: SearchProps) {
  const close = () => {
    open.value = false;
  };
  // A layout effect, so that the keys work as soon as the page is drawn.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { key, metaKey, ctrlKey, altKey, shiftKey } = event;
      if (key.toLowerCase() !== 'k' || !(metaKey || ctrlKey) || altKey || shiftKey) return;
      event.preventDefault();
      // Not over a dialog, which may hold unfinished input.
      if (!document.querySelector('dialog[open]')) show();
    };
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
      close();
    };
  }, []);
  return open.value ? (
    <Dialog title={t('search.open')} onClose={close}>
      <Palette pages={pages} role={role} onDone={close} />
    </Dialog>
  ) : null;
}

interface SearchProps {
  /** The pages of the role, in the order of the rail. */
  pages: readonly ConsolePage[];
  role: Role;
}

function Palette({ pages, role, onDone }: SearchProps & { onDone: () => void }) {
  const [typed, setTyped] = useState('');
  const id = useId();
  const mayFind = pages.some((page) => page.path === 'people');
  const found = usePeopleSearch(mayFind ? typed : '', { limit: 8 });
  const to =
    (path: string, query: Readonly<Record<string, string>> = {}) =>
    () => {
      onDone();
      go(path, query);
    };
  const may = (path: string) => pages.some((page) => page.path === path);
  const guide = {
    id: 'guide',
    label: t('search.action.guide'),
    icon: <IconInfo />,
    pick: () => {
      hideGuide(false);
      to('home')();
    },
  };
  const people = found.items.map((p) => ({ ...personOption(p, to(`people/${p.id}`)), icon: <IconStaff /> }));
  const actions = ACTIONS.filter(({ page }) => may(page)).map(
    ({ id: action, page, query, Icon }): Option => ({
      id: action,
      label: t(`search.action.${action}`),
      icon: <Icon />,
      pick: to(page, query),
    }),
  );
  const ownPages = pages.map(({ path, section }) => {
    const Icon = SECTIONS[section];
    return { id: `page-${path}`, label: t(`${path}.nav`), icon: <Icon />, pick: to(path) };
  });
  const ownKiosks = kiosks.value.map(({ id: kiosk, name, site }) => ({
    id: kiosk,
    label: name,
    detail: siteOf(site)?.name ?? null,
    icon: <IconKiosk />,
    pick: to(kioskPath(kiosk)),
  }));
  const ownSites = sites.value.map(({ id: site, name }) => ({
    id: `site-${site}`,
    label: name,
    pick: to(`sites/${site}`),
  }));
  const asked = typed.trim() !== '';
  const settings = asked && may('settings') ? foundSettings(typed) : [];
  // On the settings page, results keep its site.
  const site = route.value.page === 'settings' ? (route.value.query.get('site') ?? '') : '';
  const ownSettings = settings.map((name): Option => {
    const label = nameLabel(name);
    // A dependent setting may be hidden on its own, so its topic is searched for instead.
    const find = SETTINGS[name].when ? t(`settings.topic.${SETTINGS[name].topic}`) : label;
    return { id: `setting-${name}`, label, icon: <IconSettings />, pick: to('settings', { find, site }) };
  });
  const groups: OptionGroup[] = [
    { id: 'people', label: t('people.nav'), options: people },
    {
      id: 'actions',
      label: t('search.actions'),
      ...fitting(typed, role === 'admin' && guideHidden.value ? [...actions, guide] : actions),
    },
    { id: 'pages', label: t('search.pages'), ...fitting(typed, ownPages) },
    { id: 'kiosks', label: t('devices.nav'), ...fitting(typed, asked ? ownKiosks : []) },
    { id: 'sites', label: t('search.sites'), ...fitting(typed, asked ? ownSites : []) },
    { id: 'settings', label: t('settings.nav'), ...first(ownSettings) },
  ];
  return (
    <div class="palette">
      <Combobox
        id={id}
        label={t('search.open')}
        placeholder={t(mayFind ? 'search.placeholder' : 'search.placeholderPlaces')}
        value={typed}
        onValue={setTyped}
        groups={groups}
        always
        status={<SearchStatus found={found} />}
      />
      {people.length > 0 && <SearchCut found={found} />}
      {found.error && groups.some((g) => g.options.length > 0) && <SearchStatus found={found} />}
    </div>
  );
}

/** Returns the options that match the text best, or all without one; at most `MOST`, and the number left out. */
function fitting(typed: string, options: readonly Option[]): Pick<OptionGroup, 'options' | 'left'> {
  const parts = partsOf(typed);
  const fit =
    parts.length === 0
      ? options
      : options
          .map((option) => ({ option, fit: nameFit(partsOf(option.label), parts) }))
          .filter(({ fit }) => fit > 0)
          .sort((a, b) => b.fit - a.fit)
          .map(({ option }) => option);
  return first(fit);
}

const first = (options: readonly Option[]): Pick<OptionGroup, 'options' | 'left'> => ({
  options: options.slice(0, MOST),
  left: Math.max(0, options.length - MOST),
});
