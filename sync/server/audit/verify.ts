import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { type AuditKey, readAuditKeys } from './keys.ts';
import { type AuditRow, GENESIS_MAC, rowMac } from './row.ts';

/** Rows read at once. */
const PAGE = 2000;

/** What is wrong, and where: each has a code and a sentence. */
export interface AuditFault {
  readonly code:
    | 'row-altered'
    | 'row-missing'
    | 'row-inserted'
    | 'key-missing'
    | 'start-missing'
    | 'tail-cut-off'
    | 'anchor-differs'
    | 'checkpoint-broken'
    | 'anchor-broken';
  /** Where it was found. */
  readonly position: number;
  readonly message: string;
}

export interface VerifyOptions {
  /** Faults after which it stops. Default 100. */
  readonly limit?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Verified {
  readonly rows: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly faults: readonly AuditFault[];
}

/** Reads the whole chain, a page at a time, and names every place at which it is not what was written. */
export async function verifyAudit(db: Db, keys: Keys, o: VerifyOptions = {}): Promise<Verified> {
  const auditKeys = await readAuditKeys(db, keys);
  const faults: AuditFault[] = [];
  const limit = o.limit ?? 100;
  const end = await db
    .selectFrom('audit')
    .select((e) => [e.fn.max('position').as('last'), e.fn.countAll().as('count')])
    .executeTakeFirstOrThrow();
  const total = Number(end.count);
  let previous: Uint8Array | null = GENESIS_MAC;
  let last = 0;
  let rows = 0;
  let first: number | null = null;
  for (;;) {
    const page = await readRows(db, last, Number(end.last ?? 0));
    for (const { row, mac } of page) {
      first ??= row.position;
      if (row.position !== last + 1) {
        faults.push(missing(last, row.position));
        previous = null;
      }
      const fault = previous && check(auditKeys, previous, row, mac);
      if (fault) faults.push(fault);
      previous = mac;
      last = row.position;
      rows += 1;
      if (faults.length >= limit) return { rows, first, last, faults };
    }
    o.onProgress?.(rows, total);
    if (page.length < PAGE) break;
  }
  return { rows, first, last: rows === 0 ? null : last, faults };
}

function missing(last: number, found: number): AuditFault {
  const gone = found - last - 1;
  return {
    code: 'row-missing',
    position: last + 1,
    message: `${gone} ${gone === 1 ? 'row is' : 'rows are'} missing before row ${found}.`,
  };
}

function check(
  auditKeys: ReadonlyMap<number, AuditKey>,
  previous: Uint8Array,
  row: AuditRow,
  mac: Uint8Array,
): AuditFault | null {
  const { position } = row;
  const key = auditKeys.get(row.keyVersion);
  if (!key)
    return {
      code: 'key-missing',
      position,
      message: `Row ${position} names audit key ${row.keyVersion}: there is none.`,
    };
  if (rowMac(key, previous, row).equals(mac)) return null;
  return {
    code: 'row-altered',
    position,
    message: `Row ${position} is not as it was written, or does not follow the row before it.`,
  };
}

/** Rows above a position, as they lie in the table. */
export async function readRows(
  db: Db,
  after: number,
  upTo: number,
  limit = PAGE,
): Promise<{ row: AuditRow; mac: Uint8Array }[]> {
  const found = await db
    .selectFrom('audit')
    .selectAll()
    .where('position', '>', after)
    .where('position', '<=', upTo)
    .orderBy('position')
    .limit(limit)
    .execute();
  return found.map(({ key_version, mac, position, ...r }) => ({
    row: { ...r, position: Number(position), keyVersion: key_version },
    mac,
  }));
}
