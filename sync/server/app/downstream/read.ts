import { sql } from 'kysely';
import { MAX_PRESENCE, MAX_SITE_KIOSKS, type Presence, type SiteKiosk } from '../../../protocol/wire/changes.ts';
import { scopeOf } from '../../core/devices/registry.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { audited } from '../../platform/audit/opened.ts';
import type { ChangeSource } from '../../platform/changes/to-kiosks.ts';
import { find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { deltaPart } from './delta.ts';
import { kindsOf } from './kinds.ts';
import {
  bytesOf,
  CHANGE_BYTES,
  type PagePart,
  type PageReader,
  type Position,
  readCursor,
  scopeMark,
} from './reader.ts';
import { snapshotPart } from './snapshot.ts';

/** Parts of a page that describe the site as it is now, beside the log. */
interface SiteNow {
  readonly presence: Presence[];
  readonly kiosks?: SiteKiosk[];
}

/**
 * Reads one page for a device, from its cursor on. A cursor that is empty, of another log or scope, or whose row is missing
 * (compacted, or lost when the database was restored) starts a snapshot.
 *
 * An audit row names the people in the page. It is written before the page is returned.
 *
 * @param ask `cursor`, `limit`, `presenceAfter` as in the wire's ask; `newestKey`: the device trusts our newest signing key
 */
export async function readChanges(
  source: ChangeSource & { modules: readonly ServerModule[] },
  device: string,
  ask: { cursor: string; limit: number; presenceAfter: string | null; newestKey: boolean },
  now: Date,
): Promise<PagePart & SiteNow> {
  const scope = await scopeOf(source.db, device);
  const actor: Actor = { role: 'device', id: device, email: null, ip: null, userAgent: null };
  return audited(source.db, source.keys, { actor, route: 'device changes', resource: scope }, now, (opened) =>
    readPage({ source, kinds: kindsOf(source.modules), device, scope, limit: ask.limit, now, opened }, ask),
  );
}

async function readPage(
  reader: PageReader,
  ask: { cursor: string; presenceAfter: string | null; newestKey: boolean },
): Promise<PagePart & SiteNow> {
  const { source, device, scope, now } = reader;
  const from = knownPosition(reader, ask.cursor);
  const delta = from && !from.after ? await deltaPart(reader, from) : null;
  const part = delta ?? (await snapshotPart(reader, from?.after && (await isHere(reader, from)) ? from : null));
  const changes = [...part.changes];
  // A kiosk that doesn't trust our newest key gets it in every page until it does.
  if (!ask.newestKey && !changes.some((c) => c.kind === 'keys'))
    changes.unshift({ kind: 'keys', keys: await source.publicKeys() });
  // Presence follows once all changes are sent. If a single large person has filled the page, it follows with the next one.
  const fits = !part.more && bytesOf(changes) <= CHANGE_BYTES + 4096;
  // A reader in a snapshot may know the presence of another site, so it starts afresh. A reader that is sent a person doesn't
  // have their presence: it was deleted with them if they left before.
  const after = part.whole ? null : ask.presenceAfter;
  const come = changes.flatMap((c) => (c.kind === 'person' ? [c.person] : []));
  const presence = fits ? await readPresence(source.db, scope, device, after, now, come) : [];
  const withKiosks = fits && bytesOf(changes) <= CHANGE_BYTES / 2;
  const kiosks = withKiosks ? { kiosks: await readKiosks(source.db, scope) } : {};
  return { ...part, changes, presence, ...kiosks };
}

function knownPosition(reader: PageReader, cursor: string): Position | null {
  const from = readCursor(cursor);
  if (!from || from.logEpoch !== reader.source.logEpoch || from.scope !== scopeMark(reader.scope)) return null;
  return from;
}

async function isHere(reader: PageReader, from: Position): Promise<boolean> {
  const row = await find(reader.source.db, 'change', { position: from.position, tag: from.tag }, ['position']);
  return row !== undefined;
}

/** Returns every kiosk that may report for a site, by name, with its last contact. Names no people. */
async function readKiosks(db: Db, scope: string): Promise<SiteKiosk[]> {
  const here =
    scope === DEFAULT_SCOPE
      ? sql`(d.site is null or d.site in (select id from site where is_default))`
      : sql`d.site = ${scope}`;
  const { rows } = await sql<{ id: string; name: string; last_heard_at: Date | null }>`
    select d.id, left(d.name, 100) as name, d.last_heard_at from device d
    where d.status = 'approved' and ${here} order by d.name, d.id limit ${sql.lit(MAX_SITE_KIOSKS)}`.execute(db);
  return rows.map(({ id, name, last_heard_at }) => ({
    device: id,
    name,
    heardAt: last_heard_at === null ? null : new Date(last_heard_at).toISOString(),
  }));
}

/** How far back presence reaches for a reader that knows nothing yet, ms: a shift over midnight, and a margin. */
const FIRST_MS = 36 * 3_600_000;
/**
 * By how much each read overlaps the one before, ms: a record has the time of its arrival but only becomes visible at its
 * commit, and the clocks of replicas differ a little.
 */
const OVERLAP_MS = 90_000;

/**
 * Returns the last record of each person at a site, with the direction that the server resolved, newest first. Only people
 * with a record that arrived, or was voided or corrected, since `after`. After a void or correction, their last valid record
 * may be an older one, or the reader's own. A reader that knows nothing yet gets those of the last day and a half.
 *
 * `at` is never later than the record's arrival, so that a kiosk whose clock runs ahead does not make others wait for it.
 *
 * @param after RFC 3339, by this server's clock; null: the reader knows nothing yet
 * @param own the reading device: it has its own records, unless it knows nothing yet
 * @param come people whose records at other devices it doesn't know yet
 */
export async function readPresence(
  db: Db,
  scope: string,
  own: string,
  after: string | null,
  now: Date,
  come: readonly string[] = [],
): Promise<Presence[]> {
  const since = after === null ? now.getTime() - FIRST_MS : Math.min(Date.parse(after), now.getTime()) - OVERLAP_MS;
  const here =
    scope === DEFAULT_SCOPE
      ? sql`(c.site is null or c.site in (select id from site where is_default))`
      : sql`c.site = ${scope}`;
  const first = new Date(now.getTime() - FIRST_MS);
  const others = after === null ? sql`true` : sql`c.device <> ${own}`;
  const { rows } = await sql<{ person: string; direction: 'in' | 'out'; at: Date }>`
    with came as (
      select c.person from checkin c
      where c.received_at >= ${new Date(since)} and c.at >= ${first} and c.person is not null and ${here} and ${others}
      union select unnest(${come}::uuid[])
    ), taken_back as (
      select c.person from checkin_void v join checkin c on c.id = v.target and c.device = v.device
      where v.received_at >= ${new Date(since)} and c.at >= ${first} and c.person is not null and ${here}
      union select person from correction where made_at >= ${new Date(since)}
    )
    select person, direction, at from (
      select distinct on (c.person) c.person, c.resolved as direction, least(c.at, c.received_at) as at
      from checkin c left join checkin_void v on v.target = c.id and v.device = c.device
      where c.at >= ${first} and c.duplicate_of is null and v.target is null and c.superseded_by is null and ${here}
        and (c.person in (select person from taken_back) or (c.person in (select person from came) and ${others}))
      order by c.person, c.at desc, c.received_at desc) latest
    order by at desc limit ${sql.lit(MAX_PRESENCE)}`.execute(db);
  return rows.map((r) => ({ person: r.person, direction: r.direction, at: new Date(r.at).toISOString() }));
}
