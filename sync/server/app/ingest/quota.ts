import { sql } from 'kysely';
import type { Tx } from '../../platform/database/schema.ts';

/** Why content was not kept: the quarantine of the device is full. */
export const QUARANTINE_FULL = 'quarantine-full';

/** Limits of the quarantine per device, which a stolen key or a faulty kiosk could fill. */
export interface QuarantineQuota {
  readonly entries: number;
  /** Encrypted content, bytes. */
  readonly bytes: number;
}

export const QUARANTINE_QUOTA: QuarantineQuota = { entries: 10_000, bytes: 64 * 1024 ** 2 };

/**
 * Returns for each of these contents whether a device's quarantine may still store it. Runs inside the ingest's transaction.
 * Two ingests of one device at once (two epochs, on two replicas) may both use the same remaining space.
 *
 * @param sizes encrypted size of each, bytes
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
