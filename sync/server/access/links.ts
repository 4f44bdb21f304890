import { randomBytes } from 'node:crypto';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';

export const LINK_MS = 60 * 60 * 1000;
export const SESSION_MS = 12 * 60 * 60 * 1000;

/** 256 random bits, base64url. The database holds a keyed hash of it alone. */
const newToken = () => randomBytes(32).toString('base64url');

/** Makes a one-time admin link's token; it works once, within an hour. */
export async function createAdminLink(db: Db, keys: Keys, now: Date): Promise<string> {
  const token = newToken();
  await db
    .deleteFrom('admin_link')
    .where('expires_at', '<', new Date(now.getTime() - SESSION_MS))
    .execute();
  await db
    .insertInto('admin_link')
    .values({
      hash: keys.hashToken(token),
      created_at: now,
      expires_at: new Date(now.getTime() + LINK_MS),
      used_at: null,
    })
    .execute();
  return token;
}

/**
 * Trades a link's token for a session's.
 *
 * @throws Problem `link-unknown`, `link-already-used`, `link-expired`
 */
export async function redeemAdminLink(
  db: Db,
  keys: Keys,
  token: string,
  now: Date,
): Promise<{ session: string; expiresAt: Date }> {
  const hash = keys.hashToken(token);
  return db.transaction().execute(async (tx) => {
    const link = await tx.selectFrom('admin_link').selectAll().where('hash', '=', hash).forUpdate().executeTakeFirst();
    const again = 'Start the server again for a new link.';
    if (!link) throw new Problem('link-unknown', 'This link is not one of this server.', again);
    if (link.used_at) throw new Problem('link-already-used', 'This link was already used. It works once.', again);
    if (link.expires_at <= now) throw new Problem('link-expired', 'This link is older than an hour.', again);
    await tx.updateTable('admin_link').set({ used_at: now }).where('hash', '=', hash).execute();
    await tx.deleteFrom('session').where('expires_at', '<=', now).execute();
    const session = newToken();
    const expiresAt = new Date(now.getTime() + SESSION_MS);
    await tx
      .insertInto('session')
      .values({ hash: keys.hashToken(session), created_at: now, expires_at: expiresAt })
      .execute();
    return { session, expiresAt };
  });
}

/** When this session ends; null when there is none such, or no longer. */
export async function sessionEnd(db: Db, keys: Keys, token: string | undefined, now: Date): Promise<Date | null> {
  if (!token) return null;
  const row = await db
    .selectFrom('session')
    .select('expires_at')
    .where('hash', '=', keys.hashToken(token))
    .executeTakeFirst();
  return row && row.expires_at > now ? row.expires_at : null;
}

export async function endSession(db: Db, keys: Keys, token: string | undefined): Promise<void> {
  if (token) await db.deleteFrom('session').where('hash', '=', keys.hashToken(token)).execute();
}
