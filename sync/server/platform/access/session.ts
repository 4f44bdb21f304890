import { randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { AccountSession } from '../../../protocol/api/accounts.ts';
import type { Role } from '../../../protocol/api/endpoint.ts';
import type { SessionState } from '../../../protocol/api/session.ts';
import type { Actor } from '../audit/actor.ts';
import { insert, remove } from '../database/rows.ts';
import type { Tables, Tx } from '../database/schema.ts';
import { openEmail } from '../http/email.ts';
import { type Keys, type Place, placeOf } from '../keys/envelope.ts';

const MINUTE = 60_000;

/** How long a session lives without use, and at most, ms. */
export const SESSION_LIFE: Readonly<Record<Role, { readonly idleMs: number; readonly maxMs: number }>> = {
  admin: { idleMs: 30 * MINUTE, maxMs: 12 * 60 * MINUTE },
  dpo: { idleMs: 30 * MINUTE, maxMs: 12 * 60 * MINUTE },
  staff: { idleMs: 30 * MINUTE, maxMs: 12 * 60 * MINUTE },
  auditor: { idleMs: 30 * MINUTE, maxMs: 12 * 60 * MINUTE },
  person: { idleMs: 15 * MINUTE, maxMs: 2 * 60 * MINUTE },
};

/** Uses within this time are recorded as one, so that not every read causes a write, ms. */
const SEEN_MS = 30_000;

export interface Session {
  /** Keyed hash of its token, its key in the database. */
  readonly hash: Buffer;
  readonly role: Role;
  readonly account: string | null;
  readonly person: string | null;
  /** `enrol`: may only set password and second factor. */
  readonly stage: 'full' | 'enrol';
  /** Email of the account. Null for a person. */
  readonly email: string | null;
  readonly idleEndsAt: Date;
  readonly expiresAt: Date;
}

export type Holder =
  | { readonly role: Exclude<Role, 'person'>; readonly account: string; readonly stage: 'full' | 'enrol' }
  | { readonly role: 'person'; readonly person: string };

/** Returns 256 random bits, base64url. The database only stores a keyed hash of it. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** Where the envelope of a session's address and browser is bound to. */
export const clientPlace = (session: string): Place => placeOf('session.client', session);

/** @param from where it is signed in from, shown to administrators in the list of an account's sessions */
export async function startSession(
  tx: Tx,
  keys: Keys,
  holder: Holder,
  { ip, userAgent }: Pick<Actor, 'ip' | 'userAgent'>,
  now: Date,
): Promise<{ token: string; session: Session }> {
  const token = newToken();
  const id = randomUUID();
  const expiresAt = new Date(now.getTime() + SESSION_LIFE[holder.role].maxMs);
  await insert(tx, 'session', {
    hash: keys.hashToken(token),
    id,
    role: holder.role,
    account: holder.role === 'person' ? null : holder.account,
    person: holder.role === 'person' ? holder.person : null,
    stage: holder.role === 'person' ? 'full' : holder.stage,
    created_at: now,
    seen_at: now,
    expires_at: expiresAt,
    client: holder.role === 'person' ? null : keys.sealJson(clientPlace(id), { ip, userAgent }),
  });
  return { token, session: (await findSession(tx, keys, token, now, { use: false }))! };
}

/**
 * Returns the session of a token. Null if it doesn't exist, has ended or was unused for too long, or if its account is
 * disabled or its person erased or merged.
 *
 * @param use whether this counts as a use, which restarts the idle time
 */
export async function findSession(
  db: Kysely<Tables>,
  keys: Keys,
  token: string | undefined,
  now: Date,
  { use }: { use: boolean },
): Promise<Session | null> {
  if (!token) return null;
  const row = await rowsOf(db, [keys.hashToken(token)]).executeTakeFirst();
  if (!row || !isAlive(row, now)) return null;
  const hash = Buffer.from(row.hash);
  const role = row.role as Role;
  if (use && now.getTime() - row.seen_at.getTime() >= SEEN_MS)
    await sql`update session set seen_at = greatest(seen_at, ${now.toISOString()}::timestamptz) where hash = ${hash}`.execute(
      db,
    );
  return {
    hash,
    role,
    account: row.account,
    person: row.person,
    stage: row.stage,
    email: row.email ? openEmail(keys, row.account!, row.row_version!, row.email) : null,
    idleEndsAt: use ? new Date(now.getTime() + SESSION_LIFE[role].idleMs) : idleEnd(row),
    expiresAt: row.expires_at,
  };
}

/** Returns those tokens whose sessions are alive and fully signed in, with one query. This doesn't count as a use. */
export async function aliveSessions(
  db: Kysely<Tables>,
  keys: Keys,
  tokens: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const byHash = new Map(tokens.map((token) => [keys.hashToken(token).toString('hex'), token]));
  return new Set([...(await aliveHashes(db, [...byHash.keys()], now))].map((hash) => byHash.get(hash)!));
}

/** As `aliveSessions`, for session hashes in hexadecimal. */
export async function aliveHashes(
  db: Kysely<Tables>,
  hashes: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  if (hashes.length === 0) return new Set();
  const bytes = hashes.map((hex) => Buffer.from(hex, 'hex'));
  const rows = await rowsOf(db, bytes).execute();
  const alive = rows.filter((row) => row.stage === 'full' && isAlive(row, now));
  return new Set(alive.map((row) => Buffer.from(row.hash).toString('hex')));
}

const rowsOf = (db: Kysely<Tables>, hashes: readonly Buffer[]) => rows(db).where('s.hash', 'in', [...hashes]);

const rows = (db: Kysely<Tables>) =>
  db
    .selectFrom('session as s')
    .leftJoin('account as a', 'a.id', 's.account')
    .leftJoin('person as p', 'p.id', 's.person')
    .select([
      's.hash',
      's.id',
      's.role',
      's.account',
      's.person',
      's.stage',
      's.created_at',
      's.seen_at',
      's.expires_at',
    ])
    .select(['s.client', 'a.email', 'a.row_version', 'a.disabled_at', 'a.role as account_role'])
    .select(['p.deleted_at', 'p.merged_into']);

type Row = Awaited<ReturnType<ReturnType<typeof rowsOf>['execute']>>[number];

const idleEnd = (row: Row): Date => new Date(row.seen_at.getTime() + SESSION_LIFE[row.role as Role].idleMs);

function isAlive(row: Row, now: Date): boolean {
  if (row.expires_at <= now || idleEnd(row) <= now) return false;
  if (row.disabled_at || row.deleted_at || row.merged_into) return false;
  // Changing a role ends its sessions (core/accounts/accounts.ts). This catches any that were missed.
  return row.account === null || row.account_role === row.role;
}

const Client = z.strictObject({ ip: z.string().nullable(), userAgent: z.string().nullable() });

/** Lists the sessions in which an account is signed in, the last used first. @param own the caller's session */
export async function sessionsOf(
  db: Kysely<Tables>,
  keys: Keys,
  account: string,
  own: Session | null,
  now: Date,
): Promise<AccountSession[]> {
  const found = await rows(db).where('s.account', '=', account).orderBy('s.seen_at', 'desc').orderBy('s.id').execute();
  return found
    .filter((row) => isAlive(row, now))
    .map((row) => ({
      id: row.id,
      startedAt: row.created_at.toISOString(),
      lastUsedAt: row.seen_at.toISOString(),
      ...Client.parse(row.client ? keys.openJson(clientPlace(row.id), row.client) : { ip: null, userAgent: null }),
      own: own?.hash.equals(row.hash) ?? false,
    }));
}

export async function endSession(db: Kysely<Tables>, session: Session): Promise<void> {
  await remove(db, 'session', { hash: session.hash });
}

/**
 * Ends every session of an account or a person, and deletes their unused sign-in links.
 *
 * @param except a session to keep: the caller's own
 * @returns how many sessions ended
 */
export async function endSessionsOf(
  db: Kysely<Tables>,
  holder: { readonly account: string } | { readonly person: string },
  except?: Session | null,
): Promise<number> {
  const [column, id] =
    'account' in holder ? (['account', holder.account] as const) : (['person', holder.person] as const);
  let ended = db.deleteFrom('session').where(column, '=', id);
  if (except) ended = ended.where('hash', '!=', except.hash);
  const [result] = await ended.execute();
  await db.deleteFrom('sign_in_link').where(column, '=', id).where('used_at', 'is', null).execute();
  return Number(result?.numDeletedRows ?? 0n);
}

/** A session as the API shows it. */
export const stateOf = (s: Session, now: Date): SessionState => ({
  role: s.role,
  stage: s.stage,
  account: s.account,
  person: s.person,
  email: s.email,
  idleEndsAt: s.idleEndsAt.toISOString(),
  expiresAt: s.expiresAt.toISOString(),
  serverTime: now.toISOString(),
});
