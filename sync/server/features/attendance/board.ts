import { sql } from 'kysely';
import { type Board, type BoardCounts, type BoardRow, MAX_BOARD_ROWS } from '../../../protocol/api/live.ts';
import { namesOf } from '../../core/people/records.ts';
import { calendarOf, listSites } from '../../core/sites/sites.ts';
import { horizon } from '../../platform/database/feed.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { whyVoided } from './search.ts';

export interface BoardSource {
  readonly db: Db;
  readonly keys: Keys;
  readonly logEpoch: string;
  readonly site: { readonly name: string; readonly timeZone: string };
}

/**
 * The board as of now: what changed since `since`, or the newest rows when there is no such position, it is of another log,
 * or more has changed than one message holds. Positions and what they promise: platform/database/feed.ts.
 */
export async function readBoard(
  source: BoardSource,
  since: { log?: string | undefined; after?: number | undefined },
  now: Date,
): Promise<Board> {
  const { db, keys, logEpoch, site } = source;
  // Before the rows: what commits in between is read now, and again next time.
  const position = await horizon(db);
  const resumable = since.log === logEpoch && since.after !== undefined && since.after <= position;
  const changed = resumable
    ? await selectRows(db)
        .where('c.change', '>=', since.after!)
        .limit(MAX_BOARD_ROWS + 1)
        .execute()
    : null;
  const whole = !changed || changed.length > MAX_BOARD_ROWS;
  const found = whole
    ? await selectRows(db).orderBy('c.at', 'desc').orderBy('c.id', 'desc').limit(MAX_BOARD_ROWS).execute()
    : changed;
  const names = await namesOf(db, keys, peopleOf(found));
  const rows = found.map(
    (r): BoardRow => ({
      id: r.id,
      change: Number(r.change),
      at: r.at.toISOString(),
      receivedAt: r.received_at.toISOString(),
      direction: r.resolved,
      method: r.method as BoardRow['method'],
      liveness: r.liveness as BoardRow['liveness'],
      name: (r.person && names.get(r.person)) ?? null,
      person: r.person,
      device: r.device,
      voided: whyVoided(r),
      claimed: r.direction,
      duplicateOf: r.duplicate_of,
    }),
  );
  return {
    log: logEpoch,
    position,
    whole,
    rows,
    counts: await counts(db, site.timeZone, now),
    ...(await devices(db, whole ? null : since.after!)),
    site,
    serverTime: now.toISOString(),
  };
}

function selectRows(db: Db) {
  return db
    .selectFrom('checkin as c')
    .leftJoin('checkin_void as v', (join) => join.onRef('v.target', '=', 'c.id').onRef('v.device', '=', 'c.device'))
    .leftJoin('correction as k', 'k.id', 'c.superseded_by')
    .select([
      'c.id',
      'c.change',
      'c.at',
      'c.received_at',
      'c.direction',
      'c.resolved',
      'c.duplicate_of',
      'c.method',
      'c.liveness',
      'c.person',
      'c.device',
      'c.superseded_by',
      'v.reason',
      'k.kind as correction_kind',
    ]);
}

async function devices(db: Db, after: number | null): Promise<Pick<Board, 'devices' | 'removedDevices'>> {
  let query = db.selectFrom('device').select(['id', 'name', 'last_heard_at', 'status']).orderBy('name').orderBy('id');
  query = after === null ? query.where('status', '=', 'approved') : query.where('change', '>=', after);
  const rows = await query.execute();
  const gone = rows.filter((d) => d.status !== 'approved').map((d) => d.id);
  return {
    devices: rows
      .filter((d) => d.status === 'approved')
      .map((d) => ({ id: d.id, name: d.name, lastHeardAt: d.last_heard_at?.toISOString() ?? null })),
    ...(gone.length > 0 ? { removedDevices: gone } : {}),
  };
}

/** Each site's people by its own attendance day; the sums over all sites. */
async function counts(db: Db, timeZone: string, now: Date): Promise<BoardCounts> {
  const sites = await listSites(db);
  const fallback = { id: null, isDefault: true, timeZone, dayStartsAt: '00:00' };
  const days = (sites.some((s) => s.isDefault) ? sites : [...sites, fallback]).map((s) => ({
    site: s.id,
    isDefault: s.isDefault,
    ...calendarOf(s)(now.getTime()),
  }));
  const text = (ms: number) => new Date(ms).toISOString();
  // Bounds as constants, so that only the partitions of today are looked at.
  const [low, high] = [Math.min(...days.map((d) => d.start)), Math.max(...days.map((d) => d.end))];
  const { rows } = await sql<{ in_today: number; inside_now: number; records: number }>`
    with day as (
      select * from unnest(${days.map((d) => d.site)}::uuid[], ${days.map((d) => d.isDefault)}::boolean[],
                           ${days.map((d) => text(d.start))}::timestamptz[], ${days.map((d) => text(d.end))}::timestamptz[])
                    as d (site, is_default, start, finish)
    ),
    today as (
      select c.person, c.resolved, c.at, c.id, c.duplicate_of
      from checkin c
        join day on (c.site = day.site or (c.site is null and day.is_default)) and c.at >= day.start and c.at < day.finish
        left join checkin_void v on v.target = c.id and v.device = c.device
      where v.target is null and c.superseded_by is null and c.at >= ${text(low)}::timestamptz and c.at < ${text(high)}::timestamptz
    ),
    latest as (
      select distinct on (person) person, resolved from today
      where person is not null and duplicate_of is null order by person, at desc, id desc
    )
    select (select count(distinct person)::int from today where resolved = 'in') as in_today,
           (select count(*)::int from latest where resolved = 'in') as inside_now,
           (select count(*)::int from today) as records`.execute(db);
  const row = rows[0]!;
  return { inToday: row.in_today, insideNow: row.inside_now, recordsToday: row.records };
}
