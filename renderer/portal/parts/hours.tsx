import * as portal from '../../../sync/protocol/api/portal.ts';
import { currentLanguage, formatter, labelled, listed, timeOfDay } from '../../shared/i18n.ts';
import { ErrorNote, SelectField, useField } from '../../shared/web/form.tsx';
import { Panel } from '../../shared/web/pieces.tsx';
import { useRead } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { Waiting } from './waiting.tsx';

/** How many months can be chosen. */
const MONTHS = 12;

/** Returns the first and last day of a month, `YYYY-MM-DD`. @param back how many months ago */
function monthAgo(back: number): { readonly from: string; readonly to: string } {
  const now = new Date();
  const day = (month: number, date: number) =>
    new Date(Date.UTC(now.getFullYear(), month, date)).toISOString().slice(0, 10);
  return { from: day(now.getMonth() - back, 1), to: day(now.getMonth() - back + 1, 0) };
}

const DAY = { weekday: 'short', day: 'numeric', month: 'short' } as const;
const named = (day: string, options: Intl.DateTimeFormatOptions): string =>
  formatter(currentLanguage(), { ...options, timeZone: 'UTC' }).format(new Date(day));
const time = (minutes: number): string => t('hours.time', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
const at = (instant: string | null) => (instant ? timeOfDay(new Date(instant)) : '–');

/** How long the person was on site, by month. */
export function Hours() {
  const months = Array.from({ length: MONTHS }, (_, i) => monthAgo(i));
  const chosen = useField(months[0]!.from);
  const month = months.find(({ from }) => from === chosen.value) ?? months[0]!;
  const { value, error, reload } = useRead(portal.listMyDays, { query: month });
  const days = value?.items ?? [];
  const manySites = new Set(days.map(({ site }) => site)).size > 1;
  const missing = days.filter((day) => day.missing > 0);
  const counted = days.flatMap(({ minutes }) => minutes ?? []);
  return (
    <Panel title={t('hours.title')}>
      <p class="muted small">{t('hours.text')}</p>
      <SelectField
        label={t('hours.month')}
        {...chosen}
        options={months.map(({ from }) => [from, named(from, { month: 'long', year: 'numeric' })])}
      />
      <ErrorNote error={error} onRetry={reload} />
      {!value && !error && <Waiting />}
      {value && days.length === 0 && <p>{t('hours.none')}</p>}
      {counted.length > 0 && (
        <p class="setting">
          <strong class="record-how">{t('hours.total')}</strong>
          <strong class="tabular">{time(counted.reduce((sum, minutes) => sum + minutes, 0))}</strong>
        </p>
      )}
      {missing.length > 0 && (
        <p class="warned">{labelled(t('hours.missing'), listed(missing.map(({ day }) => named(day, DAY))))}</p>
      )}
      {days.length > 0 && (
        <details>
          <summary>{t('hours.days')}</summary>
          <ul>
            {days.map(({ day, site, firstIn, lastOut, minutes }) => (
              <li key={`${day} ${site}`} class="setting">
                <span class="record-how">
                  <time dateTime={day}>{named(day, DAY)}</time>
                  {manySites && <bdi class="muted small">{site}</bdi>}
                  <span class="muted small tabular">
                    {[firstIn, ...(lastOut ? [lastOut] : [])].map(at).join(' – ')}
                  </span>
                </span>
                {minutes !== null && <span class="tabular">{lastOut || minutes > 0 ? time(minutes) : '–'}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}
