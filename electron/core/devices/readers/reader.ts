import type { Reader } from '../config.ts';
import { badgeNumber } from './badge-number.ts';
import { createFramer } from './framing.ts';

/** One badge reader's stream, from bytes to numbers: frames, checks, conversion, and one read while a card is held. */
export type BadgeStream = ReturnType<typeof createBadgeStream>;

/**
 * @param monotonic monotonic clock, ms; measures the time between repeated reads
 * @param read called once for a card that is held to the reader
 */
export function createBadgeStream(config: Reader, monotonic: () => number, read: (badge: string) => void) {
  const framer = createFramer(config.framing);
  const faults = { checksum: 0, parity: 0, characters: 0, empty: 0 };
  let last: { badge: string; at: number } | null = null;

  function take(frame: Uint8Array): void {
    const decoded = badgeNumber(frame, config);
    if ('code' in decoded) {
      faults[decoded.code]++;
      return;
    }
    const { badge } = decoded;
    const at = monotonic();
    const held = last?.badge === badge && at - last.at < config.repeatSeconds * 1000;
    last = { badge, at }; // the interval for a card that stays starts again with its newest read
    if (!held) read(badge);
  }

  return {
    push: (bytes: Uint8Array): void => framer.push(bytes).forEach(take),
    pause: () => framer.pause().forEach(take),
    reset: () => framer.reset(),
    /** Returns the number of reads without a usable result, by reason. */
    faults: () => ({ damaged: framer.damaged, ...faults }),
  };
}

/** Masks a number for the diagnostics: the last two characters, the others as dots, at most eight. */
export const masked = (badge: string): string => {
  const shown = badge.length > 4 ? badge.slice(-2) : '';
  return `${'•'.repeat(Math.min(8, badge.length - shown.length))}${shown}`;
};
