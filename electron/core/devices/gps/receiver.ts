import type { Position } from '../../../../sync/protocol/seal/position.ts';
import { BUILD_DATE } from '../../version.ts';
import type { Gps } from '../config.ts';
import { type Fix, type FixTrouble, followTime, freshFix, NO_FIX, type TimeState, takeSentence } from './fix.ts';
import { createLineCutter, loadParser, readSentence } from './sentences.ts';

/** Minimum interval between reports, ms: each is a durable write. */
const TIME_EVERY_MS = 60_000;

export type GpsReceiver = Awaited<ReturnType<typeof createGpsReceiver>>;

/**
 * Reads a receiver's stream.
 * @param onTime called with ms since 1970 when the time can be trusted
 */
export async function createGpsReceiver(config: Gps, monotonic: () => number, onTime: (gpsMs: number) => void) {
  const parse = await loadParser();
  const lines = createLineCutter();
  let state = NO_FIX;
  let time: TimeState | null = null;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let damaged = 0;

  function take(line: string): void {
    const sentence = readSentence(parse, line);
    if (sentence === 'damaged') damaged++;
    if (sentence === 'damaged' || sentence === null) return;
    const now = monotonic();
    const before = state.fix;
    state = takeSentence(state, sentence, now, config);
    if (!state.fix || state.fix === before) {
      if (state.trouble) time = null; // a receiver that is unsure of its place is unsure of the time
      return;
    }
    const followed = followTime(time, state.fix.at, now, BUILD_DATE);
    time = followed.state;
    if (!followed.trusted || now - reportedAt < TIME_EVERY_MS) return;
    reportedAt = now;
    onTime(state.fix.at!);
  }

  const fresh = () => freshFix(state, monotonic(), config.staleSeconds * 1000);
  return {
    push: (bytes: Uint8Array): void => lines.push(bytes).forEach(take),
    /** For a new connection: discards anything half read. */
    reset(): void {
      lines.reset();
      time = null;
    },
    /** Returns the current place for a record; null if there is none that can be trusted. */
    position(): Position | null {
      const fix = config.positions === 'record' ? fresh() : null;
      if (!fix) return null;
      const dated = fix.at !== null && fix.at >= BUILD_DATE;
      return {
        latitude: round(fix.latitude),
        longitude: round(fix.longitude),
        accuracy: fix.accuracy,
        ...(dated ? { at: new Date(fix.at).toISOString() } : {}),
      };
    },
    fix(): { fix: Fix | null; ageMs: number | null; trouble: FixTrouble | 'stale'; damaged: number } {
      const fix = fresh();
      const heard = state.fix?.heardAt ?? null;
      return {
        fix,
        ageMs: heard === null ? null : monotonic() - heard,
        trouble: fix ? null : (state.trouble ?? 'stale'),
        damaged,
      };
    },
  };
}

/** Rounds to six decimals of a degree, a tenth of a metre: finer than any receiver's accuracy. */
const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
