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
  /** Null if this server has no object store. */
  readonly objects: ObjectStore | null;
  /** One instant for the whole run. */
  readonly now: Date;
}

export interface Found {
  /** Number of rows that are due for deletion. */
  readonly due: number;
  /** Number of rows that are due but kept because of a legal hold. */
  readonly held: number;
  /** Time of the oldest row, due or not. Null if there are none. */
  readonly oldest: Date | null;
}

/** How one kind of data is deleted once its retention period is over. */
export interface Purge {
  readonly kind: Kind;
  /** All rows of this kind, and the condition under which they are due. */
  rows(context: PurgeContext): Rows | Promise<Rows>;
  /** Removes at most one batch. @param due the part after `from` that selects rows that are due and not held, same aliases */
  remove(tx: Tx, due: RawBuilder<unknown>, context: PurgeContext): Promise<Removed>;
  /** Runs before rows are searched. */
  prepare?(context: PurgeContext): Promise<void>;
  /** Runs after each batch. @returns how many more items it removed */
  more?(context: PurgeContext, removed: number): Promise<number>;
}

/** Counts what is due and what is held, without deleting anything. */
export async function findDue(purge: Purge, context: PurgeContext): Promise<Found> {
  await purge.prepare?.(context);
  const { from, at, due, isHeld } = await purge.rows(context);
  const { rows } = await sql<Found>`
    select count(*) filter (where ${due} and not ${isHeld})::int as due,
           count(*) filter (where ${due} and ${isHeld})::int as held, min(${at}) as oldest
    from ${from}`.execute(context.db);
  return rows[0]!;
}

/** Removes at most one batch of what is due. @returns how many items were removed; 0 when nothing is due any more */
export async function removeDue(purge: Purge, context: PurgeContext): Promise<number> {
  await purge.prepare?.(context);
  const { from, due, isHeld } = await purge.rows(context);
  const removed = await purgeBatch(context, purge.kind, (tx) =>
    purge.remove(tx, sql`${from} and ${due} and not ${isHeld}`, context),
  );
  return removed + ((await purge.more?.(context, removed)) ?? 0);
}

/** What one batch removed, and the people it belonged to. */
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

/** SQL fragments that share the same table aliases. `from` ends in a `where` condition, so that more can be added with `and`. */
export interface Rows {
  readonly from: RawBuilder<unknown>;
  /** The time from which the retention period of a row is counted. */
  readonly at: RawBuilder<unknown>;
  readonly due: RawBuilder<unknown>;
  readonly isHeld: RawBuilder<unknown>;
}

/** Whether something is older than its retention period. Never true if that has no end (`days` is null). */
const olderThan = (at: RawBuilder<unknown>, days: number | null, now: Date): RawBuilder<unknown> =>
  sql`${at} < ${cutoff(days, now)?.toISOString() ?? null}::timestamptz`;

/** Time before which data of a device is deleted. Its site may keep data for a shorter time than the server. */
interface DeviceCutoff {
  readonly device: string;
  readonly site: string | null;
  /** RFC 3339. */
  readonly before: string;
}

/** Returns the cutoff of every device, by the policy of the site to which it belongs now. */
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

/** Rows per transaction. For templates, people per transaction, since each person takes several statements. */
const BATCH = {
  gps: 5000,
  photos: 500,
  templates: 50,
  attendance: 2000,
  consents: 500,
  quarantine: 5000,
  leavers: 100,
} as const;

/** Returns a table `k` to join: each device with its site and the time before which its data is deleted. */
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
  /** Events with a position, each with the cutoff of its device. */
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

/** Quarantine entries per transaction. Few, since each is decrypted. */
const ENTRIES = 100;

/**
 * Removes positions from the content of quarantined events: overdue ones, and those of people who opted out. The rest of the
 * content is kept.
 */
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
        where q.id > ${from} and q.content is not null and q.thinned_at is null
          and (q.received_at < k.before or exists (select from person p where p.id = q.person and p.gps_opt_out))
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

/** @returns null if the content can't be decrypted (older rotation key missing): then nobody can read a position from it */
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

/** Photos of check-ins (POLICY P6), with all their pieces. Photos of an enrolment are kept until the person is erased. */
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
    // Deletes every version of the photos' objects, once the last batch of rows has been removed.
    if (removed === 0 && context.objects) await sweepPhotoObjects(context.db, context.objects);
    return 0;
  },
};

/** People with templates, and when each last used their face: the last check-in by face, or the enrolment if that is later. */
const used = sql`(
  select t.person, greatest(max(t.added_at), (
      select max(c.at) from checkin c where c.person = t.person and c.method like '%face%')) as at
  from (select person, added_at from template union all select person, made_at from card_template) t
  group by t.person)`;

/**
 * Templates of people who have not used their face for a long time, and so serve no purpose. Kiosks are notified. The
 * consent is kept.
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
 * Records of check-ins. The person and everything personal in the event behind a record are removed. The rows are kept, so
 * counts by day and site don't change.
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
    // Also the undoing of such a correction, which names the correction and not the record.
    await sql`with theirs as (select id from correction where id = any(${ids}::uuid[]) or target = any(${ids}::uuid[]))
      update correction set reason = ''::bytea, person = ${NIL}::uuid
      where id in (select id from theirs) or target in (select id from theirs)`.execute(tx);
    // Notes name the person they are about. They exist for records that were voided and for complaints about a record.
    await sql`delete from attention_note where (kind = 'void' and ref = any(${ids}::text[]))
      or (kind = 'complaint' and ref in (
        select id::text from complaint where record = any(${ids}::uuid[])))`.execute(tx);
    await sql`delete from complaint where record = any(${ids}::uuid[])`.execute(tx);
    await sql`delete from photo where event = any(${ids}::uuid[])`.execute(tx);
    // `duplicate_of` would still link two records of the same person.
    await sql`update checkin set person = null,
        duplicate_of = case when duplicate_of is null then null else ${NIL}::uuid end
      where id = any(${ids}::uuid[])`.execute(tx);
    return { removed: ids.length, people: peopleOf(rows) };
  },
};

/** The last statement of everyone who has withdrawn. core/consents/standing.ts picks the last statement in the same way. */
export const ended = sql`(
  select * from (select distinct on (person) * from consent order by person, at desc, action desc) last
  where action = 'withdrawn')`;

/** Records of consents that were withdrawn long ago, with the personal part of their events. */
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
    // The personal part may hold the name of a guardian, for example.
    await sql`update event set person = null, personal = null where type = 'consent'
              and id = any(${rows.map((r) => r.event)}::uuid[])`.execute(tx);
    const people = [...new Set(rows.map((r) => r.person))];
    return { removed: people.length, people };
  },
};

/** Content of events that could not be accepted. The row itself is kept, as a record that something arrived. */
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

/** People who belong to no site, are neither erased nor merged into someone else, and have no open or completed erasure. */
const gone = sql`person p where p.deleted_at is null and p.merged_into is null
  and not exists (select from person_site s where s.person = p.id)
  and not exists (select from erasure e where e.person = p.id and e.state <> 'undone')`;

/** When someone left. If an erasure request was undone after that, the time it was undone: the period starts again. */
const leftAt = sql`greatest(p.left_at, (
  select max(e.done_at) from erasure e where e.person = p.id and e.state = 'undone'))`;

/** People who belong to no site any more. Their erasure is requested, and can be undone like any other. */
const leavers: Purge = {
  kind: 'leavers',
  /** Sets `left_at` of people now first found without a site, and clears it for those who have one again. */
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

/** All purges, in the order in which they run. Leavers come last, so that what their erasure deletes is not counted twice. */
export const PURGES: readonly Purge[] = [gps, photos, templates, attendance, consents, quarantine, leavers];
