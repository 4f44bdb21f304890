import type { Config } from '../../app/config.ts';
import { atLeast, exists, find, findSorted } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { type ObjectStore, withObjectStore } from '../objects/store.ts';
import { logEpochOf, readHeadFile, readStoredAnchors } from './anchors.ts';
import { readAuditKeys } from './keys.ts';
import { readSigningKeys, readStatement, type Statement } from './statement.ts';
import type { AuditFault } from './verify.ts';

/** Anchors of the object store that are compared: each vouches for all rows before it, so the newest suffice. */
const NEWEST = 48;
/** What a restore leaves in the log it makes (features/backup/): only the server can write it. */
export const RESTORE_ROUTE = 'backup restore';

export interface Compared {
  /** Anchors looked at, by where they lie. */
  readonly anchors: { readonly database: number; readonly folder: number; readonly objects: number | null };
  /** Of a log before a restore: what it had beyond this one is reported, and is no fault. */
  readonly notes: readonly string[];
  readonly faults: readonly AuditFault[];
}

/**
 * Compares the chain with what is known of it elsewhere: finds rows that were cut off at its end, and a chain that
 * someone with the audit key rewrote.
 *
 * @param o `home`: server home; `store`: null without an object store
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

/** Whether this log was created by a restore: the row says so, and is part of the chain. */
export const wasRestored = (db: Db): Promise<boolean> => exists(db, 'audit', { route: RESTORE_ROUTE });
