import { sql } from 'kysely';
import type { Tx } from '../../platform/database/schema.ts';

/** Why content was not kept: the device has as much in quarantine as it may. */
export const QUARANTINE_FULL = 'quarantine-full';

/** The most that the quarantine stores per device, which a stolen key or a faulty kiosk could fill. */
export interface QuarantineQuota {
  readonly entries: number;
  /** Sealed content, bytes. */
  readonly bytes: number;
}

export const QUARANTINE_QUOTA: QuarantineQuota = { entries: 10_000, bytes: 64 * 1024 ** 2 };

/**
 * Which of these contents the quarantine may still keep of a device, in their order. Runs inside the ingest's transaction;
 * where two of one device run at once (two epochs, on two replicas) each may use the same room.
 *
 * @param sizes bytes of each, sealed
 */
export async function withinQuota(
  tx: Tx,
  device: string,
  sizes: readonly number[],
  quota: QuarantineQuota = QUARANTINE_QUOTA,
): Promise<boolean[]> {
  const { rows } = await sql<{ entries: number | string; bytes: number | string }>`
    select count(*) as entries, coalesce(sum(octet_length(content)), 0) as bytes
    from quarantine where device = ${device}::uuid and content is not null`.execute(tx);
  let entries = Number(rows[0]!.entries);
  let bytes = Number(rows[0]!.bytes);
  return sizes.map((size) => {
    if (entries + 1 > quota.entries || bytes + size > quota.bytes) return false;
    entries += 1;
    bytes += size;
    return true;
  });
}
