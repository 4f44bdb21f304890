import { sql } from 'kysely';
import type { z } from 'zod';
import {
  type Board,
  type BoardCounts,
  type BoardQuery,
  type BoardRow,
  MAX_BOARD_ROWS,
} from '../../../protocol/api/live.ts';
import type { Site } from '../../../protocol/api/sites.ts';
import { namesOf } from '../../core/people/records.ts';
import { calendarOf, findSite, listSites, ofSite, type SiteId } from '../../core/sites/sites.ts';
import { horizon } from '../../platform/database/feed.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { isInside, latestRecords } from './inside.ts';
import { whyVoided } from './search.ts';

export interface BoardSource {
  readonly db: Db;
  readonly keys: Keys;
  readonly logEpoch: string;
  /** Name and time zone of the default site while it has no row. */
  readonly site: { readonly name: string; readonly timeZone: string };
}

/** Position up to which a reader has read, and its site. Without a site, the default one. */
export type BoardSince = z.infer<typeof BoardQuery>;

/**
 * Reads the board of a site: what changed since `since`, or the newest rows if it has no position, the position is of another
 * log, or more has changed than fits one message. For the guarantees of positions see platform/database/feed.ts.
 *
 * @throws Problem `unknown-site`
 */
export async function readBoard(
  { db, keys, logEpoch, site: configured }: BoardSource,
  since: BoardSince,
  now: Date,
): Promise<Board> {
  const site = await siteOf(db, since.site, configured);
  // Read before the rows, so that what commits in between is read now and again next time, rather than missed.
  const position = await horizon(db);
  const resumable = since.log === logEpoch && since.after !== undefined && since.after <= position;
  const changed = resumable
    ? await selectRows(db, site)
        .where('c.change', '>=', since.after!)
        .limit(MAX_BOARD_ROWS + 1)
        .execute()
    : null;
  const whole = !changed || changed.length > MAX_BOARD_ROWS;
  const found = whole
    ? await selectRows(db, site).orderBy('c.at', 'desc').orderBy('c.id', 'desc').limit(MAX_BOARD_ROWS).execute()
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
    counts: await counts(db, site, now),
    ...(await devices(db, site, whole ? null : since.after!)),
    site: { name: site.name, timeZone: site.timeZone },
    serverTime: now.toISOString(),
  };
}

type BoardSite = SiteId & Pick<Site, 'name' | 'timeZone' | 'dayStartsAt'>;

async function siteOf(db: Db, id: string | undefined, configured: BoardSource['site']): Promise<BoardSite> {
  if (id !== undefined) return findSite(db, id);
  const known = (await listSites(db)).find((s) => s.isDefault);
  return known ?? { ...configured, id: null, isDefault: true, dayStartsAt: '00:00' };
}

function selectRows(db: Db, site: SiteId) {
  return db
    .selectFrom('checkin as c')
    .leftJoin('checkin_void as v', (join) => join.onRef('v.target', '=', 'c.id').onRef('v.device', '=', 'c.device'))
    .leftJoin('correction as k', 'k.id', 'c.superseded_by')
    .select(['c.id', 'c.change', 'c.at', 'c.received_at', 'c.person', 'c.device', 'c.method', 'c.liveness'])
    .select(['c.direction', 'c.resolved', 'c.duplicate_of'])
    .select(['c.superseded_by', 'v.reason', 'k.kind as correction_kind'])
    .where(ofSite(site, 'c.site'));
}

/** @param after null: all devices of the site; otherwise those that changed since, wherever they are now */
async function devices(db: Db, site: SiteId, after: number | null): Promise<Pick<Board, 'devices' | 'removedDevices'>> {
  const isHere = sql<boolean>`status = 'approved' and ${ofSite(site, 'device.site')}`;
  let query = db.selectFrom('device').select(['id', 'name', 'last_heard_at', isHere.as('here')]);
  query = after === null ? query.where(isHere) : query.where('change', '>=', after);
  const rows = await query.orderBy('name').orderBy('id').execute();
  const gone = rows.filter((d) => !d.here).map((d) => d.id);
  return {
    devices: rows
      .filter((d) => d.here)
      .map((d) => ({ id: d.id, name: d.name, lastHeardAt: d.last_heard_at?.toISOString() ?? null })),
    ...(gone.length > 0 ? { removedDevices: gone } : {}),
  };
}

/** Counts for the site's attendance day. People inside may have arrived earlier, as in the list of who is inside. */
async function counts(db: Db, site: BoardSite, now: Date): Promise<BoardCounts> {
  const day = calendarOf(site)(now.getTime());
  const text = (ms: number) => new Date(ms).toISOString();
  const { rows } = await sql<{ in_today: number; inside_now: number; records: number }>`
    with today as (
      select c.person, c.resolved from checkin c
        left join checkin_void v on v.target = c.id and v.device = c.device
      where v.target is null and c.superseded_by is null and ${ofSite(site, 'c.site')}
        and c.at >= ${text(day.start)}::timestamptz and c.at < ${text(day.end)}::timestamptz
    )
    select (select count(distinct person)::int from today where resolved = 'in') as in_today,
           (select count(*)::int from (${latestRecords(now)}) latest where ${isInside(site)}) as inside_now,
           (select count(*)::int from today) as records`.execute(db);
  const row = rows[0]!;
  return { inToday: row.in_today, insideNow: row.inside_now, recordsToday: row.records };
}
