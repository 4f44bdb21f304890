import type { OwnCode } from '../../../sync/protocol/api/credentials.ts';

/** A code is replaced this long before it ends: a code that is just being scanned must not be an old one, ms. */
export const SPARE_MS = 15_000;
/** After a rejection it is tried again in, ms. */
export const RETRY_MS = 5000;
/** Renewed for so long after the page was last touched: an unlocked phone must not be a permanent key, ms. */
export const TOUCHED_MS = 5 * 60_000;

export interface Shown {
  readonly text: string;
  /** How long it is good for, ms; of lengths alone, since this device's clock may be wrong. */
  readonly lifeMs: number;
  /** When the answer came, ms of the page's own clock. */
  readonly since: number;
}

/** What the server gave. @param asked when it was asked for, ms of the page's own clock: the way there counts as gone */
export const shownOf = ({ text, issuedAt, expiresAt }: OwnCode, asked: number): Shown => ({
  text,
  lifeMs: Date.parse(expiresAt) - Date.parse(issuedAt),
  since: asked,
});

/** How long it is still good for, ms; 0: not any more. Pure. */
export const leftOf = (code: Shown | null, now: number): number =>
  code === null ? 0 : Math.max(0, code.since + code.lifeMs - now);

/** When the next one is due, ms from now. Pure. */
export const dueIn = (code: Shown | null, now: number): number =>
  code === null ? 0 : Math.max(0, code.since + code.lifeMs - SPARE_MS - now);
