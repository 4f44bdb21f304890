import type { AttendanceFilter } from '../../../../protocol/api/attendance.ts';
import { listSites } from '../../../core/sites/sites.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { type FoundRecord, searchAttendance } from '../../attendance/search.ts';
import { namesFor } from './people.ts';
import type { Row, Table } from './table.ts';
import { wallClock } from './table.ts';

/** Records read at once. */
const PAGE = 1000;

const COLUMNS = [
  'Time (UTC)',
  'Time at the site',
  'Site',
  'Name',
  'Number',
  'Direction',
  'Claimed',
  'Method',
  'Liveness',
  'Device',
  'Not counted because',
  'Correction',
  'Record',
  'Person',
] as const;

/**
 * Records of a filter, newest first, with the names of their people.
 *
 * @param shown is called with the people each page names
 */
export function attendanceTable(
  db: Db,
  keys: Keys,
  filter: AttendanceFilter,
  shown: (people: readonly string[]) => void,
): Table {
  return { title: 'Attendance', columns: COLUMNS, pages: pages(db, keys, filter, shown) };
}

async function* pages(
  db: Db,
  keys: Keys,
  filter: AttendanceFilter,
  shown: (people: readonly string[]) => void,
): AsyncGenerator<Row[]> {
  const sites = await listSites(db);
  const standing = sites.find((s) => s.isDefault);
  const siteOf = (id: string | null) => (id === null ? standing : sites.find((s) => s.id === id));
  const devices = new Map(
    (await db.selectFrom('device').select(['id', 'name']).execute()).map((d) => [d.id, d.name] as const),
  );
  const names = namesFor(db, keys);
  let after: { at: string; id: string } | null = null;
  for (;;) {
    const found: FoundRecord[] = await searchAttendance(db, filter, PAGE, after);
    const ids = [...new Set(peopleOf(found))];
    shown(ids);
    const people = await names(ids);
    yield found.map((r): Row => {
      const site = siteOf(r.site);
      const person = r.person === null ? undefined : people.get(r.person);
      return [
        new Date(r.at),
        wallClock(Date.parse(r.at), site?.timeZone ?? 'UTC'),
        site?.name ?? null,
        person?.name ?? null,
        person?.number ?? null,
        r.direction,
        r.claimed,
        r.method,
        r.liveness,
        r.device === null ? null : (devices.get(r.device) ?? r.device),
        r.voided ?? (r.duplicateOf ? 'duplicate' : null),
        r.correction ? 'yes' : null,
        r.id,
        r.person,
      ];
    });
    const last = found.at(-1);
    if (found.length < PAGE || !last) return;
    after = { at: last.at, id: last.id };
  }
}
