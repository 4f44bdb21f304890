/**
 * The policy lease: how long a kiosk may go on recognising people without having heard from its server. Pure rules over
 * trusted time, which a clock that is set back or a battery that died does not hold up.
 */
const DAY = 86_400_000;
/** Days without the server after which templates go, unless the server's policy says otherwise. */
export const LEASE_DAYS = 30;

export interface Lease {
  /** Trusted time until which it lasts, ms since 1970. */
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
