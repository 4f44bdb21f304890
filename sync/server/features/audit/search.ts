import type { SelectQueryBuilder } from 'kysely';
import type { z } from 'zod';
import type { AuditRowView, auditFilter } from '../../../protocol/api/audit.ts';
import type { SortBy } from '../../../protocol/api/page.ts';
import { sameAs } from '../../core/people/living.ts';
import { staffNames } from '../../core/staff/store.ts';
import { countRows } from '../../platform/access/list.ts';
import { dayOf, type PeopleInLog, peopleInLog } from '../../platform/audit/aliases.ts';
import { type AuditKey, readAuditKeys } from '../../platform/audit/keys.ts';
import { type OpenRow, openOwn, openRow } from '../../platform/audit/open.ts';
import { type AuditRow, auditRow } from '../../platform/audit/row.ts';
import type { Db, Tables } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';

const PAGE = 1000;
/** Most rows that one search decrypts. After them it returns what it has found, and where to continue. */
const MOST_OPENED = 50_000;

/** Conditions for rows, as in the API but with times as dates. All given conditions must match. */
export type AuditFilter = Omit<z.output<z.ZodObject<typeof auditFilter>>, 'from' | 'to'> & {
  /** Only this row. */
  readonly position?: number | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
};

export type AuditView = z.output<typeof AuditRowView>;

export interface Found {
  readonly items: readonly AuditView[];
  /** Position after which to continue. Null if there are no more rows. */
  readonly next: number | null;
}

/** Sorting by position: oldest or newest first. */
type Sort = SortBy<'position'>;

/** Searches rows. Encrypted fields are decrypted row by row, so a narrow period is fast. */
export async function searchAudit(
  db: Db,
  keys: Keys,
  filter: AuditFilter,
  {
    sort = '-position',
    behind,
    limit,
  }: { readonly sort?: Sort; readonly behind?: number | undefined; readonly limit: number },
): Promise<Found> {
  const items: AuditView[] = [];
  let last: number | null = null;
  for await (const found of matches(db, keys, filter, sort, behind, MOST_OPENED)) {
    if (found === 'enough') return { items, next: last };
    if (found.view) {
      if (items.length === limit) return { items, next: items.at(-1)!.position };
      items.push(found.view);
    }
    last = found.position;
  }
  return { items, next: null };
}

/** Returns every matching row, newest first, for an export. */
export async function* everyMatch(db: Db, keys: Keys, filter: AuditFilter): AsyncGenerator<AuditView> {
  for await (const found of matches(db, keys, filter, '-position', undefined, Number.POSITIVE_INFINITY))
    if (found !== 'enough' && found.view) yield found.view;
}

async function* matches(
  db: Db,
  keys: Keys,
  filter: AuditFilter,
  sort: Sort,
  behind: number | undefined,
  most: number,
): AsyncGenerator<{ position: number; view: AuditView | null } | 'enough'> {
  const auditKeys = await readAuditKeys(db, keys);
  const named = await namesIn(db, keys, filter);
  let opened = 0;
  for (let from = behind; ; ) {
    const page = await readBehind(db, filter, sort, from);
    const actors = page.map((r) => (r.role === 'kiosk-staff' ? r.actor : null));
    const staff = await staffNames(db, keys, actors);
    for (const row of page) {
      const key = auditKeys.get(row.keyVersion);
      const seen = key ? viewOf(named, filter, key, openRow(key, row)) : null;
      const view = seen && { ...seen, name: (row.actor !== null && staff.get(row.actor)) || null };
      yield { position: row.position, view };
      opened += 1;
      if (opened >= most) yield 'enough';
    }
    const end = page.at(-1);
    if (!end || page.length < PAGE) return;
    from = end.position;
  }
}

interface Named {
  readonly people: PeopleInLog;
  readonly who: readonly string[];
  readonly affected: readonly string[];
  readonly person: readonly string[];
}

async function namesIn(db: Db, keys: Keys, { who, affected, person }: AuditFilter): Promise<Named> {
  const all = async (id: string | undefined) => (id === undefined ? [] : await sameAs(db, [id]));
  const named = { who: await all(who), affected: await all(affected), person: await all(person) };
  return { ...named, people: await peopleInLog(db, keys, [...named.who, ...named.affected, ...named.person]) };
}

const aliasesOf = (people: PeopleInLog, id: string, key: AuditKey, { at }: AuditRow): string[] => [
  people.alias(id, dayOf(at), key).toString('base64url'),
  // The alias in rows written while the person had no key.
  key.aliasOf(id, dayOf(at)).subarray(0, 16).toString('base64url'),
];

/** Returns which of these people is the actor of a row. Undefined if none of them. */
export const whoDid = (
  people: PeopleInLog,
  ids: readonly string[],
  key: AuditKey,
  { row, actorAlias }: OpenRow,
): string | undefined =>
  actorAlias === null ? undefined : ids.find((id) => aliasesOf(people, id, key, row).includes(actorAlias));

/** Returns a row for display. Null if it does not match. */
function viewOf(named: Named, filter: AuditFilter, key: AuditKey, open: OpenRow): Omit<AuditView, 'name'> | null {
  const { row, subjects } = open;
  const concerned = (ids: readonly string[]) =>
    row.everyone ||
    (subjects.length > 0 &&
      ids.some((id) => aliasesOf(named.people, id, key, row).some((alias) => subjects.includes(alias))));
  const actor = whoDid(named.people, [...named.who, ...named.affected, ...named.person], key, open);
  if (filter.who !== undefined && row.actor !== filter.who && !(actor && named.who.includes(actor))) return null;
  if (filter.affected !== undefined && !concerned(named.affected)) return null;
  if (filter.person !== undefined && !concerned(named.person) && !(actor && named.person.includes(actor))) return null;
  const trace = actor ? openOwn(named.people, actor, open) : open.trace;
  if (filter.email !== undefined && trace?.email?.toLowerCase() !== filter.email.toLowerCase()) return null;
  if (filter.ip !== undefined && trace?.ip !== filter.ip) return null;
  return {
    position: row.position,
    at: row.at.toISOString(),
    action: row.action,
    role: row.role,
    actor: row.actor ?? actor ?? null,
    email: trace?.email ?? null,
    ip: trace?.ip ?? null,
    userAgent: trace?.userAgent ?? null,
    hidden: open.own !== null && trace === null,
    route: row.route,
    resource: row.resource,
    data: [...row.data],
    count: row.count,
    everyone: row.everyone,
    outcome: row.outcome,
  };
}

async function readBehind(db: Db, filter: AuditFilter, sort: Sort, from: number | undefined): Promise<AuditRow[]> {
  const down = sort === '-position';
  const matching = inClear(db.selectFrom('audit'), filter).selectAll();
  let query = matching.orderBy('position', down ? 'desc' : 'asc').limit(PAGE);
  if (from !== undefined) query = query.where('position', down ? '<' : '>', from);
  return (await query.execute()).map(auditRow);
}

/** Counts matching rows, up to `MOST_COUNTED` + 1. Null if the filter needs encrypted fields, which takes decrypting each row. */
export async function countMatches(db: Db, filter: AuditFilter): Promise<number | null> {
  const { who, affected, person, email, ip } = filter;
  if ([who, affected, person, email, ip].some((sealed) => sealed !== undefined)) return null;
  return countRows(db, inClear(db.selectFrom('audit').select('position'), filter));
}

type Query<O> = SelectQueryBuilder<Tables, 'audit', O>;

/** Adds the conditions on unencrypted columns to a query. */
export function inClear<O>(query: Query<O>, filter: AuditFilter): Query<O> {
  const { position, from, to, action, role, who, route, resource, data, outcome } = filter;
  let q = query;
  if (position !== undefined) q = q.where('position', '=', position);
  if (from) q = q.where('at', '>=', from);
  if (to) q = q.where('at', '<', to);
  if (action !== undefined) q = q.where('action', '=', action);
  if (role !== undefined) q = q.where('role', '=', role);
  if (who !== undefined) q = q.where((e) => e.or([e('actor', '=', who), e('role', '=', 'person')]));
  if (route !== undefined) q = q.where((e) => e(e.fn('starts_with', ['route', e.val(route)]), '=', true));
  if (resource !== undefined) q = q.where('resource', '=', resource);
  if (data !== undefined) q = q.where((e) => e(e.val<string>(data), '=', e.fn.any('data')));
  if (outcome !== undefined) q = q.where('outcome', '=', outcome);
  return q;
}
