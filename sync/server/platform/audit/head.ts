import type { Logger } from 'pino';
import { find, findLast } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Keyring } from '../keys/keyring.ts';
import { logEpochOf, readHeadFile, signHead, writeHeadFile } from './anchors.ts';
import { wasRestored } from './compare.ts';
import { readAuditKeys } from './keys.ts';
import { readSigningKeys, readStatement } from './statement.ts';

/** How often the head is stored, ms. Newer rows could be deleted unnoticed. */
const EVERY_MS = 5000;

interface HeadContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly home: string;
  readonly log: Logger;
  readonly now: () => Date;
}

/**
 * Stores the head of the audit log in the server home, outside the database. The previous head is compared with the log
 * first. If the log no longer contains it, it is kept, so that `audit verify` reports it.
 *
 * @returns a function that stores the head once more and stops
 */
export function keepHead(context: HeadContext): () => Promise<void> {
  let going: Promise<void> = Promise.resolve();
  const check = () => {
    going = going
      .then(async () => void (await noteHead(context)))
      .catch((err: unknown) =>
        context.log.warn({ code: 'audit-head-not-noted', err }, 'the head of the audit log could not be stored'),
      );
  };
  const ticker = setInterval(check, EVERY_MS).unref();
  check();
  return async () => {
    clearInterval(ticker);
    check();
    await going;
  };
}

/** Compares the stored head with the log, and replaces it if they agree. @returns whether they agree */
export async function noteHead({ db, keys, keyring, home, log, now }: HeadContext): Promise<boolean> {
  const before = readHeadFile(home);
  const known = { audit: await readAuditKeys(db, keys), signing: await readSigningKeys(db) };
  const body = before && before !== 'broken' ? readStatement(before, known) : null;
  const newest = await findLast(db, 'audit', {}, 'position', ['position']);
  if (before && !body) return alarm(log, 'audit-head-unreadable');
  const another = body !== null && body.epoch !== (await logEpochOf(db));
  if (another && !(await wasRestored(db))) return alarm(log, 'audit-log-exchanged');
  if (body && !another) {
    if (Number(newest?.position ?? 0) < body.position) return alarm(log, 'audit-tail-cut-off');
    const row = await find(db, 'audit', { position: body.position }, ['mac']);
    if (row && Buffer.from(row.mac).toString('base64url') !== body.mac) return alarm(log, 'audit-row-differs');
    if (row && Number(newest?.position) === body.position) return true;
  }
  const head = await signHead({ db, keys, serverId: keyring.serverId, signing: keyring.signing }, now());
  if (head) writeHeadFile(home, head);
  return true;
}

function alarm(log: Logger, code: string): false {
  log.error({ code }, 'the audit log was altered or cut off: run audit verify');
  return false;
}
