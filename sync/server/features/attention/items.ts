import { type RawBuilder, sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import {
  ATTENTION_KINDS,
  type AttentionCount,
  type AttentionItem,
  type AttentionKind,
} from '../../../protocol/api/attention.ts';
import { MOST_COUNTED, type SortBy } from '../../../protocol/api/page.ts';
import { notePlace, openNotes } from '../../core/people/notes.ts';
import { lockPeople } from '../../core/people/people.ts';
import { namesOf } from '../../core/people/records.ts';
import { DEFAULT_SCOPE } from '../../core/sites/sites.ts';
import { upsert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { personBox } from '../../platform/keys/persons.ts';
import { openComplaints } from '../attendance/complaints.ts';
import { GRACE_MS } from '../fleet/rollout/rules.ts';
import { REENROLMENT_ITEMS } from '../reenrolment/list.ts';

/**
 * The attention queue. An item is no row of its own: it is read from where it happened, so that it is there exactly as long
 * as its reason is. What someone did about one is kept (notes.ts), and takes it off the list.
 */

/** Records that someone took back longer ago than this are looked at no more, days. */
const VOID_DAYS = 90;
/** A kiosk that was let in a moment ago may take this long until its first word, ms. */
const FIRST_REPORT_MS = 15 * 60_000;
interface Row {
  readonly kind: AttentionKind;
  readonly ref: string;
  readonly at: Date;
  readonly code: string;
  readonly person: string | null;
  readonly other: string | null;
  readonly device: string | null;
  readonly score: number | null;
}

/** SQL of one kind: kind, ref, at, code, person, other, device, score. */
type Source = (now: Date) => RawBuilder<Row>;

const nothing = sql`null::uuid`;
const findingRef = sql`f.replica || '@' || f.code || '@' || (extract(epoch from f.since) * 1000)::bigint`;

const SOURCES: Readonly<Record<AttentionKind, Source>> = {
  ...(REENROLMENT_ITEMS as Record<keyof typeof REENROLMENT_ITEMS, Source>),
  void: (now) => sql`
    select 'void' as kind, v.target::text as ref, v.at, v.reason as code, c.person, ${nothing} as other, c.device,
           null::real as score
    from checkin_void v join checkin c on c.id = v.target and c.device = v.device
    where v.reason in ('not-me', 'wrong-direction', 'not-right')
      and v.at > ${daysBefore(now, VOID_DAYS)}::timestamptz`,
  complaint: () => sql`
    select 'complaint' as kind, k.id::text as ref, k.made_at as at, 'record-wrong' as code, c.person, ${nothing} as other,
           c.device, null::real as score
    from complaint k join checkin c on c.id = k.record`,
  duplicate: () => sql`
    select 'duplicate' as kind, m.id::text as ref, m.found_at as at, m.reason as code, m.first as person, m.second as other,
           ${nothing} as device, m.score
    from merge_candidate m where m.status = 'open'`,
  // Those of an office that has just looked at both need nobody's attention twice, but others in charge should know.
  lookalikes: () => sql`
    select 'lookalikes' as kind, l.id::text as ref, l.at, 'lookalikes-' || l.reason as code, l.first as person,
           l.second as other, l.device, null::real as score
    from lookalike l where l.reason <> 'two-people'`,
  enrolment: () => sql`
    select 'enrolment' as kind, c.id::text as ref, c.made_at as at, 'enrolment-waits' as code, c.person, c.other,
           ${nothing} as device, c.score
    from enrolment_case c`,
  quarantine: () => sql`
    select 'quarantine' as kind, q.id::text as ref, q.received_at as at, q.reason as code, q.person, ${nothing} as other,
           q.device, null::real as score
    from quarantine q where q.content is not null`,
  import: () => sql`
    select 'import' as kind, r.id::text as ref, r.made_at as at, 'review' as code, ${nothing} as person,
           ${nothing} as other, ${nothing} as device, null::real as score
    from import_run r
    where r.state = 'open' and exists (select from import_photo p where p.run = r.id and p.state = 'judged')
      and not exists (select from import_photo p where p.run = r.id and p.state = 'waiting')`,
  // Each time that it stopped is an item of its own. A kiosk that failed on a build that others stay with is one as well.
  rollout: (now) => sql`
    select 'rollout' as kind, r.id::text || '@' || (extract(epoch from a.at) * 1000)::bigint as ref, a.at,
           'rollout-stopped' as code, ${nothing} as person, ${nothing} as other, ${nothing} as device,
           null::real as score
    from rollout r
    join lateral (select max(at) as at from rollout_action where rollout = r.id and what = 'stopped') a on a.at is not null
    where r.state = 'stopped'
    union all
    select 'rollout', r.id::text || '@back@' || (extract(epoch from max(p.at)) * 1000)::bigint, max(p.at),
           'rollout-went-back', ${nothing}, ${nothing}, case when count(*) = 1 then min(p.device::text)::uuid end,
           null::real
    from rollout r join rollout_device p on p.rollout = r.id
    where r.state in ('running', 'done') and p.at >= r.counting_since
      and (p.state = 'rolled-back'
        or (p.state = 'installing' and ${now.toISOString()}::timestamptz - p.at >
          make_interval(mins => r.trial_minutes) + ${`${GRACE_MS} milliseconds`}::interval))
    group by r.id`,
  // An older build than others have is no trouble of the kiosk's own: rollouts show it. Each use of the emergency PIN is an item.
  kiosk: (now) => sql`
    select 'kiosk' as kind, a.device::text || '@' || a.code || '@' || (extract(epoch from a.since) * 1000)::bigint as ref,
           a.since as at, a.code, ${nothing} as person, ${nothing} as other, a.device, null::real as score
    from kiosk_alert a join device d on d.id = a.device
    where d.status = 'approved' and a.code not in ('old-version', 'emergency-pin-used')
      and (a.code not in ('never-heard', 'no-report')
        or a.since <= ${new Date(now.getTime() - FIRST_REPORT_MS).toISOString()}::timestamptz)
    union all
    select 'kiosk', e.id::text, e.at, 'emergency-pin-used', ${nothing}, ${nothing}, e.device, null::real
    from event e
    where e.type = 'staff' and e.header->'open'->>'by' = 'emergency' and e.header->'open'->>'what' = 'enter'
      and e.at > ${daysBefore(now, VOID_DAYS)}::timestamptz`,
  // What no server says any more, since the one that found it has ended, is none.
  server: () => sql`
    select 'server' as kind, ${findingRef} as ref,
           f.since as at, f.code, ${nothing} as person, ${nothing} as other, ${nothing} as device, null::real as score
    from server_finding f where f.seen_at > now() - interval '2 minutes'`,
};

const daysBefore = (now: Date, days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString();

const allOf = (kinds: readonly AttentionKind[], now: Date): RawBuilder<Row> =>
  sql.join(
    kinds.map((kind) => SOURCES[kind](now)),
    sql` union all `,
  ) as RawBuilder<Row>;

/** Someone did something about the item `i`, and it is off the list. */
const noted = sql`exists (select from attention_note n where n.kind = i.kind and n.ref = i.ref)`;

/** How many open items there are, of these kinds. Nothing is opened for it. */
export async function countAttention(db: Db, kinds: readonly AttentionKind[], now: Date): Promise<AttentionCount> {
  const { rows } = await sql<{ kind: AttentionKind; count: number }>`
    select i.kind, count(*)::int as count from (${allOf(kinds, now)}) i
    where not ${noted} group by i.kind`.execute(db);
  return {
    total: rows.reduce((sum, r) => sum + r.count, 0),
    kinds: Object.fromEntries(rows.map((r) => [r.kind, r.count])),
  };
}

/** What an alert says of an item: nobody's name is opened for it. */
export interface OpenItem extends Pick<Row, 'kind' | 'ref' | 'at' | 'code' | 'person' | 'device'> {
  /** Of its kiosk, else of its people; empty: they belong to none; null: it concerns the whole installation. */
  readonly sites: readonly string[] | null;
}

/** Every open item. @param defaultSite where kiosks and people belong that were given no other */
export async function openItems(db: Db, defaultSite: string, now: Date): Promise<OpenItem[]> {
  const { rows } = await sql<OpenItem>`
    select i.kind, i.ref, i.at, i.code, i.person, i.device, coalesce(
      (select array[coalesce(d.site::text, ${defaultSite}::text)] from device d where d.id = i.device),
      (select array_agg(distinct case p.site when ${DEFAULT_SCOPE}::uuid then ${defaultSite}::text else p.site::text end)
       from person_site p where p.person in (i.person, i.other)),
      case when i.person is not null then '{}'::text[] end) as sites
    from (${allOf(ATTENTION_KINDS, now)}) i
    where not ${noted} order by i.at, i.ref`.execute(db);
  return rows.map((row) => ({ ...row, at: new Date(row.at) }));
}

export interface Place {
  readonly at: string;
  readonly kind: string;
  readonly ref: string;
}

interface Listed {
  readonly kinds: readonly AttentionKind[];
  readonly state: 'open' | 'resolved';
  /** Of this site alone, the default one by its scope; null: of all. */
  readonly scope: string | null;
}

const listed = ({ kinds, state, scope }: Listed, now: Date) => sql`
  (${allOf(kinds, now)}) i
  where ${state === 'open' ? sql`not ${noted}` : noted} ${
    scope === null
      ? sql``
      : sql`and case when i.device is not null
          then exists (select from device d where d.id = i.device and ${scope}::uuid = coalesce(
            (select s.id from site s where s.id = d.site and not s.is_default), ${DEFAULT_SCOPE}::uuid))
          else exists (select from person_site p where p.person in (i.person, i.other) and p.site = ${scope}::uuid) end`
  }`;

/** Up to `MOST_COUNTED` + 1. */
export async function countListed(db: Db, which: Listed, now: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (select from ${listed(which, now)} limit ${MOST_COUNTED + 1}) c`.execute(db);
  return rows[0]!.count;
}

/** Items of these kinds. @param o `after`: those behind this one */
export async function listAttention(
  db: Db,
  keys: Keys,
  o: Listed & {
    readonly sort: SortBy<'at' | 'what'>;
    readonly limit: number;
    readonly after: Place | null;
  },
  now: Date,
): Promise<AttentionItem[]> {
  const at = sql`date_trunc('milliseconds', i.at)`;
  const [down, behind] = o.sort.startsWith('-') ? [sql`desc`, sql`<`] : [sql`asc`, sql`>`];
  const byTime = o.sort === 'at' || o.sort === '-at';
  const { after } = o;
  const from = !after
    ? sql``
    : byTime
      ? sql`and (${at}, i.kind, i.ref) ${behind} (${after.at}::timestamptz, ${after.kind}, ${after.ref})`
      : sql`and (i.kind, ${at}, i.ref) ${behind} (${after.kind}, ${after.at}::timestamptz, ${after.ref})`;
  const order = byTime
    ? sql`${at} ${down}, i.kind ${down}, i.ref ${down}`
    : sql`i.kind ${down}, ${at} ${down}, i.ref ${down}`;
  const { rows } = await sql<Row>`
    select i.kind, i.ref, i.at, i.code, i.person, i.other, i.device, i.score from ${listed(o, now)} ${from}
    order by ${order} limit ${o.limit}`.execute(db);
  const names = await namesOf(
    db,
    keys,
    rows.flatMap((r) => [r.person, r.other].filter((id) => id !== null)),
  );
  const messages = await openComplaints(
    db,
    keys,
    rows.flatMap((r) => (r.kind === 'complaint' ? [r.ref] : [])),
  );
  const records = await recordsOf(db, rows);
  const replicas = await replicasOf(db, rows);
  const notes = o.state === 'resolved' ? await openNotes(db, keys, rows) : null;
  const nameOf = (id: string | null) => (id && names.get(id)) ?? null;
  return rows.map((r) => ({
    ...r,
    at: new Date(r.at).toISOString(),
    name: nameOf(r.person),
    other: r.other === null ? null : { id: r.other, name: nameOf(r.other) },
    replicas: replicas.get(r.ref) ?? [],
    recordAt: records.get(r.ref)?.toISOString() ?? null,
    message: messages.get(r.ref) ?? null,
    resolved: notes?.get(`${r.kind} ${r.ref}`) ?? null,
  }));
}

/** When the records were made that someone took back or disputes, by the items' refs. */
async function recordsOf(db: Db, rows: readonly Row[]): Promise<ReadonlyMap<string, Date>> {
  const of = (kind: AttentionKind) => rows.flatMap((r) => (r.kind === kind ? [r.ref] : []));
  const { rows: found } = await sql<{ ref: string; at: Date }>`
    select c.id::text as ref, c.at from checkin c where c.id = any(${of('void')}::uuid[])
    union all
    select k.id::text, c.at from complaint k join checkin c on c.id = k.record
    where k.id = any(${of('complaint')}::uuid[])`.execute(db);
  return new Map(found.map(({ ref, at }) => [ref, new Date(at)]));
}

/** Which replicas the server's findings are about, by the items' refs. */
async function replicasOf(db: Db, items: readonly Row[]): Promise<ReadonlyMap<string, string[]>> {
  const refs = items.flatMap((r) => (r.kind === 'server' ? [r.ref] : []));
  if (refs.length === 0) return new Map();
  const { rows } = await sql<{ ref: string; replica: string; code: string; detail: string | null }>`
    select ${findingRef} as ref, f.replica, f.code, f.detail from server_finding f
    where ${findingRef} = any(${refs}::text[])`.execute(db);
  return new Map(rows.map((r) => [r.ref, replicasMeant(r)]));
}

/** In a detail, the name of a replica that has none. */
export const NAMELESS = 'without a name';

/**
 * Which replicas a finding is about, as it is kept in the database: the one that found it of itself, or those that the others
 * miss or mistake. Empty: the whole installation, or a server alone; an empty name: one without a name.
 */
function replicasMeant(finding: { replica: string; code: string; detail: string | null }): string[] {
  const { replica, code, detail } = finding;
  if (replica !== INSTALLATION) return replica === '' ? [] : [replica];
  if (code !== 'replica-silent' && code !== 'replica-name-twice') return [];
  return (detail ?? '').split(', ').map((name) => (name === NAMELESS ? '' : name));
}

/** Replica of what is found of the whole installation, in the table. */
export const INSTALLATION = '*';

/** Kinds that are decided where they belong, and by nothing else. */
const ELSEWHERE: ReadonlySet<AttentionKind> = new Set(['duplicate', 'import', 'enrolment']);

/**
 * Takes an item off the list.
 *
 * @returns who it was about
 * @throws Problem `attention-unknown`, `attention-elsewhere`
 */
export async function resolveItem(
  tx: Tx,
  keys: Keys,
  { kind, ref, note }: { readonly kind: AttentionKind; readonly ref: string; readonly note: string },
  by: string | null,
  now: Date,
): Promise<string | null> {
  if (ELSEWHERE.has(kind)) throw new Problem('attention-elsewhere');
  const { rows } = await sql<{ person: string | null }>`
    select i.person from (${SOURCES[kind](now)}) i where i.ref = ${ref}`.execute(tx);
  const item = rows[0];
  if (!item || (item.person !== null && (await isErased(tx, item.person)))) throw new Problem('attention-unknown');
  const box = await personBox(tx, keys, item.person === null ? [] : [item.person]);
  const person = item.person !== null && box.has(item.person) ? item.person : null;
  const at = notePlace(kind, ref, person);
  const sealed = (person === null ? keys : box).sealJson(at, note);
  const values = { person, note: sealed, resolved_by: by, resolved_at: now };
  await upsert(tx, 'attention_note', ['kind', 'ref'], { kind, ref, ...values }, values);
  return item.person;
}

/** Under whatever name: they are kept from being erased until the transaction ends. */
async function isErased(tx: Tx, person: string): Promise<boolean> {
  return (await lockPeople(tx, [person])).get(person)?.erased === true;
}

/** Puts an item on the list again. @returns who it is about @throws Problem `attention-unknown` */
export async function reopenItem(tx: Tx, kind: AttentionKind, ref: string): Promise<string | null> {
  const row = await tx
    .deleteFrom('attention_note')
    .where('kind', '=', kind)
    .where('ref', '=', ref)
    .returning('person')
    .executeTakeFirst();
  if (!row) throw new Problem('attention-unknown');
  return row.person;
}
