import { z } from 'zod';
import { MOST_COUNTED } from '../../../protocol/api/page.ts';
import {
  REPORTS,
  type ReportBy,
  type ReportColumn,
  type ReportRow,
  type ReportSort,
  type ReportSums,
  type reportQuery,
} from '../../../protocol/api/reports.ts';
import { type Rank, rankByName } from '../../core/people/names.ts';
import { selectRows } from '../../core/people/rows.ts';
import { policyOf } from '../../core/sites/policy.ts';
import { calendarOf, DEFAULT_SCOPE, listSites } from '../../core/sites/sites.ts';
import { readPageCursor, writePageCursor } from '../../platform/access/cursor.ts';
import type { Asked, Page } from '../../platform/access/list.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import {
  type DayOfPerson,
  daysBetween,
  instant,
  type PeriodOfSite,
  type ReportSite,
  readDays,
  reportSite,
  usesCheckouts,
  type WorkStart,
} from './day.ts';

/** A prepared report, from which the page, the file and the mail are made. */
export interface OpenReport {
  readonly by: ReportBy;
  readonly only: z.output<typeof reportQuery.only>;
  /** The requested site, even if the report has a row per site. */
  readonly site: ReportSite;
  readonly columns: readonly ReportColumn[];
  readonly parts: readonly PeriodOfSite[];
  /** Order of people. */
  readonly rank: Rank;
}

const ofPeople = (by: ReportBy): boolean => by === 'person' || by === 'person-day';

/** Returns the order for `openReport`: by name if rows are people's. For a single person, no other name is decrypted. */
export const rankFor = async (call: Parameters<typeof rankByName>[0] & { query: Asking }): Promise<Rank> =>
  ofPeople(call.query.by) && !call.query.person ? rankByName(call) : unranked;
const unranked: Rank = () => 0;
/** Rank of people without a known name. */
const LAST = Number.MAX_SAFE_INTEGER;

/** A row with its unique key, `row`, which is also the last sort key. */
type Found = Omit<ReportRow, 'name' | 'number'> & { readonly row: string };

/** Returns when work starts at a site by its present policy. Null if the policy doesn't say. */
async function workStart(db: Db, { id, isDefault, timeZone }: ReportSite): Promise<WorkStart | null> {
  const { workStartsAt, graceMinutes = 0 } = await policyOf(db, isDefault || id === null ? DEFAULT_SCOPE : id);
  return workStartsAt === undefined
    ? null
    : { dayOf: calendarOf({ timeZone, dayStartsAt: workStartsAt }), graceMinutes };
}

type Asking = { readonly by: ReportBy; readonly from: string; readonly to: string } & Partial<
  z.output<z.ZodObject<Pick<typeof reportQuery, 'site' | 'person' | 'only'>>>
>;

/** Prepares a report. @throws Problem `unknown-site`, `no-such-day`, `period-too-long` */
export async function openReport(
  db: Db,
  { by, only, person, from, to, ...asked }: Asking,
  timeZone: string,
  now: Date,
  rank = unranked,
): Promise<OpenReport> {
  const site = await reportSite(db, asked.site, timeZone);
  const sites: readonly ReportSite[] = by === 'site' ? await listSites(db) : [site];
  const parts: PeriodOfSite[] = [];
  let checkouts = false;
  for (const one of sites) {
    const days = daysBetween(one, from, to);
    checkouts ||= await usesCheckouts(db, one, days);
    // Future days are left out. The first day is always kept, so that the period isn't empty.
    const begun = days.filter((day, i) => i === 0 || day.start <= now.getTime());
    parts.push({ site: one, days: begun, person, work: await workStart(db, one), now });
  }
  const late = parts.some(({ work }) => work !== null);
  const columns = REPORTS[by].filter((column) => {
    if (column === 'late') return late;
    return checkouts || !(column === 'lastOut' || column === 'minutes' || column === 'missing');
  });
  return { by, only, site, columns, parts, rank };
}

const NOTHING: ReportSums = { people: 0, days: 0, stays: 0, minutes: 0, late: 0, missing: 0 };

const plus = (a: ReportSums, b: ReportSums): ReportSums =>
  Object.fromEntries(Object.keys(NOTHING).map((name) => [name, a[name as Sum] + b[name as Sum]])) as never;
type Sum = keyof ReportSums;

const sumsOf = (days: readonly DayOfPerson[]): ReportSums => ({
  people: new Set(days.map((d) => d.person)).size,
  days: days.length,
  stays: days.reduce((sum, d) => sum + d.stays.length, 0),
  minutes: days.reduce((sum, d) => sum + d.minutes, 0),
  late: days.filter((d) => d.lateMinutes !== null).length,
  missing: days.reduce((sum, d) => sum + d.missing, 0),
});

/** Makes a row from these days of people. */
const rowOf = (row: string, days: readonly DayOfPerson[], more: Partial<Found>): Found => ({
  row,
  day: null,
  site: null,
  person: null,
  firstIn: null,
  lastOut: null,
  lateMinutes: null,
  ...sumsOf(days),
  ...more,
});

interface Reading {
  /** Selects the people to read. Default: all. */
  readonly behind?: (person: string) => boolean;
  /** Called with the days of people in each page. */
  readonly counted?: (days: readonly DayOfPerson[]) => void;
}

/**
 * Returns the rows of a report in their natural order, page by page. For rows by day or site, only the sums are in memory; for
 * rows by person, nothing but the page. A day or site without anyone has a row too.
 */
async function* rowsOf(
  db: Db,
  { by, only, parts, rank }: OpenReport,
  { behind = () => true, counted }: Reading = {},
): AsyncGenerator<Found[]> {
  const sums = new Map<string, Found>();
  // The sort is stable, so people of equal rank stay sorted by id.
  const inOrder = (people: readonly string[]) =>
    people.filter(behind).sort((a, b) => (rank(a) ?? LAST) - (rank(b) ?? LAST));
  for (const [i, part] of parts.entries()) {
    const row = String(i).padStart(6, '0');
    if (by === 'site') sums.set(row, rowOf(row, [], { site: { id: part.site.id, name: part.site.name } }));
    if (by === 'day') for (const { day } of part.days) sums.set(day, rowOf(day, [], { day }));
    for await (const page of readDays(db, part, inOrder)) {
      const days = page.filter((d) => !only || (only === 'late' ? d.lateMinutes !== null : d.missing > 0));
      counted?.(days);
      if (by === 'person-day')
        yield days.map((d) => {
          const [firstIn, lastOut] = [instant(d.firstIn), instant(d.lastOut)];
          const { person, day, lateMinutes } = d;
          return rowOf(`${person} ${day.day}`, [d], { day: day.day, person, firstIn, lastOut, lateMinutes });
        });
      else if (by === 'person')
        yield [...Map.groupBy(days, (d) => d.person)].map(([person, own]) => rowOf(person, own, { person }));
      else
        for (const [key, own] of Map.groupBy(days, (d) => (by === 'site' ? row : d.day.day))) {
          const before = sums.get(key)!;
          sums.set(key, { ...before, ...plus(before, sumsOf(own)) });
        }
    }
  }
  if (sums.size > 0) yield [...sums.values()];
}

/** Adds up days of people. Someone in several rows counts once. */
function adder() {
  const people = new Set<string>();
  let sums = NOTHING;
  return {
    counted(days: readonly DayOfPerson[]) {
      for (const { person } of days) people.add(person);
      sums = plus(sums, sumsOf(days));
    },
    sums: (): ReportSums => ({ ...sums, people: people.size }),
  };
}

export async function reportSums(db: Db, report: OpenReport): Promise<ReportSums> {
  const { counted, sums } = adder();
  for await (const _ of rowsOf(db, report, { counted }));
  return sums();
}

type Place = readonly [value: string | number, row: string];

const After = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);

/**
 * Returns a page of a report. Sorted by people's names it only reads the page. In another order, or with a total, it computes
 * the whole report, since stays are computed from records and have no index, but keeps only the page in memory.
 *
 * @throws Problem `cursor-unreadable`, also for a cursor of another order
 */
export async function reportPage(
  db: Db,
  report: OpenReport,
  { sort, cursor, limit, total }: Asked<ReportSort>,
): Promise<Page<Found> & { readonly sums: ReportSums | null }> {
  const from = readPageCursor(After, cursor, sort);
  const whole = total && !from;
  const down = sort.startsWith('-');
  const key = (down ? sort.slice(1) : sort) as ReportSort;
  const sortedBy = (row: Found): Place[0] => {
    if (key === 'name') return row.person === null ? '' : (report.rank(row.person) ?? LAST);
    // Rows without this value sort before all others.
    return key === 'late' ? (row.lateMinutes ?? row.late) : (row[key] ?? '');
  };
  const placeOf = (row: Found): Place => [sortedBy(row), row.row];
  const order = (a: Place, b: Place) => (down ? -1 : 1) * (compare(a[0], b[0]) || compare(a[1], b[1]));
  const straight = sort === 'name' && ofPeople(report.by);
  let kept: Found[] = [];
  const cut = () => {
    kept.sort((a, b) => order(placeOf(a), placeOf(b)));
    kept = kept.slice(0, limit + 1);
  };
  let rows = 0;
  const { counted, sums } = adder();
  // The person of the last row, and their present rank, since people may have been added or removed meanwhile.
  const last = from?.[2].slice(0, 36) ?? '';
  const place: Place | null = from && [straight ? (report.rank(last) ?? from[1]) : from[1], from[2]];
  const behind = (person: string) => !straight || !place || (report.rank(person) ?? LAST) >= Number(place[0]);
  for await (const page of rowsOf(db, report, { behind, counted })) {
    rows += page.length;
    kept.push(...(place ? page.filter((row) => order(placeOf(row), place) > 0) : page));
    if (kept.length > limit * 8) cut();
    if (straight && !whole && kept.length > limit) break;
  }
  cut();
  const items = kept.slice(0, limit);
  const end = kept.length > limit ? items.at(-1) : undefined;
  return {
    items,
    next: end ? writePageCursor([sort, ...placeOf(end)]) : null,
    total: whole ? Math.min(rows, MOST_COUNTED + 1) : null,
    sums: whole ? sums() : null,
  };
}

const compare = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** Most people cached by one reader, a few megabytes. */
const REMEMBERED = 20_000;

/** Called with the people that each page names. */
export type Shown = (people: readonly string[]) => void;
type Named = Readonly<Record<'name' | 'number', string | null>>;
/** Returns name and number of people. Erased people are missing. */
type ReadNames = (ids: readonly string[]) => Promise<ReadonlyMap<string, Named>>;

/**
 * Returns a reader of names for the pages of one export, in its transaction. It caches people, since the same ones occur on
 * page after page, up to `REMEMBERED`.
 */
export function namesFor(db: Db, keys: Keys, shown: Shown): ReadNames {
  const known = new Map<string, Named>();
  return async (ids) => {
    const people = [...new Set(ids)];
    shown(people);
    if (known.size > REMEMBERED) known.clear();
    const wanted = people.filter((id) => !known.has(id));
    if (wanted.length > 0)
      for (const row of await selectRows(db, keys, wanted))
        known.set(row.id, { name: row.values.name ?? null, number: row.values.number ?? null });
    return known;
  };
}

export async function named(rows: readonly Found[], names: ReadNames): Promise<ReportRow[]> {
  const people = await names(peopleOf(rows));
  return rows.map(({ row: _, ...rest }) => {
    const { name = null, number = null } = (rest.person && people.get(rest.person)) || {};
    return { ...rest, name, number };
  });
}

/** Returns every row with name and number, page by page. */
export async function* namedRows(db: Db, keys: Keys, report: OpenReport, shown: Shown): AsyncGenerator<ReportRow[]> {
  const names = namesFor(db, keys, shown);
  for await (const rows of rowsOf(db, report)) yield named(rows, names);
}
