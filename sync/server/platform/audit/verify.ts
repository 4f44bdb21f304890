import { findLast } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { type AuditKey, readAuditKeys } from './keys.ts';
import { type AuditRow, GENESIS_MAC, rowMac } from './row.ts';
import { readSigningKeys, readStatement, type StatementKeys } from './statement.ts';

const PAGE = 2000;

export interface AuditFault {
  readonly code: 'row-altered' | 'rows-missing' | 'key-missing' | 'checkpoint-broken' | AnchorFault;
  readonly position: number;
  readonly message: string;
}
type AnchorFault = 'tail-cut-off' | 'anchor-differs' | 'anchor-broken';

/** Where a verification continues. */
export interface VerifyPlace {
  readonly position: number;
  /** Possible MACs of this row, base64url: the next row must follow one of them. */
  readonly follows: readonly string[];
}

export interface VerifiedPart {
  readonly rows: number;
  readonly faults: readonly AuditFault[];
  /** Null at the end of the chain. */
  readonly next: VerifyPlace | null;
  /** Position of the log's newest row. */
  readonly last: number;
}

/**
 * Verifies the next rows of the chain. Only a page of rows is in memory at a time.
 *
 * @param from null for the beginning, which is the newest checkpoint if the log was purged
 * @param limit maximum number of rows
 */
export async function verifyPart(db: Db, keys: Keys, from: VerifyPlace | null, limit: number): Promise<VerifiedPart> {
  const known = { audit: await readAuditKeys(db, keys), signing: await readSigningKeys(db) };
  const faults: AuditFault[] = [];
  let place = from ?? (await beginning(db, known, faults));
  const last = await newestPosition(db);
  let rows = 0;
  while (rows < limit) {
    const page = await readRows(db, place.position, last, Math.min(PAGE, limit - rows));
    for (const { row, mac } of page) place = step(known.audit, place, row, mac, faults);
    rows += page.length;
    if (page.length === 0) return { rows, faults, next: null, last };
  }
  return { rows, faults, next: place, last };
}

export async function verifyAudit(
  db: Db,
  keys: Keys,
): Promise<{ readonly rows: number; readonly last: number; readonly faults: readonly AuditFault[] }> {
  const faults: AuditFault[] = [];
  let rows = 0;
  for (let from: VerifyPlace | null = null; ; ) {
    const part = await verifyPart(db, keys, from, 50_000);
    faults.push(...part.faults);
    rows += part.rows;
    if (!part.next) return { rows, last: part.last, faults };
    from = part.next;
  }
}

async function beginning(db: Db, known: StatementKeys, faults: AuditFault[]): Promise<VerifyPlace> {
  const checkpoints = await db.selectFrom('audit_checkpoint').selectAll().orderBy('position', 'desc').execute();
  let newest: VerifyPlace | null = null;
  for (const c of checkpoints) {
    const position = Number(c.position);
    const body = readStatement(c, known);
    const sound = body?.kind === 'checkpoint' && body.position === position && body.mac === text(c.mac);
    if (sound) newest ??= { position, follows: [text(c.mac)] };
    else
      faults.push({
        code: 'checkpoint-broken',
        position,
        message: `The checkpoint at ${position} was not written by this server.`,
      });
  }
  return newest ?? { position: 0, follows: [text(GENESIS_MAC)] };
}

function step(
  auditKeys: ReadonlyMap<number, AuditKey>,
  place: VerifyPlace,
  row: AuditRow,
  mac: Uint8Array,
  faults: AuditFault[],
): VerifyPlace {
  const { position } = row;
  const gone = position - place.position - 1;
  if (gone > 0) {
    faults.push({
      code: 'rows-missing',
      position: place.position + 1,
      message: `${gone === 1 ? `Row ${position - 1} is` : `Rows ${place.position + 1} to ${position - 1} are`} missing.`,
    });
    return { position, follows: [text(mac)] };
  }
  const key = auditKeys.get(row.keyVersion);
  if (!key) {
    const message = `Row ${position} names audit key ${row.keyVersion}, which is missing.`;
    faults.push({ code: 'key-missing', position, message });
    return { position, follows: [text(mac)] };
  }
  const expected = place.follows.map((previous) => text(rowMac(key, Buffer.from(previous, 'base64url'), row)));
  if (expected.includes(text(mac))) return { position, follows: [text(mac)] };
  faults.push({
    code: 'row-altered',
    position,
    message: `Row ${position} was altered or replaced.`,
  });
  // Either the row's content or its MAC was altered. Accept both MACs, so that the next row isn't reported as well.
  return { position, follows: [text(mac), ...expected] };
}

async function newestPosition(db: Db): Promise<number> {
  const row = await findLast(db, 'audit', {}, 'position', ['position']);
  return Number(row?.position ?? 0);
}

/** Reads rows above a position, still encrypted. */
export async function readRows(
  db: Db,
  after: number,
  upTo: number,
  limit: number,
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

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
