import { sql } from 'kysely';
import { NIL } from 'uuid';
import type { AttendanceFilter, AttendanceRow } from '../../protocol/api/attendance.ts';
import type { Db } from '../database/schema.ts';
import { listSites } from './sites.ts';

/** A record as the database has it, without its person's name. */
export type FoundRecord = Omit<AttendanceRow, 'name'>;

/** Where a page begins: the sort key of the last row of the one before. */
export interface After {
  readonly at: string;
  readonly id: string;
}

/**
 * Records that a filter asks for, newest first, by time and id.
 *
 * @param limit most rows
 * @param after rows behind this one
 */
export async function searchAttendance(
  db: Db,
  filter: AttendanceFilter,
  limit: number,
  after: After | null,
): Promise<FoundRecord[]> {
  const rows = await (await filtered(db, filter))
    .select([
      'c.id',
      'c.at',
      'c.received_at',
      'c.site',
      'c.device',
      'c.resolved',
      'c.direction',
      'c.method',
      'c.liveness',
      'c.person',
      'c.duplicate_of',
      'c.superseded_by',
      'c.corrected',
    ])
    .select((e) =>
      e
        .selectFrom('checkin_void as v')
        .select('v.reason')
        .whereRef('v.target', '=', 'c.id')
        .whereRef('v.device', '=', 'c.device')
        .limit(1)
        .as('reason'),
    )
    // `at` apart, so that only the partitions up to there are looked at.
    .$if(after !== null, (q) =>
      q
        .where('c.at', '<=', new Date(after!.at))
        .where(sql<boolean>`(c.at, c.id) < (${after!.at}::timestamptz, ${after!.id}::uuid)`),
    )
    .orderBy('c.at', 'desc')
    .orderBy('c.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((r) => ({
    id: r.id,
    at: r.at.toISOString(),
    receivedAt: r.received_at.toISOString(),
    site: r.site,
    device: r.device === NIL ? null : r.device,
    direction: r.resolved,
    claimed: r.direction,
    method: r.method as AttendanceRow['method'],
    liveness: r.liveness as AttendanceRow['liveness'],
    person: r.person,
    voided: r.reason ?? (r.superseded_by ? 'corrected' : null),
    duplicateOf: r.duplicate_of,
    supersededBy: r.superseded_by === NIL ? null : r.superseded_by,
    correction: r.corrected,
  }));
}

async function filtered(db: Db, f: AttendanceFilter) {
  let query = db.selectFrom('checkin as c');
  if (f.person !== undefined) query = query.where('c.person', '=', f.person);
  if (f.device !== undefined) query = query.where('c.device', '=', f.device);
  if (f.from !== undefined) query = query.where('c.at', '>=', new Date(f.from));
  if (f.to !== undefined) query = query.where('c.at', '<', new Date(f.to));
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
    // A record without a site is the default site's.
    query = query.where((e) =>
      isDefault ? e.or([e('c.site', '=', f.site!), e('c.site', 'is', null)]) : e('c.site', '=', f.site!),
    );
  }
  return query;
}
