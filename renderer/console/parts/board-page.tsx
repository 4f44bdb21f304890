import { currentLanguage, t } from '../../shared/i18n.ts';
import { IconCloudOff } from '../../shared/icons.tsx';
import { dateIn, timeIn } from '../clock.ts';
import type { Model } from '../model.ts';
import { CheckinList } from './checkin-list.tsx';
import { Kiosks } from './kiosks.tsx';
import { Languages } from './languages.tsx';
import { Mark } from './mark.tsx';
import { Stats } from './stats.tsx';

/** The live board: what is going on at this site, at a glance and in order. */
export function BoardPage({ model }: { model: Model }) {
  const { site } = model.board.value;
  return (
    <div class="board">
      <Header model={model} />
      <LostNotice model={model} />
      {site && (
        <main class="board-main" data-stale={model.lostAt.value !== null}>
          <Stats model={model} />
          <CheckinList model={model} />
          <Kiosks model={model} />
        </main>
      )}
    </div>
  );
}

function Header({ model }: { model: Model }) {
  const { site } = model.board.value;
  const language = currentLanguage();
  return (
    <header class="board-header">
      <Mark />
      <div class="board-title">
        <h1>{site?.name ?? 'SmartPresence'}</h1>
        <p class="muted">{site ? dateIn(model.serverNow.value, site.timeZone, language) : t('title')}</p>
      </div>
      <Line model={model} />
      {site && (
        <time class="board-clock tabular" title={t('siteTime', { zone: site.timeZone })}>
          {timeIn(model.serverNow.value, site.timeZone, language)}
        </time>
      )}
      <Languages />
      <button type="button" class="quiet" onClick={() => void model.leave()}>
        {t('leave')}
      </button>
    </header>
  );
}

/** State of the line: colour, shape and word say the same. */
function Line({ model }: { model: Model }) {
  const state = model.lostAt.value !== null ? 'lost' : model.board.value.log === null ? 'connecting' : 'live';
  return (
    <p class="line" data-state={state} role="status">
      <span class="line-dot" />
      {t(`line.${state}`)}
    </p>
  );
}

function LostNotice({ model }: { model: Model }) {
  const at = model.lostAt.value;
  const { site, clockOffset } = model.board.value;
  if (at === null) return null;
  return (
    <section class="notice" role="alert">
      <IconCloudOff />
      <div>
        <p class="notice-title">{t('lost.title')}</p>
        {site && <p>{t('lost.text', { time: timeIn(at + clockOffset, site.timeZone, currentLanguage()) })}</p>}
      </div>
    </section>
  );
}
