import { Problem } from '../../../sync/errors/problem.ts';
import type { EventType } from '../../../sync/protocol/wire/event.ts';
import type { Sql } from './database.ts';
import type { Salted } from './events.ts';
import { canonicalText, uuidText } from './header.ts';

/** Compact encoding of events: a check-in writes whole encrypted pages, so each byte that avoids a new page counts. */

/** Names of personal fields by code. Codes are stored: append only, never reorder. At most 31 (one bit each). */
const FIELDS = [
  'person',
  'score',
  'second',
  'photo',
  'gps',
  'name',
  'number',
  'language',
  'guardian',
  'photoKey',
  'templates',
  'reason',
  'relation',
  'bornOn',
  'card',
  'bearer',
  'pin',
  'other',
  'quality',
] as const;
const CODES = new Map<string, number>(FIELDS.map((name, code) => [name, code]));

function codeOf(field: string): number {
  const code = CODES.get(field);
  if (code === undefined) throw new Problem('field-unknown', { field });
  return code;
}

/** Encodes which fields an event has, one bit each. */
export function fieldMask(fields: readonly string[]): number {
  let mask = 0;
  for (const field of fields) mask |= 1 << codeOf(field);
  return mask;
}

/** Decodes the names, sorted by UTF-16 code units as RFC 8785 sorts keys. */
export function fieldsOf(mask: number): string[] {
  return FIELDS.filter((_, code) => mask & (1 << code)).sort();
}

/**
 * How a value is packed, in the upper bits of its field's code. With UUIDs and long numbers in binary, a check-in's row takes a
 * third of a page. As text it would take half, costing each check-in a fifth more encrypted pages.
 */
const AS_UUID = 0x40;
const AS_NUMBER = 0x80;
const CODE = 0x1f;
const UUID_TEXT = /^"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"$/;

function formOf(text: string): number {
  const first = text.charCodeAt(0);
  if (first === 0x22) return text.length === 38 && UUID_TEXT.test(text) ? AS_UUID : 0;
  // A canonical number's text follows from its double. A short text is smaller than the double's 8 bytes.
  return text.length > 7 && (first === 0x2d || (first >= 0x30 && first <= 0x39)) ? AS_NUMBER : 0;
}

/**
 * Packs salted values for encryption: a count; code, form and salt of each; the binary ones in order (16 bytes for a UUID, 8 for
 * a double, big-endian); then the canonical texts of the rest as a JSON array, if there are any.
 */
export function packSalted(salted: readonly Salted[]): Buffer {
  let json = '';
  let fixed = 0;
  const forms: number[] = [];
  for (const { text } of salted) {
    const form = formOf(text);
    forms.push(form);
    if (form === 0) json += json === '' ? `[${text}` : `,${text}`;
    else fixed += form === AS_UUID ? 16 : 8;
  }
  if (json !== '') json += ']';
  const head = 1 + 17 * salted.length;
  const out = Buffer.allocUnsafe(head + fixed + Buffer.byteLength(json));
  out[0] = salted.length;
  let at = head;
  for (let i = 0; i < salted.length; i++) {
    const { field, salt, text } = salted[i]!;
    const form = forms[i]!;
    out[1 + 17 * i] = codeOf(field) | form;
    out.set(salt, 2 + 17 * i);
    if (form === AS_UUID) at += out.write(text.replaceAll('-', '').slice(1, 33), at, 'hex');
    else if (form === AS_NUMBER) at = out.writeDoubleBE(Number(text), at);
  }
  out.write(json, at, 'utf8');
  return out;
}

export function unpackSalted(packed: Buffer): Salted[] {
  const count = packed[0]!;
  let at = 1 + 17 * count;
  const found: { field: string; salt: Uint8Array; text: string | null }[] = [];
  for (let i = 0; i < count; i++) {
    const code = packed[1 + 17 * i]!;
    let text: string | null = null;
    if (code & AS_UUID) {
      text = `"${uuidText(packed.subarray(at, at + 16))}"`;
      at += 16;
    } else if (code & AS_NUMBER) {
      text = canonicalText(packed.readDoubleBE(at));
      at += 8;
    }
    found.push({ field: FIELDS[code & CODE]!, salt: packed.subarray(2 + 17 * i, 18 + 17 * i), text });
  }
  const rest = at < packed.length ? (JSON.parse(packed.toString('utf8', at)) as unknown[]) : [];
  let next = 0;
  return found.map(({ field, salt, text }) => ({ field, salt, text: text ?? canonicalText(rest[next++]) }));
}

/** Types of events by code. Codes are stored: append only, never reorder. */
const TYPES: readonly EventType[] = [
  'checkin',
  'void',
  'person',
  'consent',
  'template',
  'pin',
  'purge',
  'erasureDone',
  'health',
  'command',
  'credential',
  'staff',
  'evacuation',
  'lookalike',
];
const TYPE_CODES = new Map<EventType, number>(TYPES.map((type, code) => [type, code]));

export function typeCode(type: EventType): number {
  return TYPE_CODES.get(type)!;
}

export function typeOf(code: number): EventType {
  const type = TYPES[code];
  if (!type) throw new Problem('type-unknown', { code });
  return type;
}

interface Shared {
  readonly open: object;
  readonly ref: number;
  readonly text: string;
}

/** How many recently used open halves are cached: in and out, with a few methods and thresholds. */
const RECENTLY = 8;

/** Open halves that recur: stored once and referenced. The chain's hashes cover them like any other. */
export class SharedOpen {
  readonly #sql: Sql;
  #recent: Shared[] = [];

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Returns reference and canonical text. Creates a missing row, in the running transaction if there is one. */
  of(open: object): Shared {
    // Comparing is several times cheaper than serialising and looking up.
    for (const one of this.#recent) if (sameJson(one.open, open)) return one;
    const text = canonicalText(open);
    const known = this.#sql.value<number>('SELECT ref FROM shared_open WHERE text = ?', text);
    const ref = known ?? Number(this.#sql.run('INSERT INTO shared_open(text) VALUES (?)', text).lastInsertRowid);
    const found = { open: JSON.parse(text) as object, ref, text };
    this.#recent = [found, ...this.#recent.slice(0, RECENTLY - 1)];
    return found;
  }

  /** Clears the cache: after a rollback its rows may no longer exist. */
  forget(): void {
    this.#recent = [];
  }
}

/** Returns whether two JSON values are equal. A key with value undefined counts as absent, as in JSON. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key in x) if (!sameJson(x[key], y[key])) return false;
  for (const key in y) if (y[key] !== undefined && !(key in x)) return false;
  return true;
}
