import { sql } from 'kysely';
import { NIL } from 'uuid';
import type { AttendanceFilter, AttendanceRow } from '../../../protocol/api/attendance.ts';
import { listSites, ofSite } from '../../core/sites/sites.ts';
import { actorOf, staffNames } from '../../core/staff/store.ts';
import { type Asked, byTimeOf, type Page, pageOfItems, readPage } from '../../platform/access/list.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

/** A record as the database has it, without its person's name. */
export type FoundRecord = Omit<AttendanceRow, 'name' | 'by' | 'voidedBy' | 'reason'>;

const SORTING = { by: { at: byTimeOf('c.at') }, id: 'c.id' };

export async function searchAttendance(
  db: Db,
  filter: AttendanceFilter,
  ask: Asked<keyof typeof SORTING.by>,
): Promise<Page<FoundRecord>> {
  const records = (await filtered(db, filter))
    .select(['c.id', 'c.at', 'c.received_at', 'c.site', 'c.device', 'c.person', 'c.method', 'c.liveness'])
    .select(['c.resolved as direction', 'c.direction as claimed', 'c.corrected as correction'])
    .select(['c.duplicate_of as duplicateOf', 'c.superseded_by'])
    .select([
      sql<string | null>`(select v.reason from checkin_void v where v.target = c.id and v.device = c.device)`.as(
        'reason',
      ),
      sql<string | null>`(select k.kind from correction k where k.id = c.superseded_by)`.as('correction_kind'),
    ]);
  return pageOfItems(
    await readPage(db, records, SORTING, ask),
    ({ received_at, superseded_by, reason, correction_kind, ...record }) => ({
      ...record,
      at: record.at.toISOString(),
      receivedAt: received_at.toISOString(),
      device: record.device === NIL ? null : record.device,
      method: record.method as AttendanceRow['method'],
      liveness: record.liveness as AttendanceRow['liveness'],
      voided: whyVoided({ reason, superseded_by, correction_kind }),
      supersededBy: superseded_by === NIL ? null : superseded_by,
    }),
  );
}

/** Why a record doesn't count: reason of its void, `corrected` if another replaces it, `staff` if none does. Null: it counts. */
export const whyVoided = (row: {
  readonly reason: string | null;
  readonly superseded_by: string | null;
  readonly correction_kind: string | null;
}): string | null => {
  if (row.reason !== null || row.superseded_by === null) return row.reason;
  return row.correction_kind === 'void' || row.correction_kind === 'undo' ? 'staff' : 'corrected';
};

/** Returns which kiosk staff made or voided these records by hand. Records without staff involved are missing. */
export async function staffOfRecords(
  db: Db,
  keys: Keys,
  records: readonly string[],
): Promise<ReadonlyMap<string, Pick<AttendanceRow, 'by' | 'voidedBy'>>> {
  if (records.length === 0) return new Map();
  const { rows } = await sql<{ id: string; by: string | null; voided_by: string | null }>`
    select c.id, e.header->'open'->>'by' as by, w.header->'open'->>'by' as voided_by
    from checkin c
    left join event e on e.id = c.id
    left join checkin_void v on v.target = c.id and v.device = c.device
    left join event w on w.id = v.event
    where c.id = any(${[...records]}::uuid[])
      and (e.header->'open'->>'by' is not null or w.header->'open'->>'by' is not null)`.execute(db);
  const actors = rows.flatMap((r) => [r.by, r.voided_by]);
  const names = await staffNames(db, keys, actors);
  return new Map(rows.map((r) => [r.id, { by: actorOf(r.by, names), voidedBy: actorOf(r.voided_by, names) }]));
}

/** Local time of a record at its site, `HH:MM`. */
const clock = sql<string>`to_char(c.at at time zone coalesce((select s.time_zone from site s where s.id = c.site),
  (select s.time_zone from site s where s.is_default)), 'HH24:MI')`;

function withinDay(from = '00:00', to = '24:00') {
  const [after, before] = [sql<boolean>`${clock} >= ${from}`, sql<boolean>`${clock} < ${to}`];
  return from < to ? sql<boolean>`(${after} and ${before})` : sql<boolean>`(${after} or ${before})`;
}

async function filtered(db: Db, f: AttendanceFilter) {
  let query = db.selectFrom('checkin as c');
  if (f.person !== undefined) query = query.where('c.person', '=', f.person);
  if (f.device !== undefined) query = query.where('c.device', '=', f.device);
  if (f.from !== undefined) query = query.where('c.at', '>=', new Date(f.from));
  if (f.to !== undefined) query = query.where('c.at', '<', new Date(f.to));
  if (f.timeFrom !== undefined || f.timeTo !== undefined) query = query.where(withinDay(f.timeFrom, f.timeTo));
  if (f.direction !== undefined) query = query.where('c.resolved', '=', f.direction);
  if (f.method !== undefined) query = query.where('c.method', '=', f.method);
  if (f.duplicates !== undefined) query = query.where('c.duplicate_of', f.duplicates ? 'is not' : 'is', null);
  if (f.voided !== undefined) {
    const voided = sql<boolean>`(c.superseded_by is not null or exists (
      select from checkin_void v where v.target = c.id and v.device = c.device))`;
    query = query.where(f.voided ? voided : sql<boolean>`not ${voided}`);
  }
  if (f.site !== undefined) {
    const isDefault = (await listSites(db)).some((s) => s.isDefault && s.id === f.site);
    query = query.where(ofSite({ id: f.site, isDefault }, 'c.site'));
  }
  return query;
}
