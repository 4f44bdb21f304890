import { keptJson } from '../kept-json.ts';
import { LONGEST_LOCK_MS, QUIET_MS } from '../pin/lockout.ts';
import { type Clock, systemClock } from '../store/clock.ts';
import type { Store } from '../store/interface.ts';
import { BUILD_DATE } from '../version.ts';
import {
  BELIEVED_LEAP,
  type Doubt,
  firstState,
  observeClock,
  observeConfirmed,
  type Reading,
  TrustedState,
  trustedAt,
} from './trusted-time.ts';

/** How long data is kept, days. Enrolment photos have no limit: they are kept until their person is deleted. */
export interface RetentionPolicy {
  readonly photoDays: number;
  readonly gpsDays: number;
}

/** The running retention of a kiosk, and the trusted time it uses. */
export type Retention = ReturnType<typeof startRetention>;

export interface RetentionOptions {
  readonly store: Pick<
    Store,
    'settings' | 'removal' | 'lockouts' | 'roster' | 'imports' | 'presence' | 'useTrustedTime'
  >;
  readonly site: RetentionPolicy;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
  readonly clock?: Omit<Clock, 'offset'>;
  /** How often the clocks are read and trusted time is stored, ms. */
  readonly everyMs?: number;
}

const SETTING = 'trusted-time';
const LAST_RUN = 'retention-last-run';
const EVERY = 5 * 60_000;
const DAY = 86_400_000;
/** How long a picture of an import waits for staff, days. */
export const PENDING_DAYS = 14;
/** How long decisions by staff are remembered, so that the same import does not present the pictures again, days. */
const DECIDED_DAYS = 90;
/** A confirmed time is stored immediately if it corrects ours by more than this, ms; otherwise every KEEP_MS. */
const NOTEWORTHY_MS = 1_000;
const KEEP_MS = 60_000;
/** How long events that the server has in a backup are kept, days: for people viewing this kiosk's list. */
const EVENT_DAYS = 30;
/** A photo older than this that has not reached the server no longer holds back events here, days. */
const PHOTO_PATIENCE_DAYS = 60;

/**
 * Deletes what is older than the policy allows. Each kind of deletion leaves a `purge` event with its count.
 * @returns how many were deleted; `pending`: pictures of an import that nobody reviewed in time
 * @param trustedNow ms since 1970, from the trusted-time rules: never directly from the wall clock
 */
export async function runRetention(
  store: Pick<Store, 'removal' | 'imports'>,
  trustedNow: number,
  policy: RetentionPolicy,
) {
  const before = (days: number) => new Date(trustedNow - days * DAY).toISOString();
  // First, because it frees the space that the others need on a full disk.
  const photos = await store.removal.purgePhotos(before(policy.photoDays));
  const gps = store.removal.purgeGps(before(policy.gpsDays));
  const pending = await store.imports.purge(trustedNow - PENDING_DAYS * DAY, trustedNow - DECIDED_DAYS * DAY);
  return { photos, gps, pending };
}

/** Starts retention: a purge immediately if one is due, then once a day of trusted time, with or without a network. */
export function startRetention(options: RetentionOptions) {
  const { store, site, log } = options;
  const clock = options.clock ?? systemClock();
  const reading = (): Reading => ({ wall: clock.now(), monotonic: clock.monotonic(), bootId: clock.bootId });
  let state = keptJson(TrustedState, store.settings.get(SETTING)) ?? firstState(reading());
  let doubt: Doubt = null;
  let running: Promise<void> | null = null;

  /** Returns trusted time, ms since 1970. */
  const now = (): number => trustedAt(state, reading());
  store.useTrustedTime(() => {
    const at = reading();
    return Math.round(trustedAt(state, at) - at.wall);
  });

  let keptAt = Number.NEGATIVE_INFINITY;

  function keep(next: TrustedState): void {
    state = next;
    store.settings.set(SETTING, JSON.stringify(state));
    keptAt = clock.monotonic();
  }

  /** Contact with a server every second must not cost a durable write each time: in between, the clock runs on its own. */
  function keepConfirmed(next: TrustedState): void {
    const corrected = Math.abs(next.trusted - now()) > NOTEWORTHY_MS || clock.monotonic() - keptAt > KEEP_MS;
    if (corrected) keep(next);
    else state = next;
  }

  /** Called when an external time was accepted or rejected. */
  function confirmed(next: TrustedState, at: Reading): TrustedState {
    const trusted = trustedAt(state, at);
    if (next.trusted - trusted > BELIEVED_LEAP)
      store.removal.correct({ ...at, trusted }, next.trusted - trusted, BUILD_DATE);
    return next;
  }

  function take(): void {
    const seen = observeClock(state, reading());
    if (seen.doubt !== doubt) log(seen.doubt ? 'warn' : 'info', clockMessage(seen.doubt));
    doubt = seen.doubt;
    keep(seen.state);
  }

  async function purge(): Promise<void> {
    const at = now();
    const report = await runRetention(store, at, site);
    store.lockouts.prune(at - QUIET_MS, at + LONGEST_LOCK_MS);
    await store.roster.sweep();
    const ago = (days: number) => new Date(at - days * DAY).toISOString();
    const trimmed = await store.removal.trim(ago(EVENT_DAYS), ago(PHOTO_PATIENCE_DAYS));
    store.settings.set(LAST_RUN, new Date(at).toISOString());
    if (trimmed > 0) log('info', 'retention: removed events that are safe on the server', { trimmed });
    if (report.photos + report.gps + report.pending > 0) log('info', 'retention: removed what was due', { ...report });
  }

  /** Runs a purge now, whether one is due or not. Failures (e.g. a full disk) are logged, and the next tick retries. */
  function run(): Promise<void> {
    running ??= purge()
      .catch((error: unknown) => log('error', 'retention failed; it will be retried', { error }))
      .finally(() => {
        running = null;
      });
    return running;
  }

  function tick(): void {
    try {
      try {
        take();
        store.presence.endForgotten();
      } finally {
        // Even if nothing can be stored: a purge that is due frees space on a full disk.
        const last = Date.parse(store.settings.get(LAST_RUN) ?? '');
        if (Number.isNaN(last) || Math.abs(now() - last) >= DAY) void run();
      }
    } catch (error) {
      log('error', 'trusted time can’t be stored; it will be retried', { error });
    }
  }

  tick();
  const ticker = setInterval(tick, options.everyMs ?? EVERY);
  ticker.unref();

  return {
    now,
    /** What is wrong with the wall clock, for the screens. */
    doubt: (): Doubt => doubt,
    /**
     * Takes a time that the server signed in its answer to a request of ours; trusted according to trusted-time.ts.
     * @param serverMs ms since 1970; @param localMs this machine's wall clock when the message arrived
     */
    observeServerTime(serverMs: number, localMs: number): void {
      // Add the time since the message arrived. The limit is for a wall clock that was set in between.
      const passed = Math.min(60_000, Math.max(0, clock.now() - localMs));
      const at = reading();
      keepConfirmed(confirmed(observeConfirmed(state, at, serverMs + passed), at));
    },
    /** Takes the date and time of a valid GPS fix, ms since 1970. */
    observeGpsTime(gpsMs: number): void {
      const at = reading();
      keep(confirmed(observeConfirmed(state, at, gpsMs, 'gps'), at));
    },
    run,
    stop: (): void => clearInterval(ticker),
  };
}

function clockMessage(doubt: Doubt): string {
  if (doubt === 'ahead')
    return 'the clock is ahead by more than a day: nothing is deleted by it until the server or GPS confirms it';
  if (doubt === 'behind') return 'the clock was set back: records age by trusted time';
  return 'the clock is plausible again';
}
