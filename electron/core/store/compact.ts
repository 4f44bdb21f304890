import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Db } from './database.ts';
import type { Salted } from './events.ts';
import { canonicalText } from './header.ts';

/**
 * How events are kept small: a check-in writes whole encrypted pages, so each byte that spares a new page counts.
 */

/** Names of personal fields by code. Codes are stored: add at the end, never reorder. At most 31 (a bit each). */
const FIELDS = ['person', 'score', 'second', 'photo', 'gps', 'name', 'number', 'language', 'guardian'] as const;
const CODES = new Map<string, number>(FIELDS.map((name, code) => [name, code]));

function codeOf(field: string): number {
  const code = CODES.get(field);
  if (code === undefined)
    throw new Problem('field-unknown', `there is no personal field ${field}`, 'Report this as a defect.');
  return code;
}

/** Which fields an event has, as a bit each. */
export function fieldMask(fields: readonly string[]): number {
  let mask = 0;
  for (const field of fields) mask |= 1 << codeOf(field);
  return mask;
}

/** The names back, sorted by UTF-16 code units as RFC 8785 sorts keys. */
export function fieldsOf(mask: number): string[] {
  return FIELDS.filter((_, code) => mask & (1 << code)).sort();
}

/** Salted values as they are sealed: a count, then code and salt of each, then the values as a JSON array. */
export function packSalted(salted: readonly Salted[]): Buffer {
  const json = JSON.stringify(salted.map((one) => one.value));
  const head = 1 + 17 * salted.length;
  const out = Buffer.allocUnsafe(head + Buffer.byteLength(json));
  out[0] = salted.length;
  for (let i = 0; i < salted.length; i++) {
    out[1 + 17 * i] = codeOf(salted[i]!.field);
    out.set(salted[i]!.salt, 2 + 17 * i);
  }
  out.write(json, head, 'utf8');
  return out;
}

export function unpackSalted(packed: Buffer): Salted[] {
  const count = packed[0]!;
  const head = 1 + 17 * count;
  const values = JSON.parse(packed.toString('utf8', head)) as unknown[];
  return values.map((value, i) => ({
    field: FIELDS[packed[1 + 17 * i]!]!,
    salt: packed.subarray(2 + 17 * i, 18 + 17 * i),
    value,
  }));
}

/** Open halves that come again and again: stored once, referred to. The chain's hashes hold them like any other. */
export class SharedOpen {
  readonly #known = new Map<string, { ref: number; text: string }>();
  readonly #find;
  readonly #add;

  constructor(db: Db) {
    this.#find = db.prepare('SELECT ref FROM shared_open WHERE text = ?').pluck();
    this.#add = db.prepare('INSERT INTO shared_open(text) VALUES (?)');
  }

  /** Reference and canonical text; makes the row, in the running transaction, where there is none. */
  of(open: object): { readonly ref: number; readonly text: string } {
    const key = JSON.stringify(open);
    const known = this.#known.get(key);
    if (known) return known;
    const text = canonicalText(open);
    const ref = (this.#find.get(text) as number | undefined) ?? Number(this.#add.run(text).lastInsertRowid);
    if (this.#known.size > 500) this.#known.clear();
    const found = { ref, text };
    this.#known.set(key, found);
    return found;
  }

  /** A transaction was rolled back: rows that memory knows may be gone. */
  forget(): void {
    this.#known.clear();
  }
}
