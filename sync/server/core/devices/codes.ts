import { randomBytes } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { caPin } from '../../../protocol/seal/fingerprint.ts';
import { SECRET_BYTES, writeJoinCode } from '../../../protocol/seal/join-code.ts';
import { find, findLocked, insert, update } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { IdentityContext } from './context.ts';

/** How long a code may be used when nothing else is asked for, ms. */
export const CODE_MS = 24 * 3_600_000;
/** Longest life of a code, ms. */
const MAX_CODE_MS = 30 * 24 * 3_600_000;

export interface NewCode {
  /** What is typed at the kiosk. Shown once; only a keyed hash of its secret is kept. */
  readonly code: string;
  readonly expiresAt: Date;
}

/**
 * Makes a one-time code for one new kiosk.
 *
 * @param options.url where kiosks reach this server, when not at the configured address
 * @param options.lifeMs 1 minute to 30 days
 * @throws Problem `bad-server-address`, `unknown-site`, `bad-code-life`
 */
export async function makeCode(
  context: IdentityContext,
  options: { name: string; site: string | null; url?: string; lifeMs?: number },
): Promise<NewCode> {
  const { db, keys, keyring, now } = context;
  const lifeMs = options.lifeMs ?? CODE_MS;
  if (!(lifeMs >= 60_000 && lifeMs <= MAX_CODE_MS)) throw new Problem('bad-code-life');
  await context.site(options.site);
  const url = new URL(options.url ?? context.deviceUrl()).origin;
  const secret = randomBytes(SECRET_BYTES);
  const code = writeJoinCode({ url, secret, pin: caPin(keyring.ca.certPem) });
  const expiresAt = new Date(now().getTime() + lifeMs);
  await insert(db, 'provisioning_code', {
    hash: keys.hashToken(`join/${secret.toString('base64url')}`),
    name: options.name,
    site: options.site,
    url,
    created_at: now(),
    expires_at: expiresAt,
  });
  return { code, expiresAt };
}

/**
 * Uses a code up for a device. The same device may show it again: its first attempt's answer may have been lost. Not so once
 * it was revoked: what it used before counts no more.
 *
 * @param secret as it is in the code, base64url
 * @throws Problem `join-code-unknown`, `join-code-used`, `join-code-expired`
 */
export async function useCode(
  trx: Db,
  { keys, now }: Pick<IdentityContext, 'keys' | 'now'>,
  secret: string,
  device: string,
): Promise<{ name: string; site: string | null; url: string }> {
  const hash = keys.hashToken(`join/${secret}`);
  const row = await findLocked(trx, 'provisioning_code', { hash });
  if (!row) throw new Problem('join-code-unknown');
  if (row.used_at && row.device !== device) throw new Problem('join-code-used');
  if (row.used_at) {
    const known = await find(trx, 'device', { id: device }, ['revoked_at']);
    if (known?.revoked_at && row.used_at <= known.revoked_at) throw new Problem('join-code-used');
  }
  if (row.expires_at <= now()) throw new Problem('join-code-expired');
  await update(trx, 'provisioning_code', { hash }, { used_at: row.used_at ?? now(), device });
  return row;
}
