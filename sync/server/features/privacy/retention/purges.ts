import { type RawBuilder, sql } from 'kysely';
import { NIL } from 'uuid';
import { Problem } from '../../../../errors/problem.ts';
import type { DataKind } from '../../../../protocol/api/data-kinds.ts';
import { Policy } from '../../../../protocol/wire/changes.ts';
import { scopesOf } from '../../../core/devices/registry.ts';
import { held } from '../../../core/people/holds.ts';
import { sweepPhotoObjects } from '../../../core/photos/objects.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import { forgetTemplates } from '../../../core/templates/forget.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { findAll, findSorted, idsOf, update } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { openRefused, sealRefused } from '../../../platform/keys/personal.ts';
import { type PersonBox, peopleOf, personBox } from '../../../platform/keys/persons.ts';
import type { ObjectStore } from '../../../platform/objects/store.ts';
import { requestErasure } from '../erasure/request.ts';
import { cutoff, type Kind, shorter } from './rules.ts';
import type { RetentionSettings } from './settings.ts';

export interface PurgeContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly settings: RetentionSettings;
  /** Null: this server has no object store. */
  readonly objects: ObjectStore | null;
  /** One instant for the whole run. */
  readonly now: Date;
}

export interface Found {
  /** How many are too old and would go. */
  readonly due: number;
  /** How many are too old and stay, for a legal hold. */
  readonly held: number;
  /** Time of the oldest that is there; null: there is none. */
  readonly oldest: Date | null;
}

/** One kind of thing that goes after a time. */
export interface Purge {
  readonly kind: Kind;
  /** What there is of it, and what of that is too old. */
  rows(context: PurgeContext): Rows | Promise<Rows>;
  /** Removes some of it, at most a batch. @param due `from …`: what is too old and not held, as SQL over the same tables */
  remove(tx: Tx, due: RawBuilder<unknown>, context: PurgeContext): Promise<Removed>;
  /** Before anything is searched. */
  prepare?(context: PurgeContext): Promise<void>;
  /** After a batch. @returns how many more went */
  more?(context: PurgeContext, removed: number): Promise<number>;
}

/** Searches without changing anything. */
export async function findDue(purge: Purge, context: PurgeContext): Promise<Found> {
  await purge.prepare?.(context);
  const { from, at, due, isHeld } = await purge.rows(context);
  const { rows } = await sql<Found>`
    select count(*) filter (where ${due} and not ${isHeld})::int as due,
           count(*) filter (where ${due} and ${isHeld})::int as held, min(${at}) as oldest
    from ${from}`.execute(context.db);
  return rows[0]!;
}

/** Removes some of what is due, at most a batch. @returns how many went; 0: none is due any more */
export async function removeDue(purge: Purge, context: PurgeContext): Promise<number> {
  await purge.prepare?.(context);
  const { from, due, isHeld } = await purge.rows(context);
  const removed = await purgeBatch(context, purge.kind, (tx) =>
    purge.remove(tx, sql`${from} and ${due} and not ${isHeld}`, context),
  );
  return removed + ((await purge.more?.(context, removed)) ?? 0);
}

/** One batch's effect on the database: what it removed, and whose it was. */
export interface Removed {
  readonly removed: number;
  readonly people: readonly (string | null)[];
}

/** Runs a batch in one transaction, with its audit row. */
function purgeBatch(context: PurgeContext, kind: Kind, work: (tx: Tx) => Promise<Removed>): Promise<number> {
  return inTransaction(context.db, async (tx) => {
    const { removed, people } = await work(tx);
    if (removed === 0) return 0;
    const subjects = [...new Set(people.filter((p) => p !== null))];
    const entry = {
      actor: SYSTEM,
      action: 'delete',
      route: `retention ${kind}`,
      data: DATA[kind],
      outcome: 'ok',
    } as const;
    await writeAudit(tx, context.keys, { ...entry, subjects }, context.now);
    return removed;
  });
}

const DATA: Readonly<Record<Kind, readonly DataKind[]>> = {
  gps: ['gps'],
  photos: ['photo'],
  templates: ['template'],
  attendance: ['attendance'],
  consents: ['consent'],
  leavers: ['person'],
  quarantine: ['event'],
};

/** Rows of one kind, as SQL over the same tables; `from` ends in a condition. */
export interface Rows {
  readonly from: RawBuilder<unknown>;
  /** When each of them happened. */
  readonly at: RawBuilder<unknown>;
  readonly due: RawBuilder<unknown>;
  readonly isHeld: RawBuilder<unknown>;
}

/** Older than is kept; where that has no end, nothing is. */
const olderThan = (at: RawBuilder<unknown>, days: number | null, now: Date): RawBuilder<unknown> =>
  sql`${at} < ${cutoff(days, now)?.toISOString() ?? null}::timestamptz`;

/** When data of a device is deleted: its site may keep it for a shorter time than the server. */
interface DeviceCutoff {
  readonly device: string;
  readonly site: string | null;
  /** RFC 3339. */
  readonly before: string;
}

/** By the policy of the site to which each device belongs now. */
export async function deviceCutoffs(
  db: Db,
  settings: RetentionSettings,
  what: 'photoDays' | 'gpsDays',
  now: Date,
): Promise<DeviceCutoff[]> {
  const devices = await findSorted(db, 'device', {}, ['id'], { columns: ['id', 'site'] });
  const scopes = await scopesOf(db, idsOf(devices));
  const policies = new Map((await findAll(db, 'site_policy', {})).map((r) => [r.site, Policy.parse(r.policy)]));
  return devices.map(({ id, site }) => {
    const policy = policies.get(scopes.get(id) ?? DEFAULT_SCOPE) ?? policies.get(DEFAULT_SCOPE);
    return { device: id, site, before: cutoff(shorter(settings[what], policy?.[what]), now)!.toISOString() };
  });
}

/** Everything that goes after a time, and how. */

/** So much of each in one transaction; of templates so many people, since each person takes several statements. */
const BATCH = {
  gps: 5000,
  photos: 500,
  templates: 50,
  attendance: 2000,
  consents: 500,
  quarantine: 5000,
  leavers: 100,
} as const;

/** Kiosks as a table `k` that is joined: the site of each, and until when things of it go. */
async function cutoffTable(
  { db, settings, now }: PurgeContext,
  what: 'photoDays' | 'gpsDays',
): Promise<RawBuilder<unknown>> {
  const cutoffs = await deviceCutoffs(db, settings, what, now);
  const column = (name: 'device' | 'site' | 'before') => cutoffs.map((c) => c[name]);
  return sql`unnest(${column('device')}::uuid[], ${column('site')}::uuid[], ${column('before')}::timestamptz[])
             as k (device, site, before)`;
}

/** Positions of check-ins (POLICY P8). */
const gps: Purge = {
  kind: 'gps',
  /** Rows with a position, and until when those of their device go. */
  async rows(context) {
    const kiosks = await cutoffTable(context, 'gpsDays');
    const at = sql`e.at`;
    return {
      from: sql`event e join ${kiosks} on k.device = e.device where e.gps is not null`,
      at,
      due: sql`${at} < k.before`,
      isHeld: held({ person: sql`e.person`, site: sql`k.site`, at }),
    };
  },
  async remove(tx, due) {
    const { rows } = await sql<{ person: string | null }>`
      update event set gps = null where id in (select e.id from ${due} limit ${BATCH.gps}) returning person`.execute(
      tx,
    );
    return { removed: rows.length, people: peopleOf(rows) };
  },
  more: async (context, removed) => (removed > 0 ? 0 : thinQuarantine(context)),
};

/** Quarantine entries in one transaction: each is decrypted. */
const ENTRIES = 100;

/** An event that could not be taken may hold a position too: it goes when its time is over, the rest of the content stays. */
async function thinQuarantine(context: PurgeContext): Promise<number> {
  const { keys, now } = context;
  const kiosks = await cutoffTable(context, 'gpsDays');
  const isHeld = held({ person: sql`q.person`, site: sql`k.site`, latest: sql`q.received_at` });
  let after: number | null = 0;
  while (after !== null) {
    const from: number = after;
    const removed = await purgeBatch(context, 'gps', async (tx) => {
      const { rows } = await sql<{ id: number; digest: string; person: string | null; content: Uint8Array }>`
        select q.id, q.digest, q.person, q.content
        from quarantine q join ${kiosks} on k.device = q.device
        where q.id > ${from} and q.content is not null and q.thinned_at is null and q.received_at < k.before
          and not ${isHeld}
        order by q.id limit ${ENTRIES} for update of q`.execute(tx);
      after = rows.length === ENTRIES ? Number(rows.at(-1)!.id) : null;
      const box = await personBox(tx, keys, peopleOf(rows));
      const people: (string | null)[] = [];
      for (const row of rows) {
        const thinned = withoutPosition(keys, box, row);
        if (!thinned) continue;
        await update(tx, 'quarantine', { id: row.id }, { content: thinned.content, thinned_at: now });
        if (thinned.had) people.push(row.person);
      }
      return { removed: people.length, people };
    });
    if (removed > 0) return removed;
  }
  return 0;
}

/** @returns null where the content does not open (a rotation's older key is not at hand): then nobody reads a position there */
function withoutPosition(
  keys: Keys,
  box: PersonBox,
  row: { readonly digest: string; readonly person: string | null; readonly content: Uint8Array },
): { readonly content: Uint8Array; readonly had: boolean } | null {
  let raw: { personal?: { gps?: unknown } | null } | null;
  try {
    raw = openRefused(keys, box, row) as typeof raw;
  } catch (cause) {
    if (cause instanceof Problem) return null;
    throw cause;
  }
  if (raw?.personal?.gps === undefined) return { content: row.content, had: false };
  delete raw.personal.gps;
  return { content: sealRefused(keys, box, { ...row, content: JSON.stringify(raw) }), had: true };
}

/** Photos of check-ins (POLICY P6), with all their pieces. Those of an enrolment stay until their person is erased. */
const photos: Purge = {
  kind: 'photos',
  async rows(context) {
    const kiosks = await cutoffTable(context, 'photoDays');
    const at = sql`least(e.at, p.expected_at)`;
    return {
      from: sql`photo p join ${kiosks} on k.device = p.device left join event e on e.id = p.event
                where p.kind = 'checkin'`,
      at,
      due: sql`${at} < k.before`,
      isHeld: held({ person: sql`p.person`, site: sql`k.site`, at }),
    };
  },
  async remove(tx, due) {
    const { rows } = await sql<{ person: string }>`
      with due as (select p.device, p.address from ${due} limit ${BATCH.photos})
      delete from photo using due where photo.device = due.device and photo.address = due.address
      returning photo.person`.execute(tx);
    return { removed: rows.length, people: peopleOf(rows) };
  },
  async more(context, removed) {
    // Every version of their objects, once the last batch has gone.
    if (removed === 0 && context.objects) await sweepPhotoObjects(context.db, context.objects);
    return 0;
  },
};

/** People with templates, and when a face of theirs was last used. */
const used = sql`(
  select t.person, greatest(max(t.added_at), (
      select max(c.at) from checkin c where c.person = t.person and c.method like '%face%')) as at
  from (select person, added_at from template union all select person, made_at from card_template) t
  group by t.person)`;

/**
 * Templates of people who have not used their face for long: kept data without a use. Kiosks are notified; the consent
 * stays.
 */
const templates: Purge = {
  kind: 'templates',
  rows: ({ settings, now }) => ({
    from: sql`${used} t where true`,
    at: sql`t.at`,
    due: olderThan(sql`t.at`, settings.templateDays, now),
    isHeld: held({ person: sql`t.person` }),
  }),
  async remove(tx, due, { keys, now }) {
    const { rows } = await sql<{ person: string }>`
      select t.person from ${due} order by t.person limit ${BATCH.templates}`.execute(tx);
    const people = peopleOf(rows);
    await forgetTemplates(tx, keys, people, now);
    return { removed: people.length, people };
  },
};

/**
 * Records of check-ins: from then on they are of nobody, with everything personal of the event that they came by. The rows
 * stay, so counts by day and site are what they were.
 */
const attendance: Purge = {
  kind: 'attendance',
  rows: ({ settings, now }) => ({
    from: sql`checkin c where c.person is not null`,
    at: sql`c.at`,
    due: olderThan(sql`c.at`, settings.attendanceDays, now),
    isHeld: held({ person: sql`c.person`, site: sql`c.site`, at: sql`c.at` }),
  }),
  async remove(tx, due) {
    const { rows } = await sql<{ id: string; person: string }>`
      select c.id, c.person from ${due} order by c.at limit ${BATCH.attendance} for update`.execute(tx);
    const ids = idsOf(rows);
    await sql`update event set person = null, personal = null, gps = null where id = any(${ids}::uuid[])`.execute(tx);
    await sql`update event set person = null, personal = null where id in (
      select v.event from checkin_void v where v.target = any(${ids}::uuid[]))`.execute(tx);
    await sql`update correction set reason = ''::bytea, person = ${NIL}::uuid
      where id = any(${ids}::uuid[]) or target = any(${ids}::uuid[])`.execute(tx);
    // Notes name the person they are about: of the record that someone took back, and of what was said of it.
    await sql`delete from attention_note where (kind = 'void' and ref = any(${ids}::text[]))
      or (kind = 'complaint' and ref in (
        select id::text from complaint where record = any(${ids}::uuid[])))`.execute(tx);
    await sql`delete from complaint where record = any(${ids}::uuid[])`.execute(tx);
    await sql`delete from photo where event = any(${ids}::uuid[])`.execute(tx);
    // What a duplicate is one of would still tie two records of one person together.
    await sql`update checkin set person = null,
        duplicate_of = case when duplicate_of is null then null else ${NIL}::uuid end
      where id = any(${ids}::uuid[])`.execute(tx);
    return { removed: ids.length, people: peopleOf(rows) };
  },
};

/** The last statement of everyone who has withdrawn, as core/consents/standing.ts decides which statement is the last. */
const ended = sql`(
  select * from (select distinct on (person) person, action, at from consent order by person, at desc, action desc) last
  where action = 'withdrawn')`;

/** Records of consents that were withdrawn long ago, with what the event said of them. */
const consents: Purge = {
  kind: 'consents',
  rows: ({ settings, now }) => ({
    from: sql`${ended} c where true`,
    at: sql`c.at`,
    due: olderThan(sql`c.at`, settings.consentDays, now),
    isHeld: held({ person: sql`c.person`, at: sql`c.at` }),
  }),
  async remove(tx, due) {
    const { rows } = await sql<{ person: string; event: string }>`
      delete from consent where person in (select c.person from ${due} limit ${BATCH.consents})
      returning person, event`.execute(tx);
    // A guardian's name, say.
    await sql`update event set person = null, personal = null where type = 'consent'
              and id = any(${rows.map((r) => r.event)}::uuid[])`.execute(tx);
    const people = [...new Set(rows.map((r) => r.person))];
    return { removed: people.length, people };
  },
};

/** Content of events that could not be taken; that something came stays known. */
const quarantine: Purge = {
  kind: 'quarantine',
  rows: ({ settings, now }) => ({
    from: sql`quarantine q where q.content is not null`,
    at: sql`q.received_at`,
    due: olderThan(sql`q.received_at`, settings.quarantineDays, now),
    isHeld: held({
      person: sql`q.person`,
      site: sql`(select d.site from device d where d.id = q.device)`,
      latest: sql`q.received_at`,
    }),
  }),
  async remove(tx, due) {
    const { rows } = await sql<{ person: string | null }>`
      with due as (select q.id, q.person from ${due} limit ${BATCH.quarantine})
      update quarantine set content = null, person = null from due where quarantine.id = due.id
      returning due.person`.execute(tx);
    return { removed: rows.length, people: peopleOf(rows) };
  },
};

/** Living people who belong to no site, and nobody has asked to erase yet. */
const gone = sql`person p where p.deleted_at is null and p.merged_into is null
  and not exists (select from person_site s where s.person = p.id)
  and not exists (select from erasure e where e.person = p.id and e.state <> 'undone')`;

/** When someone left; if a request to erase them was taken back later, that time: the period starts again. */
const leftAt = sql`greatest(p.left_at, (
  select max(e.done_at) from erasure e where e.person = p.id and e.state = 'undone'))`;

/** People who belong to no site any more: their erasure is asked for, and can be taken back like any other. */
const leavers: Purge = {
  kind: 'leavers',
  /** The time someone left is the first run that finds them without a site. */
  async prepare({ db, now }) {
    await sql`update person p set left_at = case when s.person is null then ${now.toISOString()}::timestamptz end
      from person q left join (select distinct person from person_site) s on s.person = q.id
      where p.id = q.id and p.deleted_at is null and (p.left_at is null) = (s.person is null)
        and p.merged_into is null`.execute(db);
  },
  rows: ({ settings, now }) => ({
    from: gone,
    at: leftAt,
    due: olderThan(leftAt, settings.leaverDays, now),
    isHeld: held({ person: sql`p.id` }),
  }),
  async remove(tx, due, { keys, now, settings }) {
    const { rows } = await sql<{ id: string }>`
      select p.id from ${due} order by p.id limit ${BATCH.leavers}`.execute(tx);
    for (const { id } of rows)
      await requestErasure(tx, keys, { person: id, origin: 'retention', undoDays: settings.erasureUndoDays }, now);
    return { removed: rows.length, people: idsOf(rows) };
  },
};

/** People who leave go last: what an erasure takes with it need not be purged first, and is not counted twice. */
export const PURGES: readonly Purge[] = [gps, photos, templates, attendance, consents, quarantine, leavers];
