import { Ed25519PublicJwk } from '../../../protocol/wire/batch.ts';
import type { Change } from '../../../protocol/wire/changes.ts';
import type { Db } from '../../platform/database/schema.ts';

/** Keys that people's own codes may be signed by, as they are in the database now: another replica may have made one. */
export async function issuersChange(db: Db): Promise<Extract<Change, { kind: 'issuers' }>> {
  const rows = await db
    .selectFrom('keyring.server_key')
    .select('public')
    .where('purpose', '=', 'qr')
    .where('retired_at', 'is', null)
    .orderBy('serial', 'desc')
    .orderBy('id')
    .execute();
  return { kind: 'issuers', keys: rows.map((r) => Ed25519PublicJwk.parse(JSON.parse(r.public))) };
}
