import type { Change } from '../../../sync/protocol/wire/changes.ts';
import type { LookalikeReason } from '../../../sync/protocol/wire/event.ts';
import type { Sql } from './database.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Session } from './session.ts';

/** Two people that a face alone can't distinguish. */
export interface LookalikePair {
  readonly people: readonly [string, string];
  readonly reason: LookalikeReason;
  /** RFC 3339, trusted time. */
  readonly at: string;
  /** The kiosk where it was marked; null if it was marked in the console. */
  readonly device: string | null;
  /** The member of the kiosk's staff who marked it; null if unknown or nobody did. */
  readonly by: string | null;
}

/** Why a pair is marked, and by which member of staff. */
export interface Marking {
  readonly reason: LookalikeReason;
  readonly by: string | null;
}

/** After this many check-ins voided with "not me" between the same two people, they become a pair. */
const CONFUSIONS = 2;
/** An older "not me" no longer counts, ms. */
const CONFUSION_MS = 90 * 86_400_000;

interface Row {
  readonly first: Buffer;
  readonly second: Buffer;
  readonly reason: string;
  readonly at: number;
  readonly device: Buffer | null;
  readonly actor: string | null;
}

/** Returns both ids as bytes, the smaller first. */
const sorted = (a: string, b: string): [Buffer, Buffer] => {
  const [x, y] = [uuidBytes(a), uuidBytes(b)];
  return Buffer.compare(x, y) < 0 ? [x, y] : [y, x];
};

/**
 * Deletes everything that links a deleted person to others: their pairs, and the events here that name both.
 * @param id 16 bytes
 */
export function forgetLookalikes(sql: Sql, id: Buffer): void {
  sql.run(
    'UPDATE event SET person = NULL, sealed = NULL WHERE n IN (SELECT n FROM lookalike WHERE first = ? OR second = ?)',
    id,
    id,
  );
  for (const table of ['lookalike', 'confusion']) sql.run(`DELETE FROM ${table} WHERE first = ? OR second = ?`, id, id);
}

export class Lookalikes {
  readonly #s: Session;
  readonly #device: Buffer;

  constructor(session: Session) {
    this.#s = session;
    this.#device = uuidBytes(session.device);
  }

  /** Returns whether this person is one of a pair: a face alone does not identify them. */
  has(person: string): boolean {
    const id = uuidBytes(person);
    const has = 'SELECT 1 FROM lookalike WHERE marked = 1 AND (first = ? OR second = ?) LIMIT 1';
    return this.#s.sql.row(has, id, id) !== undefined;
  }

  /** Newest first. */
  list(): LookalikePair[] {
    const rows = this.#s.sql.rows<Row>('SELECT * FROM lookalike WHERE marked = 1 ORDER BY at DESC');
    return rows.map((row) => ({
      people: [uuidText(row.first), uuidText(row.second)],
      reason: row.reason as LookalikeReason,
      at: new Date(row.at).toISOString(),
      device: row.device && uuidText(row.device),
      by: row.actor,
    }));
  }

  /** Returns the people this person forms a pair with. */
  partners(person: string): string[] {
    return this.list().flatMap(({ people }) => (people.includes(person) ? people.filter((id) => id !== person) : []));
  }

  /** Marks two people as a pair: from now on a face alone identifies neither. @throws Problem `person-unknown` */
  mark(person: string, other: string, marking: Marking): void {
    this.#s.people.require(person);
    this.#s.people.require(other);
    this.#s.write(() => this.insert(person, other, marking));
  }

  /** As `mark`, for a person who may so far exist only in the running transaction. Marking again does nothing. */
  insert(person: string, other: string, { reason, by }: Marking): void {
    const { people, values, sql } = this.#s;
    const [first, second] = sorted(person, other);
    const known = sql.row('SELECT 1 FROM lookalike WHERE first = ? AND second = ? AND marked = 1', first, second);
    if (known || person === other) return;
    this.#forgetEvent(first, second);
    const open = { change: 'marked', reason } as const;
    const { n } = values.append('lookalike', open, { person, other }, people.stored(person)?.known ?? null);
    sql.run('DELETE FROM confusion WHERE first = ? AND second = ?', first, second);
    this.#put(first, second, { marked: 1, reason, at: Math.floor(this.#s.trustedNow()), device: this.#device, by, n });
  }

  /** Lets both be identified by face again. @returns whether they were a pair */
  unmark(person: string, other: string, by: string | null): boolean {
    return this.#s.write(() => this.#unmark(person, other, by));
  }

  #unmark(person: string, other: string, by: string | null): boolean {
    const { people, values, sql } = this.#s;
    const [first, second] = sorted(person, other);
    const row = sql.row<{ reason: LookalikeReason }>(
      'SELECT reason FROM lookalike WHERE first = ? AND second = ? AND marked = 1',
      first,
      second,
    );
    if (!row) return false;
    this.#forgetEvent(first, second);
    const open = { change: 'removed' } as const;
    const { n } = values.append('lookalike', open, { person, other }, people.stored(person)?.known ?? null);
    const { reason } = row;
    this.#put(first, second, { marked: 0, reason, at: Math.floor(this.#s.trustedNow()), device: this.#device, by, n });
    return true;
  }

  /** Erases the last event about a pair, which names both, before the pair's row changes: only that row points to it. */
  #forgetEvent(first: Buffer, second: Buffer): void {
    const event = 'SELECT n FROM lookalike WHERE first = ? AND second = ?';
    this.#s.sql.run(`UPDATE event SET person = NULL, sealed = NULL WHERE n = (${event})`, first, second);
  }

  /** Notes that one was mistaken for the other and said so. After the second time they become a pair. */
  confuse(person: string, other: string): void {
    const { sql } = this.#s;
    const [first, second] = sorted(person, other);
    if (this.has(person) && this.partners(person).includes(other)) return;
    const now = Math.floor(this.#s.trustedNow());
    const before = sql.row<{ count: number; at: number }>(
      'SELECT count, at FROM confusion WHERE first = ? AND second = ?',
      first,
      second,
    );
    const count = before && now - before.at <= CONFUSION_MS ? before.count + 1 : 1;
    if (count >= CONFUSIONS) {
      this.insert(person, other, { reason: 'not-me', by: null });
      return;
    }
    sql.put('confusion', { first, second, count, at: now }, 'first, second');
  }

  /** Sets all of a person's pairs, as sent by the server. Changes made here that it has not committed yet are newer. */
  take(person: string, others: Extract<Change, { kind: 'lookalikes' }>['others']): void {
    const { sql, log } = this.#s;
    const id = uuidBytes(person);
    const rows = sql.rows<Pick<Row, 'first' | 'second'> & { n: number }>(
      'SELECT first, second, n FROM lookalike WHERE first = ? OR second = ?',
      id,
      id,
    );
    const own = new Set<string>();
    const events = new Map<string, number>();
    for (const { first, second, n } of rows) {
      const other = uuidText(first.equals(id) ? second : first);
      if (!log.isCommitted(n)) {
        own.add(other);
        continue;
      }
      if (others.some((one) => one.person === other)) events.set(other, n);
      else this.#forgetEvent(first, second);
      sql.run('DELETE FROM lookalike WHERE first = ? AND second = ?', first, second);
    }
    for (const { person: other, reason, at, device, by } of others) {
      if (own.has(other)) continue;
      const [first, second] = sorted(person, other);
      const where = device === null ? null : uuidBytes(device);
      const n = events.get(other) ?? 0;
      this.#put(first, second, { marked: 1, reason, at: Date.parse(at), device: where, by, n });
    }
  }

  #put(
    first: Buffer,
    second: Buffer,
    row: Marking & Pick<Row, 'at' | 'device'> & { readonly marked: 0 | 1; readonly n: number },
  ): void {
    const { by: actor, ...rest } = row;
    this.#s.sql.put('lookalike', { first, second, ...rest, actor }, 'first, second');
  }
}
