import { type RawBuilder, sql } from 'kysely';
import { NIL } from 'uuid';
import { inTransaction } from '../../../platform/database/retry.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';

/**
 * Removes an erased person from the rows that are kept, so that nothing links these rows to each other any more.
 *
 * Setting a column to null would not be enough. All rows that one transaction changed carry its id (`xmin`, and the
 * feed's `change`), and are stored next to each other, which is also their order in a dump. So the rows are rewritten
 * together with all other rows of the same device and month that belong to nobody (of people erased earlier, or never
 * anyone's), in the order of their own times. What is left of a row is its device, its time, and what it counts for.
 */

/** Number of a person's rows that were kept, by table. */
export interface Unlinked {
  readonly events: number;
  readonly checkins: number;
  readonly corrections: number;
}

/**
 * Unlinks every row of these people, one device and month per transaction. Safe to run again after an interruption at any
 * point, since rows that are done are no longer found.
 *
 * @param people every id of the person; no new rows may be written under any of them
 */
export async function unlinkPeople(db: Db, people: readonly string[], signal?: AbortSignal): Promise<Unlinked> {
  const total = { events: 0, checkins: 0, corrections: 0 };
  for (const group of await groupsOf(db, 'checkin', 'at', people)) {
    signal?.throwIfAborted();
    total.checkins += await inTransaction(db, (tx) => unlinkCheckins(tx, group, people));
  }
  for (const group of await groupsOf(db, 'event', 'received_at', people)) {
    signal?.throwIfAborted();
    total.events += await inTransaction(db, (tx) => unlinkEvents(tx, group, people));
  }
  total.corrections = await inTransaction(db, (tx) => unlinkCorrections(tx, people));
  return total;
}

/** One device and one month in UTC, [from, to). */
interface Group {
  readonly device: string;
  readonly from: string;
  readonly to: string;
}

async function groupsOf(db: Db, table: string, time: string, people: readonly string[]): Promise<Group[]> {
  const { rows } = await sql<{ device: string; month: string }>`
    select distinct device, to_char(${sql.ref(time)} at time zone 'UTC', 'YYYY-MM') as month
    from ${sql.table(table)} where person = any(${people}::uuid[]) order by 1, 2`.execute(db);
  return rows.map(({ device, month }) => {
    const [year = 0, number = 0] = month.split('-').map(Number);
    return {
      device,
      from: new Date(Date.UTC(year, number - 1, 1)).toISOString(),
      to: new Date(Date.UTC(year, number, 1)).toISOString(),
    };
  });
}

async function unlinkCheckins(tx: Tx, { device, from, to }: Group, people: readonly string[]): Promise<number> {
  const theirs = sql`select id from checkin where device = ${device}::uuid and at >= ${from}::timestamptz
    and at < ${to}::timestamptz and person = any(${people}::uuid[])`;
  // The id of the voiding event would link two rows of one person. That the record is void still counts.
  await rewriteRows(tx, 'checkin_void', {
    rows: sql`device = ${device}::uuid and (target in (${theirs}) or (event = ${NIL}::uuid
              and at >= ${from}::timestamptz and at < ${to}::timestamptz))`,
    set: { event: sql`${NIL}::uuid` },
    order: sql`at, target`,
  });
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from (${theirs}) t`.execute(tx);
  await rewriteRows(tx, 'checkin', {
    rows: sql`device = ${device}::uuid and at >= ${from}::timestamptz and at < ${to}::timestamptz
              and (person is null or person = any(${people}::uuid[]))`,
    set: {
      person: sql`null`,
      // That it is a duplicate or was superseded still counts. The id of the other row would link the two.
      duplicate_of: sql`case when m.duplicate_of is null then null else ${NIL}::uuid end`,
      superseded_by: sql`case when m.superseded_by is null then null
                             when m.person is null then m.superseded_by else ${NIL}::uuid end`,
      change: sql`greatest(m.change, pg_current_xact_id()::text::bigint)`,
    },
    order: sql`at, id`,
  });
  return rows[0]!.count;
}

async function unlinkEvents(tx: Tx, { device, from, to }: Group, people: readonly string[]): Promise<number> {
  // Takes the same lock as an ingest of this device, which may be updating the chain state in a row.
  await tx.selectFrom('ack_mark').select('epoch').where('device', '=', device).orderBy('epoch').forUpdate().execute();
  const within = sql`device = ${device}::uuid and received_at >= ${from}::timestamptz and received_at < ${to}::timestamptz`;
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from event
    where ${within} and person = any(${people}::uuid[])`.execute(tx);
  const gone = (column: string) =>
    sql`case when m.person = any(${people}::uuid[]) then null else ${sql.ref(`m.${column}`)} end`;
  await rewriteRows(tx, 'event', {
    rows: sql`${within} and (person is null or person = any(${people}::uuid[]))`,
    set: { personal: gone('personal'), gps: gone('gps'), person: sql`null` },
    order: sql`epoch, seq`,
  });
  return rows[0]!.count;
}

async function unlinkCorrections(tx: Tx, people: readonly string[]): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from correction
    where person = any(${people}::uuid[])`.execute(tx);
  if (rows[0]!.count === 0) return 0;
  const theirs = sql`m.person = any(${people}::uuid[])`;
  await rewriteRows(tx, 'correction', {
    rows: sql`person = any(${people}::uuid[]) or person = ${NIL}::uuid`,
    set: {
      person: sql`${NIL}::uuid`,
      reason: sql`''::bytea`,
      author: sql`null`,
      target: sql`case when m.target is null then null when ${theirs} then ${NIL}::uuid else m.target end`,
      undone_by: sql`case when m.undone_by is null then null else ${NIL}::uuid end`,
    },
    order: sql`made_at, id`,
  });
  return rows[0]!.count;
}

/** Deletes rows and inserts them again in one statement, with the columns in `set` replaced (`m` is the old row). */
async function rewriteRows(
  tx: Tx,
  table: string,
  o: {
    readonly rows: RawBuilder<unknown>;
    readonly set: Readonly<Record<string, RawBuilder<unknown>>>;
    readonly order: RawBuilder<unknown>;
  },
): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select a.attname as name from pg_attribute a
    where a.attrelid = ${table}::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    order by a.attnum`.execute(tx);
  const columns = rows.map((r) => r.name);
  const values = columns.map((c) => o.set[c] ?? sql.ref(`m.${c}`));
  await sql`
    with m as (delete from ${sql.table(table)} where ${o.rows} returning *)
    insert into ${sql.table(table)} (${sql.join(columns.map((c) => sql.ref(c)))})
    select ${sql.join(values)} from m order by ${o.order}`.execute(tx);
}
