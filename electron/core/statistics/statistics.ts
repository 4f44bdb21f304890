import type { CoreMethods, ProbeResult } from '../../contract/methods.ts';
import type { Checkin } from '../store/interface.ts';

/**
 * Statistics of this kiosk: how people check in, why it failed, how certain it was and how long it took, and how much waits for
 * the server. Only counts: none concern an individual, and scores and times are reported only once enough people share them.
 */

/** Accepted faces needed before scores and times are reported, so that none can be attributed to a person. */
export const FEWEST_SCORES = 20;
/** Width of a bin of scores. */
const BIN = 0.05;
/** Upper bounds of the bins for the time from first seeing a face to its check-in, s; longer times are in the last bin. */
const WAITS = [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 60] as const;
/** Most reasons that are counted: a screen that invents codes can't fill the memory. */
const MOST = 60;

/** By name, e.g. `method.face`, `guide.too-dark`, `challenge.failed`, `other-method.unknown`, `refused.pin-wrong`, `score.75`, `wait.3`, `queue`. */
export type Counts = Readonly<Record<string, number>>;

export type Statistics = ReturnType<typeof createStatistics>;

/** Returns the lower end of a score's bin, in hundredths, 0 to 95. Pure. */
export const binOf = (score: number): number =>
  Math.round(Math.min(1 - BIN, Math.max(0, Math.floor((score + 1e-9) / BIN) * BIN)) * 100);

/** @param now monotonic clock, ms */
export function createStatistics(now: () => number) {
  let counts = new Map<string, number>();
  /** Scores and times of accepted faces. */
  let faces = new Map<string, number>();
  let accepted = 0;
  let began: number | null = null;
  let queue = 0;
  /** Reasons seen during the current visit: dozens of frames of the same dark face count once. */
  let seen = new Set<string>();
  let visit: string | null = null;
  /** A running liveness challenge; `prompted`: more than looking straight ahead was requested. */
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
      // Each attempt counts, even within one visit: of three, only the last one ends it.
      if (challenge && result.kind !== 'welcome') add('challenge.failed');
      challenge = null;
    }
    if (result.kind === 'guide') once(`guide.${result.reason}`);
    if (result.kind === 'other-method') once(`other-method.${result.reason}`);
  };

  /** Counts a challenge that was left. A person who leaves before the first prompt was only passing by. */
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
    /** Counts the results of the methods and passes them on. */
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
    /** Returns the counts since the last call and resets them; null if nothing happened. */
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

/** How often the queue is checked, ms, and after how many checks the statistics become an event. */
const POLL_MS = 60_000;
const POLLS_A_REPORT = 60;

/**
 * Reports statistics as `health` events, once an hour while something happens.
 *
 * @param append writes an event; an error it throws (a full disk) is logged, and the statistics of that hour are lost
 * @returns a function that stops it
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
