import type { Config } from '../../app/config.ts';
import { atLeast, exists, find, findSorted } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { type ObjectStore, withObjectStore } from '../objects/store.ts';
import { logEpochOf, readHeadFile, readStoredAnchors } from './anchors.ts';
import { readAuditKeys } from './keys.ts';
import { readSigningKeys, readStatement, type Statement } from './statement.ts';
import type { AuditFault } from './verify.ts';

/** How many anchors of each place are compared. Each covers all rows before it, so the newest suffice. */
const NEWEST = 48;
/** Route of the row that a restore writes to the new log (features/backup/). Only the server can write it. */
export const RESTORE_ROUTE = 'backup restore';

export interface Compared {
  /** How many anchors were compared, by where they are stored. */
  readonly anchors: { readonly database: number; readonly folder: number; readonly objects: number | null };
  /** Differences to a log from before a restore, which are expected and therefore not faults. */
  readonly notes: readonly string[];
  readonly faults: readonly AuditFault[];
}

/**
 * Compares the chain with its anchors. Finds rows deleted at its end, and a chain rewritten by someone with the audit key.
 *
 * @param o `home`: server home. `store`: null if there is no object store
 */
export async function compareAnchors(
  db: Db,
  keys: Keys,
  o: { readonly home: string; readonly store: ObjectStore | null },
): Promise<Compared> {
  const known = { audit: await readAuditKeys(db, keys), signing: await readSigningKeys(db) };
  const faults: AuditFault[] = [];
  const notes: string[] = [];
  const newest = { columns: ['statement', 'seal'], descending: true, limit: NEWEST } as const;
  const inTable = await findSorted(db, 'audit_anchor', {}, ['id'], newest);
  const ofHome = readHeadFile(o.home);
  const stored = o.store && (await readStoredAnchors(o.store, NEWEST));
  const epoch = await logEpochOf(db);
  const restored = await wasRestored(db);
  const check = async (anchor: Statement | 'broken' | null, where: string) => {
    const body = anchor && anchor !== 'broken' ? readStatement(anchor, known) : null;
    if (!body) {
      faults.push({
        code: 'anchor-broken',
        position: 0,
        message: `An anchor in ${where} was not written by this server.`,
      });
      return;
    }
    const fault = await compare(db, body, where);
    if (!fault) return;
    if (body.epoch !== epoch && restored) notes.push(`Before the restore: ${fault.message}`);
    else faults.push(fault);
  };
  for (const anchor of inTable) await check(anchor, 'the database');
  if (ofHome) await check(ofHome, 'the server’s folder');
  for (const anchor of stored ?? []) await check(anchor, 'the object store');
  return {
    anchors: { database: inTable.length, folder: ofHome ? 1 : 0, objects: stored ? stored.length : null },
    notes,
    faults,
  };
}

/** Compares the chain with every anchor that this configuration can reach. */
export const compareHere = (db: Db, keys: Keys, { home, s3 }: Pick<Config, 'home' | 's3'>): Promise<Compared> =>
  withObjectStore(s3, (store) => compareAnchors(db, keys, { home, store }));

async function compare(
  db: Db,
  { position, mac, at }: { position: number; mac: string; at: string },
  where: string,
): Promise<AuditFault | null> {
  const row = await find(db, 'audit', { position }, ['mac']);
  if (row) {
    if (Buffer.from(row.mac).toString('base64url') === mac) return null;
    const message = `Row ${position} differs from what it was on ${at}, when ${where} noted it.`;
    return { code: 'anchor-differs', position, message };
  }
  if (await exists(db, 'audit_checkpoint', { position: atLeast(position) })) return null;
  return {
    code: 'tail-cut-off',
    position,
    message: `Row ${position} was the newest on ${at}, as ${where} noted, and is missing with everything after it.`,
  };
}

/** Whether this log was created by a restore, which leaves a row in the chain. */
export const wasRestored = (db: Db): Promise<boolean> => exists(db, 'audit', { route: RESTORE_ROUTE });
