import { NIL } from 'uuid';
import { sameAs } from '../../core/people/living.ts';
import { dayOf, peopleInLog } from '../../platform/audit/aliases.ts';
import { type AuditKey, readAuditKeys } from '../../platform/audit/keys.ts';
import { type OpenRow, openRow } from '../../platform/audit/open.ts';
import { auditRow } from '../../platform/audit/row.ts';
import { above, count, findSorted, idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { type AuditFilter, inClear, whoDid } from './search.ts';

const PAGE = 1000;
const PEOPLE = 2000;

interface Affected {
  readonly person: string;
  readonly rows: number;
  readonly first: Date;
  readonly last: Date;
  readonly data: readonly string[];
}

export interface AffectedPeople {
  readonly people: readonly Affected[];
  readonly rows: number;
  /** Whether a row was about everyone. Then everyone known and not erased is among `people`. */
  readonly everyone: boolean;
  /** Number of aliases that match nobody: people erased since, or with an id not known here. */
  readonly unknown: number;
}

interface Trail {
  readonly rows: number;
  /** ms since 1970. */
  readonly first: number;
  readonly last: number;
  readonly data: Set<string>;
}

/**
 * Finds the people affected by the rows of some filters. The log names nobody, so the aliases of everyone with a key are
 * computed for each day in question and compared: 100,000 people and one day take seconds. For people erased since, only
 * their number is found.
 *
 * @param filters rows that match at least one; `affected`, `person`, `email` and `ip` are ignored
 */
export async function findAffected(
  db: Db,
  keys: Keys,
  filters: readonly AuditFilter[],
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<AffectedPeople> {
  const auditKeys = await readAuditKeys(db, keys);
  const { trails, rows, everyone } = await trailsOf(db, keys, auditKeys, filters);
  const days = [...new Set([...trails.keys()].map((name) => name.slice(0, 10)))];
  const found = new Map<string, Trail>();
  const named = new Set<string>();
  const total = await count(db, 'person', {});
  let done = 0;
  for (let after: string = NIL; ; ) {
    const columns = ['id', 'merged_into', 'deleted_at'] as const;
    const page = await findSorted(db, 'person', { id: above(after) }, ['id'], { columns, limit: PEOPLE });
    const people = await peopleInLog(db, keys, idsOf(page));
    for (const { id, merged_into, deleted_at } of page) {
      const person = merged_into ?? id;
      for (const day of days) {
        for (const key of auditKeys.values()) {
          const name = `${day}${people.alias(id, day, key).toString('base64url')}`;
          const trail = trails.get(name);
          if (!trail || named.has(name)) continue;
          named.add(name);
          join(found, person, trail);
        }
      }
      if (everyone && !deleted_at) join(found, person, everyone);
    }
    done += page.length;
    onProgress(done, total);
    const end = page.at(-1);
    if (!end || page.length < PEOPLE) break;
    after = end.id;
  }
  return {
    people: [...found].map(([person, t]) => ({
      person,
      rows: t.rows,
      first: new Date(t.first),
      last: new Date(t.last),
      data: [...t.data].sort(),
    })),
    rows,
    everyone: everyone !== null,
    unknown: trails.size - named.size,
  };
}

/** Sums up the rows for each alias of a day (key: `YYYY-MM-DD` and the alias), and for those about everyone. */
async function trailsOf(
  db: Db,
  keys: Keys,
  auditKeys: ReadonlyMap<number, AuditKey>,
  filters: readonly AuditFilter[],
): Promise<{ trails: Map<string, Trail>; rows: number; everyone: Trail | null }> {
  const trails = new Map<string, Trail>();
  let everyone: Trail | null = null;
  // A row that matches two filters counts once.
  const counted = new Set<number>();
  for (const filter of filters)
    for await (const { row, subjects } of rowsOf(db, keys, auditKeys, filter)) {
      if (counted.has(row.position)) continue;
      counted.add(row.position);
      const trail: Trail = { rows: 1, first: row.at.getTime(), last: row.at.getTime(), data: new Set(row.data) };
      for (const alias of subjects) {
        const name = `${dayOf(row.at)}${alias}`;
        trails.set(name, joined(trails.get(name), trail));
      }
      if (row.everyone) everyone = joined(everyone ?? undefined, trail);
    }
  return { trails, rows: counted.size, everyone };
}

/** Returns the rows that match a filter, decrypted, oldest first. */
async function* rowsOf(
  db: Db,
  keys: Keys,
  auditKeys: ReadonlyMap<number, AuditKey>,
  filter: AuditFilter,
): AsyncGenerator<OpenRow> {
  const { who } = filter;
  const names = who === undefined ? [] : await sameAs(db, [who]);
  const people = await peopleInLog(db, keys, names);
  for (let after = 0; ; ) {
    const page = await inClear(db.selectFrom('audit'), filter)
      .selectAll()
      .where('position', '>', after)
      .orderBy('position')
      .limit(PAGE)
      .execute();
    for (const row of page.map(auditRow)) {
      const key = auditKeys.get(row.keyVersion);
      if (!key) continue;
      const open = openRow(key, row);
      // For what people did themselves the actor is encrypted, so that the query also returned rows of others.
      if (who !== undefined && open.row.actor !== who && !whoDid(people, names, key, open)) continue;
      yield open;
    }
    const end = page.at(-1);
    if (!end || page.length < PAGE) return;
    after = Number(end.position);
  }
}

function join(found: Map<string, Trail>, person: string, trail: Trail): void {
  found.set(person, joined(found.get(person), trail));
}

function joined(a: Trail | undefined, b: Trail): Trail {
  if (!a) return { ...b, data: new Set(b.data) };
  return {
    rows: a.rows + b.rows,
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
    data: new Set([...a.data, ...b.data]),
  };
}
