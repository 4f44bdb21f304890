import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { replaceFile } from '../../../disk/replace.ts';
import type { Ed25519PrivateJwk } from '../../../protocol/wire/batch.ts';
import { inTransaction } from '../database/retry.ts';
import { find, findLast, findSorted, insert, update } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { Job } from '../jobs/job.ts';
import type { Keys } from '../keys/envelope.ts';
import { type ObjectStore, withObjectStore } from '../objects/store.ts';
import { type AuditKey, readAuditKeys } from './keys.ts';
import { type Statement, signStatement } from './statement.ts';
import { lockChain } from './write.ts';

/**
 * Anchors record the head of the chain in places that people with write access to the database can't change. Deleting the
 * newest rows leaves a valid chain; anchors show that there were more.
 */

/** Folder of the anchors in the object store. */
export const ANCHOR_PREFIX = 'audit/anchors/';
/** How long anchors are locked in a store with object locks: longer than the rows they cover must be kept. */
const LOCK_MS = 366 * 86_400_000;

/** Returns the identity of the database's log, which changes with a restore. */
export async function logEpochOf(db: Db): Promise<string> {
  const row = await find(db, 'meta', { key: 'log-epoch' }, ['value']);
  return row?.value ?? '';
}

export interface AnchorContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly serverId: string;
  readonly signing: Ed25519PrivateJwk;
}

/** Signs the current head of the chain. Returns null if there are no rows. */
export async function signHead({ db, keys, serverId, signing }: AnchorContext, now: Date): Promise<Anchor | null> {
  const row = await findLast(db, 'audit', {}, 'position', ['position', 'mac']);
  const key = [...(await readAuditKeys(db, keys)).values()].at(-1);
  if (!row || !key) return null;
  const position = Number(row.position);
  const made = await signStatement(
    {
      kind: 'anchor',
      server: serverId,
      epoch: await logEpochOf(db),
      position,
      mac: Buffer.from(row.mac).toString('base64url'),
      at: now.toISOString(),
      keyVersion: key.version,
    },
    key,
    signing,
  );
  return { position, key, mac: row.mac, ...made };
}

/** Signs the current head and stores it in the database. @returns null if there are no rows or the head is already anchored */
export function makeAnchor(context: AnchorContext, now: Date): Promise<Anchor | null> {
  return inTransaction(context.db, async (tx) => {
    await lockChain(tx);
    const newest = await findLast(tx, 'audit_anchor', {}, 'id', ['position']);
    const head = await signHead({ ...context, db: tx }, now);
    if (!head || Number(newest?.position) === head.position) return null;
    const { position, mac, statement, seal, key } = head;
    await insert(tx, 'audit_anchor', { position, mac, statement, seal, key_version: key.version, made_at: now });
    return head;
  });
}

export interface Anchor extends Statement {
  readonly position: number;
  readonly mac: Uint8Array;
  readonly key: AuditKey;
}

/** Copies new anchors to the object store, locked if the bucket supports locks. @returns how many */
export async function storeAnchors(db: Db, store: ObjectStore, now: Date): Promise<number> {
  const waiting = await findSorted(db, 'audit_anchor', { object: null }, ['id'], { limit: 1000 });
  const locks = waiting.length > 0 && (await store.offersLocks());
  for (const { id, position, statement, seal, made_at } of waiting) {
    const object = `${ANCHOR_PREFIX}${made_at.toISOString().replaceAll(':', '')}-${position}.json`;
    await store.put(object, Buffer.from(anchorText({ statement, seal }), 'utf8'), {
      contentType: 'application/json',
      ...(locks && { lockedUntil: new Date(now.getTime() + LOCK_MS) }),
    });
    await update(db, 'audit_anchor', { id: Number(id) }, { object });
  }
  return waiting.length;
}

const File = z.strictObject({ statement: z.string().max(4096), seal: z.base64url().length(43) });

const anchorText = ({ statement, seal }: { statement: string; seal: Uint8Array }): string =>
  `${JSON.stringify({ statement, seal: Buffer.from(seal).toString('base64url') })}\n`;

const readAnchorText = (content: string): Statement | null => {
  try {
    const { statement, seal } = File.parse(JSON.parse(content));
    return { statement, seal: Buffer.from(seal, 'base64url') };
  } catch {
    return null;
  }
};

const headFile = (home: string): string => join(home, 'audit-head.json');

/** Reads the head stored in the server home. `broken` if the file can't be read as one. */
export function readHeadFile(home: string): Statement | 'broken' | null {
  const path = headFile(home);
  return existsSync(path) ? (readAnchorText(readFileSync(path, 'utf8')) ?? 'broken') : null;
}

export function writeHeadFile(home: string, anchor: Statement): void {
  replaceFile(headFile(home), anchorText(anchor), { byMany: true });
}

/** Reads the object store's newest anchors, newest first, even deleted and overwritten versions. Null for unreadable ones. */
export async function readStoredAnchors(store: ObjectStore, newest: number): Promise<(Statement | null)[]> {
  const found: { key: string; versionId: string }[] = [];
  for await (const o of store.list(ANCHOR_PREFIX)) if (!o.deleteMarker) found.push(o);
  found.sort((a, b) => (a.key < b.key ? 1 : -1));
  const read: (Statement | null)[] = [];
  for (const { key, versionId } of found.slice(0, newest)) {
    read.push(readAnchorText(await text(await store.get(key, versionId))));
  }
  return read;
}

/** Anchors the chain's head, also in an object store, from which database access alone can't remove it. */
export const auditAnchorJob: Job = {
  name: 'audit-anchor',
  everyMs: 60 * 60 * 1000,
  async run({ db, keys, keyring, config, now }) {
    const at = now();
    const made = await makeAnchor({ db, keys, serverId: keyring.serverId, signing: keyring.signing }, at);
    const stored = await withObjectStore(config.s3, async (store) => store && storeAnchors(db, store, at));
    return { position: made?.position ?? null, stored };
  },
};
