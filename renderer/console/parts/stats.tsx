import type { ComponentChildren } from 'preact';
import { currentLanguage } from '../../shared/i18n.ts';
import { t } from '../i18n.ts';
import { agoOf } from '../state/clock.ts';
import type { Live } from '../state/live.ts';

/** Three numbers that answer what people open the page for. */
export function Stats({ live }: { live: Live }) {
  const { counts } = live.board.value;
  const latest = live.latest.value;
  return (
    <section class="stats" aria-label={t('board.title')}>
      <Stat label={t('board.stats.inside')} hint={t('board.stats.insideHint')} accent>
        {counts.insideNow}
      </Stat>
      <Stat label={t('board.stats.came')} hint={t('board.stats.cameHint', { count: counts.inToday })}>
        {counts.inToday}
      </Stat>
      <div class="card stat stat-latest">
        <p class="stat-label">{t('board.stats.latest')}</p>
        <p class="stat-name">{latest ? (latest.name ?? t('board.list.unknown')) : t('board.stats.none')}</p>
        <p class="stat-hint">
          {latest &&
            `${t(`direction.${latest.direction}`)} · ${agoOf(live.serverNow.value - Date.parse(latest.at), currentLanguage())}`}
        </p>
      </div>
    </section>
  );
}

function Stat({
  label,
  hint,
  accent = false,
  children,
}: {
  label: string;
  hint: string;
  accent?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class="card stat" data-accent={accent}>
      <p class="stat-label">{label}</p>
      <p class="stat-value tabular">{children}</p>
      <p class="stat-hint">{hint}</p>
    </div>
  );
}
