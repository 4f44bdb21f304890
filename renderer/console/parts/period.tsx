import { SelectField, TextField } from '../../shared/web/form.tsx';
import { setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { addDays, dayKeyIn } from '../state/clock.ts';
import { filterOf } from './filters.tsx';

/** Returns the first day of the quarter that contains a day. */
const quarterOf = (day: string): string => {
  const month = Number(day.slice(5, 7));
  return `${day.slice(0, 5)}${String(month - ((month - 1) % 3)).padStart(2, '0')}-01`;
};

/** Returns named periods by their first and last day. @param today `YYYY-MM-DD` */
function periodsOf(today: string) {
  const monday = addDays(today, -((new Date(today).getUTCDay() + 6) % 7));
  const first = `${today.slice(0, 8)}01`;
  const before = addDays(first, -1);
  const quarter = quarterOf(today);
  const ended = addDays(quarter, -1);
  return {
    month: [first, today],
    today: [today, today],
    yesterday: [addDays(today, -1), addDays(today, -1)],
    week: [monday, today],
    sevenDays: [addDays(today, -6), today],
    lastMonth: [`${before.slice(0, 8)}01`, before],
    quarter: [quarter, today],
    lastQuarter: [quarterOf(ended), ended],
    year: [`${today.slice(0, 4)}-01-01`, today],
  } as const satisfies Record<string, readonly [from: string, to: string]>;
}

/** Returns the first and last day in the page's address, `YYYY-MM-DD`. @param usual the period if it has none */
export function periodOf(query: URLSearchParams, zone: string, usual: keyof ReturnType<typeof periodsOf>) {
  const [from, to] = periodsOf(dayKeyIn(Date.now(), zone))[usual];
  return { from: query.get('from') || from, to: query.get('to') || to };
}

/** A period, chosen by name or by first and last day. */
export function PeriodFields({ from, to, zone }: { from: string; to: string; zone: string }) {
  const periods = periodsOf(dayKeyIn(Date.now(), zone));
  const names = Object.keys(periods) as (keyof typeof periods)[];
  const period = names.find((name) => periods[name][0] === from && periods[name][1] === to) ?? '';
  return (
    <>
      <SelectField
        label={t('reports.period')}
        value={period}
        onValue={(name) => name && setQuery({ from: periods[name][0], to: periods[name][1], row: null })}
        options={[
          ...names.map((name) => [name, t(`reports.periods.${name}`)] as const),
          ...(period === '' ? [['', t('reports.periods.other')] as const] : []),
        ]}
      />
      <TextField label={t('attendance.from')} type="date" {...filterOf('from')} value={from} />
      <TextField label={t('attendance.to')} type="date" {...filterOf('to')} value={to} />
    </>
  );
}
