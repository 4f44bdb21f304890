import { sql } from 'kysely';
import { z } from 'zod';
import { readCompact } from '../../../../protocol/seal/compact.ts';
import { isSignedBy, signCompact } from '../../../../protocol/seal/jose.ts';
import { keyId, publicHalf, signatureKey } from '../../../../protocol/seal/keys.ts';
import type { Ed25519PublicJwk } from '../../../../protocol/wire/batch.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { above, findSorted, get, update } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { StepContext, StepEnd } from './steps.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * The step that finds when the last backup copy of the person's key expires. The next backup supersedes earlier copies of the
 * keyring, which are deleted `keyringBackupDays` later. Without an object store this server makes no backups.
 */
export async function lastKeyCopy({ db, config, objects, request }: StepContext): Promise<StepEnd> {
  if (!objects) return { done: { expiresAt: null } };
  const { closed_at } = await get(db, 'erasure', { request }, ['closed_at']);
  const [next] = await findSorted(db, 'backup', { taken_at: above(closed_at!) }, ['taken_at'], { limit: 1 });
  if (!next) return { waits: 'backup-awaited', forMs: HOUR_MS };
  const expiresAt = new Date(next.finished_at.getTime() + config.retention.keyringBackupDays * DAY_MS);
  return { done: { expiresAt: expiresAt.toISOString() } };
}

/** Called when a backup was made: erasures that wait for one continue at once rather than at their next check. */
export async function backupMade(db: Db, at: Date): Promise<void> {
  await update(db, 'erasure_step', { step: 'copies', done_at: null, next_at: above(at) }, { next_at: at });
}

/**
 * The server's signed statement (JWS, EdDSA) that an erasure is complete, for the person and for anyone who audits the
 * controller. It names the request, never the person.
 */

const Instant = z.iso.datetime({ precision: 3 });
const Kiosk = z.strictObject({ device: z.uuid(), name: z.string() });

export const Certificate = z.strictObject({
  v: z.literal(1),
  kind: z.literal('erasure'),
  server: z.uuid(),
  request: z.uuid(),
  origin: z.string(),
  requestedAt: Instant,
  /** When the person's key was destroyed. Since then nothing of the person can be decrypted here. */
  closedAt: Instant,
  issuedAt: Instant,
  /** Number of ids that the person had: more than one after a merge. */
  names: z.number().int(),
  /** Rows that were kept and no longer belong to anyone. */
  unlinked: z.strictObject({ events: z.number().int(), checkins: z.number().int(), corrections: z.number().int() }),
  photos: z.strictObject({ photos: z.number().int(), versions: z.number().int() }),
  kiosks: z.array(Kiosk.extend({ confirmedAt: Instant })),
  /** Kiosks revoked before they confirmed. What they hold is encrypted under their own keys, and no server sends them more. */
  canNotConfirm: z.array(Kiosk),
  /** State of the database's write-ahead log, which held the person's key. */
  databaseLog: z.strictObject({ state: z.enum(['removed', 'recycled', 'needed', 'unknown']), archived: z.boolean() }),
  /** What keeps a restored backup from bringing the person back. */
  tombstone: z.string(),
  /** When the last copy of the person's key in a backup of this server expires. Null if this server makes no backups. */
  lastKeyCopyExpiresAt: Instant.nullable(),
});
export type Certificate = z.infer<typeof Certificate>;

const Header = z.strictObject({ alg: z.literal('EdDSA'), typ: z.literal('sp-erasure+jws'), kid: z.string().max(64) });

/** The last step: writes the certificate, and deletes the record of which ids were one person. */
export async function certify(context: StepContext): Promise<StepEnd> {
  const { db, keyring, request, people, now } = context;
  const certificate = await certificateOf(context);
  const header = { alg: 'EdDSA', typ: 'sp-erasure+jws', kid: await keyId(publicHalf(keyring.signing)) };
  const payload = Buffer.from(JSON.stringify(certificate), 'utf8');
  const signed = signCompact(header, payload, signatureKey(keyring.signing)).toString('latin1');
  await inTransaction(db, async (tx) => {
    await update(tx, 'erasure', { request, state: 'closed' }, { state: 'done', done_at: now(), certificate: signed });
    await update(tx, 'erasure', { part_of: request }, { state: 'done', done_at: now() });
    await tx
      .deleteFrom('person_merge')
      .where((e) => e.or([e('kept', 'in', people), e('merged', 'in', people)]))
      .execute();
  });
  return { done: {} };
}

async function certificateOf({ db, keyring, request, detail, now }: StepContext): Promise<Certificate> {
  const row = await get(db, 'erasure', { request }, ['origin', 'requested_at', 'closed_at']);
  const kiosks = await kiosksOf(db, request);
  const named = ({ device, name }: KioskState) => ({ device, name });
  return Certificate.parse({
    v: 1,
    kind: 'erasure',
    server: keyring.serverId,
    request,
    origin: row.origin,
    requestedAt: row.requested_at.toISOString(),
    closedAt: (row.closed_at ?? row.requested_at).toISOString(),
    issuedAt: now().toISOString(),
    names: detail('close')?.names ?? 1,
    unlinked: detail('unlink'),
    photos: detail('objects'),
    kiosks: kiosks.flatMap((k) => (k.confirmedAt ? [{ ...named(k), confirmedAt: k.confirmedAt.toISOString() }] : [])),
    canNotConfirm: kiosks.filter((k) => !k.confirmedAt).map(named),
    databaseLog: detail('wal'),
    tombstone: detail('tombstone')?.where ?? 'none',
    lastKeyCopyExpiresAt: detail('copies')?.expiresAt ?? null,
  });
}

interface KioskState {
  readonly device: string;
  readonly name: string;
  readonly status: 'pending' | 'approved' | 'revoked';
  readonly lastHeardAt: Date | null;
  /** When it had confirmed every id of the person. Null if it has not. */
  readonly confirmedAt: Date | null;
}

/** Lists every kiosk that has to confirm the request, because it may hold or have held data of the person. */
export function kiosksOf(db: Db, request: string): Promise<KioskState[]> {
  return db
    .selectFrom('erasure_confirmation as c')
    .innerJoin('device as d', 'd.id', 'c.device')
    .innerJoin('erasure as e', 'e.request', 'c.request')
    .select([
      'c.device',
      'd.name',
      'd.status',
      'd.last_heard_at as lastHeardAt',
      sql<Date | null>`case when bool_and(c.confirmed_at is not null) then max(c.confirmed_at) end`.as('confirmedAt'),
    ])
    .where((e) => e.or([e('e.request', '=', request), e('e.part_of', '=', request)]))
    .groupBy(['c.device', 'd.id', 'd.name', 'd.status', 'd.last_heard_at'])
    .orderBy('d.name')
    .orderBy('d.id')
    .execute();
}

/** Verifies a certificate. @returns null if it was altered or isn't signed by any of these keys */
export function readCertificate(signed: string, keys: ReadonlyMap<string, Ed25519PublicJwk>): Certificate | null {
  try {
    const { header, parts } = readCompact(signed, { parts: 3, header: Header, code: 'certificate-malformed' });
    const key = keys.get(header.kid);
    if (!key || !isSignedBy(signed, parts[2]!, signatureKey(key))) return null;
    return Certificate.parse(JSON.parse(parts[1]!.toString('utf8')));
  } catch {
    return null;
  }
}

export function certificateText(c: Certificate): string {
  const kiosks = c.kiosks.map((k) => `- ${k.name} (${k.device}): confirmed ${k.confirmedAt}`);
  const lost = c.canNotConfirm.map(
    (k) => `- ${k.name} (${k.device}): can't confirm; it was taken out of service before it did`,
  );
  const log = {
    removed: 'the files that held it were removed',
    recycled: 'PostgreSQL overwrites the files that held it; whether it has done so yet was not checked',
    needed: 'PostgreSQL still needed the files that held it',
    unknown: 'the server may not ask the database about it',
  }[c.databaseLog.state];
  return `# Certificate of erasure

Request ${c.request}, server ${c.server}.

| | |
|---|---|
| Asked for | ${c.requestedAt} (${c.origin}) |
| Key destroyed, values removed | ${c.closedAt} |
| Complete | ${c.issuedAt} |
| Records that stay, without a person | ${c.unlinked.checkins} check-ins, ${c.unlinked.events} events, ${c.unlinked.corrections} corrections |
| Photos removed | ${c.photos.photos}, with ${c.photos.versions} versions in the object store |
| The database's own log of the key | ${log}${c.databaseLog.archived ? '; it is archived too, for as long as the operator keeps the archive' : ''} |
| Last copy of the key in a backup | ${c.lastKeyCopyExpiresAt ? `expires ${c.lastKeyCopyExpiresAt}` : 'this server makes no backups; copies of the database that its operator makes contain it for as long as they are kept'} |

## Kiosks

${[...kiosks, ...lost].join('\n') || 'None held anything.'}

Everything that was known of the person was encrypted under a key of their own. That key is destroyed, so that nothing of it
can be read any more, wherever a copy of the encrypted values may lie. A restored backup does not bring the person back: what
was erased is erased again before anybody may use it.
`;
}
