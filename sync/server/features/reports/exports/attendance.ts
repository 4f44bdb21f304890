import type { AttendanceFilter } from '../../../../protocol/api/attendance.ts';
import type { ProductLanguage } from '../../../../protocol/api/languages.ts';
import { listSites } from '../../../core/sites/sites.ts';
import { findAll } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { searchAttendance } from '../../attendance/search.ts';
import { namesFor, type Shown } from '../report.ts';
import { type Row, type Table, wallClock } from './files.ts';
import { HEADINGS } from './headings.ts';

const PAGE = 1000;

const COLUMNS = [
  'at',
  'siteTime',
  'site',
  'name',
  'number',
  'direction',
  'claimed',
  'method',
  'liveness',
  'device',
  'voided',
  'correction',
  'record',
  'person',
] as const;

/** @param language language of the headings */
export function attendanceTable(
  db: Db,
  keys: Keys,
  filter: AttendanceFilter,
  language: ProductLanguage,
  shown: Shown,
): Table {
  async function* pages(): AsyncGenerator<Row[]> {
    const sites = await listSites(db);
    const standing = sites.find((s) => s.isDefault);
    const siteOf = (id: string | null) => (id === null ? standing : sites.find((s) => s.id === id));
    for await (const records of namedRecords(db, keys, filter, shown))
      yield records.map((r): Row => {
        const site = siteOf(r.site);
        return [
          new Date(r.at),
          wallClock(Date.parse(r.at), site?.timeZone ?? 'UTC'),
          site?.name ?? null,
          r.name,
          r.number,
          r.direction,
          r.claimed,
          r.method,
          r.liveness,
          r.kiosk,
          r.voided ?? (r.duplicateOf ? 'duplicate' : null),
          r.correction ? 'yes' : null,
          r.id,
          r.person,
        ];
      });
  }
  const { title, ...columns } = HEADINGS[language].attendance;
  return { title, columns: COLUMNS.map((column) => columns[column]), pages: pages() };
}

export async function* namedRecords(db: Db, keys: Keys, filter: AttendanceFilter, shown: Shown) {
  const devices = await findAll(db, 'device', {}, ['id', 'name']);
  const kiosks = new Map(devices.map((d) => [d.id, d.name]));
  const names = namesFor(db, keys, shown);
  for (let cursor: string | undefined; ; ) {
    const { items: found, next } = await searchAttendance(db, filter, { sort: '-at', cursor, limit: PAGE });
    const people = await names(peopleOf(found));
    yield found.map((r) => {
      const { name = null, number = null } = (r.person && people.get(r.person)) || {};
      return { ...r, name, number, kiosk: r.device && (kiosks.get(r.device) ?? r.device) };
    });
    if (next === null) return;
    cursor = next;
  }
}
