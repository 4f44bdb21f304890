import { z } from 'zod';
import { readCompact } from '../../../protocol/seal/compact.ts';
import { isSignedBy, signCompact } from '../../../protocol/seal/jose.ts';
import { keyId, publicHalf, signatureKey } from '../../../protocol/seal/keys.ts';
import { type Ed25519PrivateJwk, Ed25519PublicJwk } from '../../../protocol/wire/batch.ts';
import { Instant } from '../../../protocol/wire/event.ts';
import { findAll } from '../database/rows.ts';
import type { Db } from '../database/schema.ts';
import type { AuditKey } from './keys.ts';

/**
 * A statement about the audit log's chain that can be stored elsewhere: its head (an anchor), or up to where it was purged (a
 * checkpoint). It is signed, so that a third party can verify it (JWS, EdDSA), and also has a MAC with the audit key, because
 * retired signing keys are only found in the database.
 */
const Body = z.strictObject({
  kind: z.enum(['anchor', 'checkpoint']),
  server: z.uuid(),
  /** The log it belongs to. A restore from a backup starts another one. */
  epoch: z.string(),
  /** The newest row of the chain, or the newest row purged. */
  position: z.number().int().positive(),
  /** MAC of that row, base64url. */
  mac: z.base64url().length(43),
  at: Instant,
  /** Audit key that `seal` is made with. */
  keyVersion: z.number().int().positive(),
});
export type StatementBody = z.infer<typeof Body>;

const Header = z.strictObject({ alg: z.literal('EdDSA'), typ: z.literal('sp-audit+jws'), kid: z.string().max(64) });

export interface Statement {
  /** Compact JWS. */
  readonly statement: string;
  readonly seal: Uint8Array;
}

export async function signStatement(
  body: StatementBody,
  key: AuditKey,
  signing: Ed25519PrivateJwk,
): Promise<Statement> {
  const header = { alg: 'EdDSA', typ: 'sp-audit+jws', kid: await keyId(publicHalf(signing)) };
  const payload = Buffer.from(JSON.stringify(Body.parse(body)), 'utf8');
  const statement = signCompact(header, payload, signatureKey(signing)).toString('latin1');
  return { statement, seal: sealOf(statement, key) };
}

/** The keys needed to verify statements. */
export interface StatementKeys {
  readonly audit: ReadonlyMap<number, AuditKey>;
  /** The server's signing keys by thumbprint, including retired ones. */
  readonly signing: ReadonlyMap<string, Ed25519PublicJwk>;
}

export async function readSigningKeys(db: Db): Promise<StatementKeys['signing']> {
  const rows = await findAll(db, 'keyring.server_key', { purpose: 'signing' }, ['id', 'public']);
  return new Map(rows.map((r) => [r.id, Ed25519PublicJwk.parse(JSON.parse(r.public))]));
}

/** Verifies and parses a statement. @returns null if it isn't this server's or was altered */
export function readStatement(
  { statement, seal }: { statement: string; seal: Uint8Array },
  keys: StatementKeys,
): StatementBody | null {
  try {
    const { header, parts } = readCompact(statement, { parts: 3, header: Header, code: 'statement-malformed' });
    const signing = keys.signing.get(header.kid);
    if (!signing || !isSignedBy(statement, parts[2]!, signatureKey(signing))) return null;
    const body = Body.parse(JSON.parse(parts[1]!.toString('utf8')));
    const key = keys.audit.get(body.keyVersion);
    return key && sealOf(statement, key).equals(seal) ? body : null;
  } catch {
    return null;
  }
}

function sealOf(statement: string, key: AuditKey): Buffer {
  return key.mac(Buffer.from('smartpresence/audit/statement\0', 'utf8'), Buffer.from(statement, 'latin1'));
}
