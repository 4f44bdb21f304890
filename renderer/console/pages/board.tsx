import { useEffect, useState } from 'preact/hooks';
import { currentLanguage } from '../../shared/i18n.ts';
import { IconBoard, IconCloudOff } from '../../shared/icons.tsx';
import { dateIn, timeIn } from '../core/clock.ts';
import { createLive, type Live } from '../core/live.ts';
import { t } from '../i18n.ts';
import { CheckinList } from '../parts/checkin-list.tsx';
import { Kiosks } from '../parts/kiosks.tsx';
import { Stats } from '../parts/stats.tsx';
import { Skeleton } from '../parts/table.tsx';
import type { ConsolePage } from './page.ts';

export const boardPage: ConsolePage = {
  path: 'board',
  group: 'now',
  Icon: IconBoard,
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  View: Board,
};

/** The live board: what is going on at this site, at a glance and in order. */
function Board() {
  const [live] = useState(createLive);
  useEffect(() => live.connect(), [live]);
  const { site } = live.board.value;
  return (
    <div class="board">
      <Header live={live} />
      <LostNotice live={live} />
      {site ? (
        <div class="board-main" data-stale={live.lostAt.value !== null}>
          <Stats live={live} />
          <CheckinList live={live} />
          <Kiosks live={live} />
        </div>
      ) : (
        <Skeleton rows={8} />
      )}
    </div>
  );
}

function Header({ live }: { live: Live }) {
  const { site } = live.board.value;
  const language = currentLanguage();
  return (
    <header class="board-header">
      <div class="board-title">
        <h1>{site?.name ?? t('board.nav')}</h1>
        <p class="muted">{site ? dateIn(live.serverNow.value, site.timeZone, language) : t('board.title')}</p>
      </div>
      <Line live={live} />
      {site && (
        <time class="board-clock tabular" title={t('siteTime', { zone: site.timeZone })}>
          {timeIn(live.serverNow.value, site.timeZone, language)}
        </time>
      )}
    </header>
  );
}

/** State of the line: colour, shape and word say the same. */
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
        {site && <p>{t('board.lost.text', { time: timeIn(at + clockOffset, site.timeZone, currentLanguage()) })}</p>}
      </div>
    </section>
  );
}
