import type { OwnCode } from '../../../sync/protocol/api/credentials.ts';

/** How long before its end a code is replaced, ms, so that the one being scanned is never out of date. */
export const SPARE_MS = 15_000;
/** Delay before a retry after an error, ms. */
export const RETRY_MS = 5000;
/** Codes are renewed for this long after the last touch, ms: an unlocked phone must not be a permanent key. */
export const TOUCHED_MS = 5 * 60_000;

export interface Shown {
  readonly text: string;
  /** How long it is valid, ms. Only durations are used, since this device's clock may be wrong. */
  readonly lifeMs: number;
  /** When it was requested, ms on the page's own clock. */
  readonly since: number;
}

/** Converts the server's answer. @param asked when it was requested, ms on the page's own clock: transit counts as used up */
export const shownOf = ({ text, issuedAt, expiresAt }: OwnCode, asked: number): Shown => ({
  text,
  lifeMs: Date.parse(expiresAt) - Date.parse(issuedAt),
  since: asked,
});

/** How long the code is still valid, ms; 0 if it is not. Pure. */
export const leftOf = (code: Shown | null, now: number): number =>
  code === null ? 0 : Math.max(0, code.since + code.lifeMs - now);

/** When the next code is due, ms from now. Pure. */
export const dueIn = (code: Shown | null, now: number): number =>
  code === null ? 0 : Math.max(0, code.since + code.lifeMs - SPARE_MS - now);
