import type { Store } from '../store/interface.ts';

/** How long things are kept, days. Enrolment photos are no matter of time: they stay until their person is deleted. */
export interface RetentionPolicy {
  readonly photoDays: number;
  readonly gpsDays: number;
}

export interface RetentionReport {
  readonly photos: number;
  readonly gps: number;
}

const DAY = 86_400_000;

/**
 * Removes what is older than the policy allows; each removal leaves a `purge` event with its count.
 * @param trustedNow ms since 1970, from the trusted-time rules: never the bare wall clock
 */
export async function runRetention(
  store: Pick<Store, 'purgePhotos' | 'purgeGps'>,
  trustedNow: number,
  policy: RetentionPolicy,
): Promise<RetentionReport> {
  const before = (days: number) => new Date(trustedNow - days * DAY).toISOString();
  const gps = store.purgeGps(before(policy.gpsDays));
  const photos = await store.purgePhotos(before(policy.photoDays));
  return { photos, gps };
}
