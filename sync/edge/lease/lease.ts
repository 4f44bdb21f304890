/**
 * The policy lease: how long a kiosk may recognise people without contact with its server. Pure rules over trusted time, which
 * keeps running even if the clock is set back or its battery is dead.
 */
const DAY = 86_400_000;
/** Days without the server after which templates are deleted, unless the server's policy sets another number. */
export const LEASE_DAYS = 30;

export interface Lease {
  /** Trusted time at which it ends, ms since 1970. */
  readonly until: number;
  readonly expired: boolean;
}

/**
 * @param contact trusted time of the last verified contact, ms since 1970
 * @param days 1 to 365
 * @param now trusted time, ms since 1970
 */
export function leaseAt(contact: number, days: number, now: number): Lease {
  const until = contact + days * DAY;
  return { until, expired: now >= until };
}
