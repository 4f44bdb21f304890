import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { NIL } from 'uuid';
import { Problem } from '../../../../errors/problem.ts';
import type { Inside } from '../../../../protocol/api/presence.ts';
import type { Change } from '../../../../protocol/wire/changes.ts';
import type { Open } from '../../../../protocol/wire/event.ts';
import { requireLiving } from '../../../core/people/living.ts';
import { DEFAULT_SCOPE, ofSite, type SiteId } from '../../../core/sites/sites.ts';
import { appendChanges, type NewChange } from '../../../platform/changes/log.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import {
  atLeast,
  atMost,
  camelCase,
  exists,
  find,
  findAll,
  findLocked,
  findSorted,
  insertNew,
  not,
  remove,
  update,
} from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { isCounted, isInside, latestRecords } from '../../attendance/inside.ts';
import { LONGEST_STAY_MS } from '../../attendance/rules/stays.ts';
import { reportSite } from '../day.ts';

/**
 * Lists who is inside a site: people whose newest record that counts is an `in` at this site.
 *
 * @param after last person of the page before
 */
export async function readInside(db: Db, site: SiteId, now: Date, limit: number, after: string | null) {
  const { rows } = await sql<{ person: string; since: Date; device: string | null; method: Inside['method'] }>`
    select person, at as since, nullif(device, ${NIL}::uuid) as device, method from (${latestRecords(now)}) latest
    where ${isInside(site)} and (${after}::uuid is null or person > ${after}::uuid)
    order by person limit ${limit}`.execute(db);
  return rows;
}

/** Counts the people inside, and those of them accounted for in an evacuation. */
export async function countInside(
  db: Db,
  site: SiteId,
  now: Date,
  evacuation: string | null = null,
): Promise<{ inside: number; accounted: number }> {
  const { rows } = await sql<{ inside: number; accounted: number }>`
    select count(*)::int as inside, count(m.person)::int as accounted
    from (${latestRecords(now)}) latest
      left join evacuation_mark m on m.evacuation = ${evacuation}::uuid and m.person = latest.person and not m.missing
    where ${isInside(site)}`.execute(db);
  return rows[0]!;
}

/** Whether a person is inside any site, by their newest record that counts, and its time. The time is null without a record. */
export async function readPresenceOf(db: Db, person: string, now: Date) {
  const { rows } = await sql<{ direction: string; at: Date }>`
    select c.resolved as direction, c.at from checkin c where c.person = ${person}::uuid and ${isCounted}
    order by c.at desc, c.id desc limit 1`.execute(db);
  const last = rows[0];
  if (!last) return { inside: false, at: null };
  const since = now.getTime() - last.at.getTime();
  return { inside: last.direction === 'in' && since <= LONGEST_STAY_MS, at: last.at };
}

/** Lists the site's kiosks with the time up to which their records are known, longest silent first. */
export async function readKnownAsOf(db: Db, site: SiteId) {
  const { rows } = await sql<{ id: string; name: string; knownAsOf: Date | null }>`
    select id, name, last_heard_at as "knownAsOf" from device
    where status = 'approved' and ${ofSite(site)}
    order by last_heard_at nulls first, name, id`.execute(db);
  return rows;
}

/**
 * The roll call of an evacuation, shared by everyone who has the page open and by the site's kiosks. Who was accounted for is
 * only stored while it is under way. After its end only the two counts are kept.
 */

/** Time after which an evacuation ends automatically, ms. */
export const LONGEST_EVACUATION_MS = 24 * 60 * 60 * 1000;

export async function readEvacuation(db: Db, site: SiteId) {
  const current = await find(db, 'evacuation', { site: site.id, ended_at: null });
  const ended = { site: site.id, ended_at: not(null) };
  const [last] = await findSorted(db, 'evacuation', ended, ['ended_at'], { descending: true, limit: 1 });
  const marks = current ? await findAll(db, 'evacuation_mark', { evacuation: current.id, missing: false }) : [];
  return {
    current: current ? shown(current) : null,
    accounted: marks.map(({ person, at, by, device }) => ({ person, at, by, device })),
    last: last ? shown(last) : null,
  };
}

/** Starts an evacuation and notifies the site's kiosks. If one is under way already, returns that one. */
export async function beginEvacuation(tx: Tx, site: SiteId, by: string | null, now: Date) {
  // Inserts nothing if one is under way.
  await insertNew(tx, 'evacuation', { id: randomUUID(), site: site.id, started_at: now, started_by: by });
  await appendChanges(tx, [evacuationOf(site)], now);
  return (await readEvacuation(tx, site)).current!;
}

/** A change that makes the site's kiosks fetch its evacuation. */
const evacuationOf = (site: SiteId): NewChange => ({ kind: 'evacuation', site: scopeOfSite(site) });

const scopeOfSite = ({ id, isDefault }: SiteId): string => (id === null || isDefault ? DEFAULT_SCOPE : id);

/** Marks a person as seen outside or, after a mistake, as `missing`. @throws Problem `evacuation-over`, `person-unknown` */
export async function markPerson(
  tx: Tx,
  mark: Pick<Mark, 'evacuation' | 'person' | 'by' | 'missing'>,
  siteOf: SiteOf,
  now: Date,
): Promise<void> {
  const { site } = await going(tx, mark.evacuation);
  await requireLiving(tx, mark.person, 'none');
  await putMark(tx, { ...mark, device: null }, now);
  const scope = scopeOfSite(await siteOf(site));
  await appendChanges(tx, [{ kind: 'accounted', person: mark.person, site: scope }], now);
}

export interface Mark {
  readonly evacuation: string;
  readonly person: string;
  readonly by: string | null;
  readonly device: string | null;
  readonly missing: boolean;
}

/** Stores a mark. The latest statement counts, and a repeated one keeps its first time. @returns whether anything changed */
async function putMark(tx: Tx, mark: Mark, at: Date): Promise<boolean> {
  const { by, device, missing } = mark;
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('evacuation_mark')
    .values({ ...mark, at })
    .onConflict((c) =>
      c
        .columns(['evacuation', 'person'])
        .doUpdateSet({ by, device, missing, at })
        .where('evacuation_mark.missing', '<>', missing)
        .where('evacuation_mark.at', '<=', at),
    )
    .executeTakeFirst();
  return Number(numInsertedOrUpdatedRows) > 0;
}

export type SiteOf = (id: string | null) => Promise<SiteId>;

/** Ends an evacuation, stores the two counts and deletes its marks. @throws Problem `evacuation-over` */
export async function endEvacuation(tx: Tx, evacuation: string, siteOf: SiteOf, now: Date) {
  const row = await going(tx, evacuation);
  const site = await siteOf(row.site);
  const { inside, accounted } = await countInside(tx, site, now, evacuation);
  await remove(tx, 'evacuation_mark', { evacuation });
  const ended = await tx
    .updateTable('evacuation')
    .set({ ended_at: now, inside, accounted })
    .where('id', '=', evacuation)
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendChanges(tx, [evacuationOf(site)], now);
  return shown(ended);
}

/** Returns an evacuation that is under way, locked, so that nobody is marked while it ends. */
async function going(tx: Tx, id: string): Promise<Row<'evacuation'>> {
  const row = await findLocked(tx, 'evacuation', { id });
  if (row && row.ended_at === null) return row;
  throw new Problem('evacuation-over');
}

const shown = ({ started_by: _, ...row }: Row<'evacuation'>) => camelCase(row);

/** Ends evacuations that nobody ended, so that marks are kept for at most a day. */
export const forgottenEvacuationsJob: Job = {
  name: 'forgotten-evacuations',
  everyMs: 60 * 60 * 1000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => {
      const at = now();
      const longAgo = atMost(new Date(at.getTime() - LONGEST_EVACUATION_MS));
      const forgotten = await findAll(tx, 'evacuation', { ended_at: null, started_at: longAgo }, ['id']);
      for (const { id } of forgotten)
        await endEvacuation(tx, id, (site) => reportSite(tx, site ?? undefined, 'UTC'), at);
      return { ended: forgotten.length };
    }),
};

type Ongoing = Extract<Change, { kind: 'accounted' }>['evacuation'];
type Seen = Extract<Change, { kind: 'accounted' }>['seen'];

async function siteOfScope(db: Db, scope: string): Promise<SiteId> {
  if (scope !== DEFAULT_SCOPE) return { id: scope, isDefault: false };
  const row = await find(db, 'site', { is_default: true }, ['id']);
  return { id: row?.id ?? null, isDefault: true };
}

/** Returns the evacuation under way in a scope. Null if there is none. */
export async function ongoingAt(db: Db, scope: string): Promise<Ongoing | null> {
  const { id: site } = await siteOfScope(db, scope);
  const row = await find(db, 'evacuation', { site, ended_at: null });
  return row ? { id: row.id, startedAt: row.started_at.toISOString() } : null;
}

/** Returns which of these people were seen outside in an evacuation. */
export async function seenIn(db: Db, evacuation: string, people: readonly string[]): Promise<Map<string, Seen>> {
  const rows = await findAll(db, 'evacuation_mark', { evacuation, missing: false, person: people }, [
    'person',
    'at',
    'device',
  ]);
  return new Map(rows.map((r) => [r.person, { at: r.at.toISOString(), device: r.device }]));
}

/**
 * Applies a kiosk's report. Kiosks may have started evacuations without knowing of each other. At the server there is only
 * one roll call per site, and a kiosk that names another one is sent the present one.
 *
 * @param at when it was reported, never later than now
 * @returns the changes to publish
 */
export async function takeRollCall(
  tx: Tx,
  mark: Open<'evacuation'> & { readonly device: string; readonly scope: string; readonly person: string | null },
  at: Date,
  now: Date,
): Promise<NewChange[]> {
  const { device, scope, change, evacuation, person } = mark;
  const site = await siteOfScope(tx, scope);
  const current = await findLocked(tx, 'evacuation', { site: site.id, ended_at: null });
  const own: NewChange = { kind: 'evacuation', device };
  switch (change) {
    case 'started':
      if (current) {
        // Moves the start back, so that people seen since the earlier start count.
        if (at < current.started_at) await update(tx, 'evacuation', { id: current.id }, { started_at: at });
        return [own];
      }
      if (await isOver(tx, site, at, now)) return [own];
      await insertNew(tx, 'evacuation', { id: evacuation, site: site.id, started_at: at, started_by: null });
      return [evacuationOf(site)];
    case 'ended':
      if (current?.id !== evacuation) return [own];
      await endEvacuation(tx, evacuation, async () => site, now);
      return [];
    case 'accounted':
    case 'missing': {
      if (!current || (current.id !== evacuation && at < current.started_at)) return [own];
      if (!person) return [];
      const mark = { evacuation: current.id, person, by: null, device, missing: change === 'missing' };
      const news = await putMark(tx, mark, at);
      return [news ? { kind: 'accounted', person, site: scope } : { kind: 'accounted', person, device }];
    }
  }
}

/** Whether an evacuation that a kiosk reports late has ended since, or would have ended automatically. */
async function isOver(db: Db, site: SiteId, at: Date, now: Date): Promise<boolean> {
  if (now.getTime() - at.getTime() >= LONGEST_EVACUATION_MS) return true;
  return exists(db, 'evacuation', { site: site.id, ended_at: atLeast(at) });
}
