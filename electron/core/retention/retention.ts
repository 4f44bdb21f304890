import type { Store } from '../store/interface.ts';

/** How long things are kept, days. Enrolment photos are no matter of time: they stay until their person is deleted. */
export interface RetentionPolicy {
  readonly photoDays: number;
  readonly gpsDays: number;
}

/** How long a picture of an import waits for staff, days. */
export const PENDING_DAYS = 14;
/** How long it is remembered how staff decided, so that the same import brings nothing again, days. */
const DECIDED_DAYS = 90;

const DAY = 86_400_000;

/**
 * Removes what is older than the policy allows; each removal leaves a `purge` event with its count.
 * @returns how many; `pending`: pictures of an import at which nobody has looked in time
 * @param trustedNow ms since 1970, from the trusted-time rules: never the bare wall clock
 */
export async function runRetention(
  store: Pick<Store, 'retention' | 'imports'>,
  trustedNow: number,
  policy: RetentionPolicy,
) {
  const before = (days: number) => new Date(trustedNow - days * DAY).toISOString();
  const gps = store.retention.purgeGps(before(policy.gpsDays));
  const photos = await store.retention.purgePhotos(before(policy.photoDays));
  const pending = await store.imports.purge(trustedNow - PENDING_DAYS * DAY, trustedNow - DECIDED_DAYS * DAY);
  return { photos, gps, pending };
}
