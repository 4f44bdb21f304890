import type { Reader } from '../config.ts';
import { badgeNumber } from './badge-number.ts';
import { createFramer } from './framing.ts';

/** One badge reader's stream, from bytes to numbers: frames, checks, conversion, and one read for a card that is held. */
export type BadgeStream = ReturnType<typeof createBadgeStream>;

/**
 * @param monotonic ms, never going back: what the time of a repeated read is measured by
 * @param read called once a card that is held to the reader
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
    last = { badge, at }; // a card that stays counts on from its newest read
    if (!held) read(badge);
  }

  return {
    push: (bytes: Uint8Array): void => framer.push(bytes).forEach(take),
    pause: () => framer.pause().forEach(take),
    reset: () => framer.reset(),
    /** Reads that produced nothing, by reason. */
    faults: () => ({ damaged: framer.damaged, ...faults }),
  };
}

/** A number as the diagnostics may show it: the last two characters, the others as dots; at most eight of them. */
export const masked = (badge: string): string => {
  const shown = badge.length > 4 ? badge.slice(-2) : '';
  return `${'•'.repeat(Math.min(8, badge.length - shown.length))}${shown}`;
};
