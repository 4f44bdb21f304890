import type { CoreMethods, ProbeResult } from '../../contract/methods.ts';
import type { Checkin } from '../store/interface.ts';

/**
 * What this kiosk counts about itself: how people get in, why not, how sure it was and how long it took, and how much waits for
 * the server. Counts alone: nothing in it is about anybody, and scores and times are reported only once enough people share them.
 */

/** Scores and times are withheld until so many faces were accepted, so that none can be attributed to the one person of a quiet hour. */
export const FEWEST_SCORES = 20;
/** Width of the bins of scores. */
const BIN = 0.05;
/** Upper bounds of the bins of times from first seeing a face to its check-in, s; anything longer is in the last. */
const WAITS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 60] as const;
/** Most reasons that are counted: a screen that invents codes can't fill memory. */
const MOST = 60;

/** By name, e.g. `method.face`, `guide.too-dark`, `challenge.failed`, `other-method.unknown`, `refused.pin-wrong`, `score.75`, `wait.3`, `queue`. */
export type Counts = Readonly<Record<string, number>>;

export type Statistics = ReturnType<typeof createStatistics>;

/** Lower end of the bin of a score, in hundredths, 0 to 95. Pure. */
export const binOf = (score: number): number =>
  Math.round(Math.min(1 - BIN, Math.max(0, Math.floor((score + 1e-9) / BIN) * BIN)) * 100);

/** @param now a clock that is never set, ms */
export function createStatistics(now: () => number) {
  let counts = new Map<string, number>();
  /** Of accepted faces: scores and times. */
  let faces = new Map<string, number>();
  let accepted = 0;
  let began: number | null = null;
  let queue = 0;
  /** Reasons during the current visit: dozens of frames of one dark face count once. */
  let seen = new Set<string>();
  let visit: string | null = null;
  /** A liveness challenge is under way; `prompted`: more than to look straight ahead was asked. */
  let challenge: 'begun' | 'prompted' | null = null;

  const add = (name: string, into = counts): void => {
    if (into.has(name) || into.size < MOST) into.set(name, (into.get(name) ?? 0) + 1);
  };
  const once = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    add(name);
  };
  const probed = (result: ProbeResult): void => {
    if (result.kind === 'light' || result.kind === 'challenge') {
      const straight = result.kind === 'challenge' && result.step === 'middle' && result.index === 0;
      challenge = straight ? (challenge ?? 'begun') : 'prompted';
    } else if (result.kind !== 'guide') {
      // Each attempt counts, also of one visit: of three the last one alone ends it.
      if (challenge && result.kind !== 'welcome') add('challenge.failed');
      challenge = null;
    }
    if (result.kind === 'guide') once(`guide.${result.reason}`);
    if (result.kind === 'other-method') once(`other-method.${result.reason}`);
  };

  /** Who leaves at the first look straight ahead only passed by. */
  const left = (): void => {
    if (challenge === 'prompted') add('challenge.left');
    challenge = null;
  };

  return {
    recorded({ method, score }: Pick<Checkin, 'method' | 'score'>): void {
      add(`method.${method}`);
      if (score === null) return;
      accepted += 1;
      add(`score.${binOf(score)}`, faces);
      if (began !== null) {
        const seconds = (now() - began) / 1000;
        add(`wait.${WAITS.find((most) => seconds <= most) ?? WAITS.at(-1)}`, faces);
      }
      began = null;
    },
    /** Counts what the methods answer, and passes it on. */
    around: <T extends Pick<CoreMethods, 'visitBegin' | 'visitEnd' | 'probe' | 'checkinByPin'>>(methods: T): T => ({
      ...methods,
      async visitBegin(input: Parameters<typeof methods.visitBegin>[0]) {
        left();
        seen = new Set();
        began = now();
        const begun = await methods.visitBegin(input);
        visit = begun.visit;
        return begun;
      },
      visitEnd(input: Parameters<typeof methods.visitEnd>[0]) {
        if (input.visit === visit) left();
        return methods.visitEnd(input);
      },
      async probe(input: Parameters<typeof methods.probe>[0]) {
        const result = await methods.probe(input);
        probed(result);
        return result;
      },
      async checkinByPin(input: Parameters<typeof methods.checkinByPin>[0]) {
        try {
          return await methods.checkinByPin(input);
        } catch (error) {
          const { code } = error as { code?: unknown };
          if (typeof code === 'string') add(`refused.${code}`);
          throw error;
        }
      },
    }),
    depth(pending: number): void {
      queue = Math.max(queue, pending);
    },
    /** Hands over what was counted since the last time, and starts over; null: nothing happened. */
    take(): Counts | null {
      const enough = accepted >= FEWEST_SCORES;
      if (counts.size === 0 && queue === 0 && !enough) return null;
      const taken = Object.fromEntries([...counts, ...(enough ? faces : []), ['queue', queue] as const]);
      counts = new Map();
      if (enough) [faces, accepted] = [new Map(), 0];
      queue = 0;
      return taken;
    },
  };
}

/** How often the queue is looked at, ms; and how often that is before statistics become an event. */
const POLL_MS = 60_000;
const POLLS_A_REPORT = 60;

/**
 * Reports statistics as `health` events, while something happens once an hour.
 *
 * @param append writes an event; what it throws (a full disk) is logged, and the statistics of that hour are lost
 * @returns how to stop
 */
export function startStatistics(
  statistics: Statistics,
  o: {
    readonly pending: () => number;
    readonly append: (detail: Record<string, string | number>) => void;
    readonly wall: () => number;
    readonly failed: (error: unknown) => void;
  },
): () => void {
  let since = o.wall();
  let polls = 0;
  const timer = setInterval(() => {
    statistics.depth(o.pending());
    polls += 1;
    if (polls % POLLS_A_REPORT !== 0) return;
    const taken = statistics.take();
    const from = new Date(since).toISOString();
    since = o.wall();
    if (!taken) return;
    try {
      o.append({ since: from, ...taken });
    } catch (error) {
      o.failed(error);
    }
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
