import { sql } from 'kysely';
import { type Board, type BoardCounts, BoardRow, MAX_BOARD_ROWS } from '../../protocol/api/live.ts';
import type { Db } from '../database/schema.ts';
import { listDevices } from '../devices/registry.ts';
import type { Keys } from '../keys/envelope.ts';
import { namesOf } from './people.ts';

export interface BoardSource {
  readonly db: Db;
  readonly keys: Keys;
  readonly logEpoch: string;
  readonly site: { readonly name: string; readonly timeZone: string };
}

/**
 * The board as of now: what changed after `since`, or the newest rows when there is no such position, it is of another log,
 * or more has changed than one message holds.
 */
export async function readBoard(
  source: BoardSource,
  since: { log?: string | undefined; after?: number | undefined },
  now: Date,
): Promise<Board> {
  const { db, keys, logEpoch, site } = source;
  const top = Number(
    (
      await db
        .selectFrom('checkin')
        .select((e) => e.fn.max('change').as('top'))
        .executeTakeFirst()
    )?.top ?? 0,
  );
  const resumable = since.log === logEpoch && since.after !== undefined && since.after <= top;
  const changed = resumable
    ? await selectRows(db)
        .where('c.change', '>', since.after!)
        .orderBy('c.change')
        .limit(MAX_BOARD_ROWS + 1)
        .execute()
    : null;
  const whole = !changed || changed.length > MAX_BOARD_ROWS;
  const found = whole
    ? await selectRows(db).orderBy('c.at', 'desc').orderBy('c.id', 'desc').limit(MAX_BOARD_ROWS).execute()
    : changed;
  const names = await namesOf(
    db,
    keys,
    found.flatMap((r) => r.person ?? []),
  );
  const rows = found.map((r) =>
    BoardRow.parse({
      id: r.id,
      change: Number(r.change),
      at: r.at.toISOString(),
      receivedAt: r.received_at.toISOString(),
      direction: r.direction,
      method: r.method,
      liveness: r.liveness,
      name: (r.person && names.get(r.person)) ?? null,
      person: r.person,
      device: r.device,
      voided: r.reason,
    }),
  );
  return {
    log: logEpoch,
    position: Math.max(top, ...rows.map((r) => r.change)),
    whole,
    rows,
    counts: await counts(db, site.timeZone, now),
    devices: (await listDevices(db))
      .filter((d) => d.status === 'approved')
      .map((d) => ({ id: d.id, name: d.name, lastHeardAt: d.lastHeardAt?.toISOString() ?? null })),
    site,
    serverTime: now.toISOString(),
  };
}

function selectRows(db: Db) {
  return db
    .selectFrom('checkin as c')
    .leftJoin('checkin_void as v', (join) => join.onRef('v.target', '=', 'c.id').onRef('v.device', '=', 'c.device'))
    .select([
      'c.id',
      'c.change',
      'c.at',
      'c.received_at',
      'c.direction',
      'c.method',
      'c.liveness',
      'c.person',
      'c.device',
      'v.reason',
    ]);
}

async function counts(db: Db, timeZone: string, now: Date): Promise<BoardCounts> {
  const { rows } = await sql<{ in_today: number; inside_now: number; records: number }>`
    with day as (select date_trunc('day', ${now}::timestamptz at time zone ${timeZone}) at time zone ${timeZone} as start),
    today as (
      select c.person, c.direction, c.at, c.change
      from checkin c left join checkin_void v on v.target = c.id and v.device = c.device, day
      where v.target is null and c.at >= day.start and c.at < day.start + interval '1 day'
    ),
    latest as (select distinct on (person) person, direction from today where person is not null order by person, at desc, change desc)
    select (select count(distinct person)::int from today where direction = 'in') as in_today,
           (select count(*)::int from latest where direction = 'in') as inside_now,
           (select count(*)::int from today) as records`.execute(db);
  const row = rows[0]!;
  return { inToday: row.in_today, insideNow: row.inside_now, recordsToday: row.records };
}
