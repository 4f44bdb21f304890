import { useEffect, useMemo } from 'preact/hooks';
import { ATTENTION_KINDS, countAttention } from '../../../sync/protocol/api/attention.ts';
import { numberOf } from '../../shared/i18n.ts';
import { IconCloudOff } from '../../shared/icons.tsx';
import { demo } from '../../shared/web/demo.tsx';
import { useRead } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { CheckinList, RowName } from '../parts/checkin-list.tsx';
import { SiteField } from '../parts/filters.tsx';
import type { PageProps } from '../parts/page.tsx';
import { KioskLink } from '../parts/place-links.tsx';
import { Skeleton } from '../parts/reading.tsx';
import { agoOf, dateIn, timeIn } from '../state/clock.ts';
import { createLive, type Live } from '../state/live.ts';
import { IN_CONTACT_MS } from '../state/presence.ts';
import type { Role } from '../state/session.ts';
import { POLL_MS } from './attention.tsx';
import { SetupGuide } from './home/setup-guide.tsx';

/** The first page: current activity at this site, what is waiting, and how to get started. */
export function Home({ role, query }: PageProps) {
  const chosen = query.get('site');
  const live = useMemo(() => createLive(chosen), [chosen]);
  useEffect(() => live.connect(), [live]);
  const { site } = live.board.value;
  return (
    <div class="board">
      <Header live={live} />
      <LostNotice live={live} />
      {role === 'admin' && demo.value !== 'emptying' && <SetupGuide />}
      {site ? (
        <div class="board-main" data-stale={live.lostAt.value !== null}>
          <Stats live={live} role={role} site={chosen} />
          <CheckinList live={live} />
          <div class="board-side">
            {role !== 'auditor' && <Open />}
            <Kiosks live={live} />
          </div>
        </div>
      ) : (
        <Skeleton rows={8} />
      )}
    </div>
  );
}

function Header({ live }: { live: Live }) {
  const { site } = live.board.value;
  return (
    <header class="board-header">
      <div class="board-title">
        <h1>{site?.name ?? t('home.nav')}</h1>
        <p class="muted">{site ? dateIn(live.serverNow.value, site.timeZone) : t('board.title')}</p>
      </div>
      <SiteField />
      <Line live={live} />
      {site && (
        <time class="board-clock tabular" title={t('siteTime', { zone: site.timeZone })}>
          {timeIn(live.serverNow.value, site.timeZone)}
        </time>
      )}
    </header>
  );
}

/** State of the live connection, expressed alike by colour, shape and text. */
function Line({ live }: { live: Live }) {
  const state = live.lostAt.value !== null ? 'lost' : live.board.value.log === null ? 'connecting' : 'live';
  return (
    <p class="line" data-state={state} role="status">
      <span class="line-dot" />
      {t(`board.line.${state}`)}
    </p>
  );
}

function LostNotice({ live }: { live: Live }) {
  const at = live.lostAt.value;
  const { site, clockOffset } = live.board.value;
  if (at === null) return null;
  return (
    <section class="note" data-kind="bad" role="alert">
      <IconCloudOff />
      <div>
        <p class="note-title">{t('board.lost.title')}</p>
        {site && <p>{t('board.lost.text', { time: timeIn(at + clockOffset, site.timeZone) })}</p>}
      </div>
    </section>
  );
}

/** What is waiting, by kind. Only counts, since the page may be on a wall display. */
function Open() {
  const { value } = useRead(countAttention, {}, POLL_MS);
  if (!value) return null;
  const kinds = ATTENTION_KINDS.filter((kind) => value.kinds[kind]);
  return (
    <section class="card open-items" aria-labelledby="open-title" data-some={kinds.length > 0}>
      <h2 id="open-title">{t('attention.nav')}</h2>
      {kinds.length === 0 && <p class="muted">{t('attention.none')}</p>}
      <ul>
        {kinds.map((kind) => (
          <li key={kind}>
            <a href={`#/attention?kind=${kind}`}>
              <span>{t(`attention.kind.${kind}`)}</span>
              <span class="rail-count tabular">{numberOf(value.kinds[kind] ?? 0)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Kiosks({ live }: { live: Live }) {
  const { devices } = live.board.value;
  const now = live.serverNow.value;
  return (
    <section class="card kiosks" aria-labelledby="kiosks-title">
      <h2 id="kiosks-title">{t('board.kiosks.title')}</h2>
      {devices.length === 0 && <p class="muted">{t('board.kiosks.none')}</p>}
      <ul>
        {devices.map(({ id, name, lastHeardAt }) => {
          const silence = lastHeardAt === null ? null : now - Date.parse(lastHeardAt);
          const state = silence === null ? 'never' : silence <= IN_CONTACT_MS ? 'online' : 'silent';
          return (
            <li key={id} class="kiosk" data-state={state}>
              <span class="kiosk-dot" aria-hidden="true" />
              <div>
                <p class="kiosk-name">
                  <KioskLink id={id} name={name} />
                </p>
                <p class="muted">{t(`board.kiosks.${state}`, { ago: agoOf(silence ?? 0) })}</p>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** The three numbers that people open the page for. */
function Stats({ live, role, site }: { live: Live; role: Role; site: string | null }) {
  const { counts } = live.board.value;
  const latest = live.latest.value;
  return (
    <section class="stats" aria-label={t('board.title')}>
      <Stat
        label={t('board.stats.inside')}
        hint={t('board.stats.insideHint')}
        to={role === 'auditor' ? undefined : site === null ? 'presence' : `presence?site=${site}`}
        accent
      >
        {counts.insideNow}
      </Stat>
      <Stat label={t('board.stats.came')} hint={t('board.stats.cameHint', { count: counts.inToday })}>
        {counts.inToday}
      </Stat>
      <div class="card stat stat-latest">
        <p class="stat-label">{t('board.stats.latest')}</p>
        <p class="stat-name">{latest ? <RowName row={latest} /> : t('board.stats.none')}</p>
        <p class="stat-hint">
          {latest && `${t(`direction.${latest.direction}`)} · ${agoOf(live.serverNow.value - Date.parse(latest.at))}`}
        </p>
      </div>
    </section>
  );
}

interface StatProps {
  label: string;
  hint: string;
  accent?: boolean;
  /** Path of the page with the people behind the number. */
  to?: string | undefined;
  children: number;
}

function Stat({ label, hint, accent = false, to, children }: StatProps) {
  return (
    <div class="card stat" data-accent={accent}>
      <p class="stat-label">{to ? <a href={`#/${to}`}>{label}</a> : label}</p>
      <p class="stat-value tabular">{numberOf(children)}</p>
      <p class="stat-hint">{hint}</p>
    </div>
  );
}
