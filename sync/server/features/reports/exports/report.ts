import type { ReportColumn, ReportRow } from '../../../../protocol/api/reports.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { namedRows, type OpenReport, type Shown } from '../report.ts';
import { type Table, wallClock } from './files.ts';

type Cell = (row: ReportRow, timeZone: string) => string | number | null;
const wall = (at: string | null, timeZone: string) => (at === null ? null : wallClock(Date.parse(at), timeZone));

/** Each column of a report in a spreadsheet: its heading and its value. */
const CELLS: Readonly<Record<ReportColumn, readonly [heading: string, Cell]>> = {
  day: ['Day', (r) => r.day],
  site: ['Site', (r) => r.site?.name ?? null],
  name: ['Name', (r) => r.name],
  number: ['Number', (r) => r.number],
  people: ['People', (r) => r.people],
  days: ['Days', (r) => r.days],
  firstIn: ['First in', (r, zone) => wall(r.firstIn, zone)],
  lastOut: ['Last out', (r, zone) => wall(r.lastOut, zone)],
  late: ['Late arrivals', (r) => r.late],
  stays: ['Visits', (r) => r.stays],
  minutes: ['Minutes', (r) => r.minutes],
  missing: ['Missing check-outs', (r) => r.missing],
};

export function reportTable(db: Db, keys: Keys, report: OpenReport, shown: Shown): Table {
  const { columns, site } = report;
  const cells = columns.map((column): readonly [string, Cell] =>
    column === 'late' && report.by === 'person-day' ? ['Minutes late', (r) => r.lateMinutes] : CELLS[column],
  );
  async function* pages() {
    for await (const rows of namedRows(db, keys, report, shown))
      yield rows.map((row) => cells.map(([, cell]) => cell(row, site.timeZone)));
  }
  return { title: 'Report', columns: cells.map(([heading]) => heading), pages: pages() };
}
