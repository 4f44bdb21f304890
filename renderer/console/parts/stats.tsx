import type { ComponentChildren } from 'preact';
import { currentLanguage, t } from '../../shared/i18n.ts';
import { agoOf } from '../clock.ts';
import type { Model } from '../model.ts';

/** Three figures that answer what people open the page for. */
export function Stats({ model }: { model: Model }) {
  const { counts } = model.board.value;
  const latest = model.latest.value;
  return (
    <section class="stats" aria-label={t('title')}>
      <Stat label={t('stats.inside')} hint={t('stats.insideHint')} accent>
        {counts.insideNow}
      </Stat>
      <Stat label={t('stats.came')} hint={t('stats.cameHint', { count: counts.inToday })}>
        {counts.inToday}
      </Stat>
      <div class="card stat stat-latest">
        <p class="stat-label">{t('stats.latest')}</p>
        <p class="stat-name">{latest ? (latest.name ?? t('list.unknown')) : t('stats.none')}</p>
        <p class="stat-hint">
          {latest &&
            `${t(`direction.${latest.direction}`)} · ${agoOf(model.serverNow.value - Date.parse(latest.at), currentLanguage())}`}
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
      <p class="stat-figure tabular">{children}</p>
      <p class="stat-hint">{hint}</p>
    </div>
  );
}
