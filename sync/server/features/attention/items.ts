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
import type { AttentionDetails, AttentionSource } from '../../platform/attention.ts';
import { insertNew } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { personBox } from '../../platform/keys/persons.ts';

/** The attention queue: items of every module (`ServerModule.attention`). A note on an item takes it off the list. */

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

/** The sources of all kinds, by kind (`attentionOf`). */
type Sources = Readonly<Record<AttentionKind, AttentionSource>>;

const allOf = (sources: Sources, kinds: readonly AttentionKind[], now: Date): RawBuilder<unknown> =>
  sql.join(
    kinds.map((kind) => sources[kind].items(now)),
    sql` union all `,
  );

/** Condition for an item `i` that has a note, and so is off the list. */
const noted = sql`exists (select from attention_note n where n.kind = i.kind and n.ref = i.ref)`;

/** Counts open items of these kinds, without decrypting anything. */
export async function countAttention(
  db: Db,
  sources: Sources,
  kinds: readonly AttentionKind[],
  now: Date,
): Promise<AttentionCount> {
  const { rows } = await sql<{ kind: AttentionKind; count: number }>`
    select i.kind, count(*)::int as count from (${allOf(sources, kinds, now)}) i
    where not ${noted} group by i.kind`.execute(db);
  return {
    total: rows.reduce((sum, r) => sum + r.count, 0),
    kinds: Object.fromEntries(rows.map((r) => [r.kind, r.count])),
  };
}

/** The part of an item that alerts use. No name has to be decrypted for it. */
export interface OpenItem extends Pick<Row, 'kind' | 'ref' | 'at' | 'code' | 'person' | 'device'> {
  /** Sites of its kiosk, else of its people. Empty: they belong to none. Null: it concerns the whole installation. */
  readonly sites: readonly string[] | null;
}

/** Returns every open item. @param defaultSite site of kiosks and people that have no other */
export async function openItems(db: Db, sources: Sources, defaultSite: string, now: Date): Promise<OpenItem[]> {
  const { rows } = await sql<OpenItem>`
    select i.kind, i.ref, i.at, i.code, i.person, i.device, coalesce(
      (select array[coalesce(d.site::text, ${defaultSite}::text)] from device d where d.id = i.device),
      (select array_agg(distinct case p.site when ${DEFAULT_SCOPE}::uuid then ${defaultSite}::text else p.site::text end)
       from person_site p where p.person in (i.person, i.other)),
      case when i.person is not null then '{}'::text[] end) as sites
    from (${allOf(sources, ATTENTION_KINDS, now)}) i
    where not ${noted} order by i.at, i.ref`.execute(db);
  return rows.map((row) => ({ ...row, at: new Date(row.at) }));
}

/** Position in the list: its sorting, then time, kind and ref of an item. */
export type Place = readonly [sort: string, at: string, kind: string, ref: string];

interface Listed {
  readonly kinds: readonly AttentionKind[];
  readonly state: 'open' | 'resolved';
  /** Scope of the only site to list. Null for all sites. */
  readonly scope: string | null;
}

const listed = (sources: Sources, { kinds, state, scope }: Listed, now: Date) => sql`
  (${allOf(sources, kinds, now)}) i
  where ${state === 'open' ? sql`not ${noted}` : noted} ${
    scope === null
      ? sql``
      : sql`and case when i.device is not null
          then exists (select from device d where d.id = i.device and ${scope}::uuid = coalesce(
            (select s.id from site s where s.id = d.site and not s.is_default), ${DEFAULT_SCOPE}::uuid))
          else exists (select from person_site p where p.person in (i.person, i.other) and p.site = ${scope}::uuid) end`
  }`;

/** Counts the listed items, up to `MOST_COUNTED` + 1. */
export async function countListed(db: Db, sources: Sources, which: Listed, now: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (select from ${listed(sources, which, now)} limit ${MOST_COUNTED + 1}) c`.execute(
    db,
  );
  return rows[0]!.count;
}

/** Lists items of these kinds. @param o `after`: position of the last item of the page before */
export async function listAttention(
  db: Db,
  keys: Keys,
  sources: Sources,
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
      ? sql`and (${at}, i.kind, i.ref) ${behind} (${after[1]}::timestamptz, ${after[2]}, ${after[3]})`
      : sql`and (i.kind, ${at}, i.ref) ${behind} (${after[2]}, ${after[1]}::timestamptz, ${after[3]})`;
  const order = byTime
    ? sql`${at} ${down}, i.kind ${down}, i.ref ${down}`
    : sql`i.kind ${down}, ${at} ${down}, i.ref ${down}`;
  const { rows } = await sql<Row>`
    select i.kind, i.ref, i.at, i.code, i.person, i.other, i.device, i.score from ${listed(sources, o, now)} ${from}
    order by ${order} limit ${o.limit}`.execute(db);
  const people = rows.flatMap((r) => [r.person, r.other]);
  const names = await namesOf(db, keys, people);
  const details = new Map<string, AttentionDetails>();
  for (const [kind, of] of Map.groupBy(rows, (r) => r.kind)) {
    const refs = of.map((r) => r.ref);
    for (const [ref, more] of (await sources[kind].details?.(db, keys, refs)) ?? [])
      details.set(`${kind} ${ref}`, more);
  }
  const notes = o.state === 'resolved' ? await openNotes(db, keys, rows) : null;
  const nameOf = (id: string | null) => (id && names.get(id)) ?? null;
  return rows.map((r) => ({
    ...r,
    at: new Date(r.at).toISOString(),
    name: nameOf(r.person),
    other: r.other === null ? null : { id: r.other, name: nameOf(r.other) },
    replicas: [],
    webhook: null,
    recordAt: null,
    message: null,
    ...details.get(`${r.kind} ${r.ref}`),
    resolved: notes?.get(`${r.kind} ${r.ref}`) ?? null,
  }));
}

/**
 * Takes an item off the list, with a note.
 *
 * @returns the person it is about, or null
 * @throws Problem `attention-unknown`, `attention-already-resolved`, `attention-elsewhere`
 */
export async function resolveItem(
  tx: Tx,
  keys: Keys,
  sources: Sources,
  { kind, ref, note }: { readonly kind: AttentionKind; readonly ref: string; readonly note: string },
  by: string | null,
  now: Date,
): Promise<string | null> {
  if (sources[kind].decidedElsewhere) throw new Problem('attention-elsewhere');
  const { rows } = await sql<{ person: string | null }>`
    select i.person from (${sources[kind].items(now)}) i where i.ref = ${ref}`.execute(tx);
  const item = rows[0];
  if (!item || (item.person !== null && (await isErased(tx, item.person)))) throw new Problem('attention-unknown');
  const box = await personBox(tx, keys, item.person === null ? [] : [item.person]);
  const person = item.person !== null && box.has(item.person) ? item.person : null;
  const at = notePlace(kind, ref, person);
  const sealed = (person === null ? keys : box).sealJson(at, note);
  const row = { kind, ref, person, note: sealed, resolved_by: by, resolved_at: now };
  if (!(await insertNew(tx, 'attention_note', row))) throw new Problem('attention-already-resolved');
  return item.person;
}

/** Whether a person is erased. Locks them under every id, so that they can't be erased before the transaction ends. */
async function isErased(tx: Tx, person: string): Promise<boolean> {
  return (await lockPeople(tx, [person])).get(person)?.erased === true;
}

/** Puts an item back on the list. @returns the person it is about, or null @throws Problem `attention-unknown` */
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
