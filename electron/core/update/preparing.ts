import { randomUUID } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import type { UpdateDirective, UpdateWindow } from '../../../sync/protocol/wire/fleet.ts';
import type { EndReason } from '../../contract/host.ts';
import type { UpdateNotice } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';
import type { UpdateLayout } from './layout.ts';
import { isQuiet } from './quiet.ts';
import { type Asked, keyOf, TRIAL, type TrialRecord } from './records.ts';
import { refuseStore } from './rules.ts';
import { askUpdater, type Asked as Request } from './updater-requests.ts';
import { isOpen, nextOpening } from './window.ts';

export interface Wish {
  readonly asked: Asked;
  /** Null for staff's own request for the newest build. */
  readonly directive: UpdateDirective | null;
  /** Versions excluded from staff's request, because the server has withdrawn them. */
  readonly except: readonly string[];
  readonly source: 'network' | 'usb';
}

/** After a request by staff, who are in view themselves: how long nobody must have used the kiosk, ms. */
const UNUSED_FOR_STAFF_MS = 5_000;
/** People who delay a build for longer are reported, ms. */
const HELD_MS = 30 * 60_000;
/** Length of a trial that staff started, minutes. */
const TRIAL_MINUTES = 10;

type Phase =
  | { readonly at: 'none' }
  | { readonly at: 'staging'; readonly wish: Wish; readonly request: Request }
  | {
      readonly at: 'staged';
      readonly wish: Wish;
      readonly build: string;
      readonly version: string;
      /** Since when only people delay its start: trusted time, and by the monotonic clock; null if they don't yet. */
      readonly held: { readonly since: number; readonly monotonic: number } | null;
    }
  | { readonly at: 'switching'; readonly wish: Wish; readonly request: Request; readonly version: string }
  | { readonly at: 'restarting'; readonly version: string };

export interface PreparingDeps {
  readonly layout: UpdateLayout;
  readonly running: string;
  readonly store: {
    readonly settings: Pick<Store['settings'], 'set'>;
    readonly format: { readonly minReader: number };
  };
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Monotonic clock, ms. */
  readonly monotonic: () => number;
  /** How long nobody has been at the kiosk; and how long nobody has used it, although someone may be in view; ms. */
  readonly idleMs: () => number;
  readonly unusedMs: () => number;
  readonly zone: () => string;
  /** State of the kiosk just before the switch; null while that is being determined. */
  readonly before: () => TrialRecord['before'] | null;
  /** Ends the kiosk, so that its launcher starts the build that is current then. */
  readonly restart: (why: EndReason) => void;
  readonly log: CoreOptions['log'];
}

/** From a request to the restart: the updater stages the build; the switch follows in an open window when nobody is there. */
export function createPreparing(deps: PreparingDeps) {
  const { layout, store, log, monotonic } = deps;
  let phase: Phase = { at: 'none' };

  function begin(wish: Wish): void {
    const { action, version } = wish.asked;
    const named = wish.directive ? version : null;
    log('info', 'update: requested', { action, version: named ?? 'the newest', from: wish.source });
    const now = new Date(deps.now()).toISOString();
    const { source } = wish;
    const except = [...wish.except];
    const request = askUpdater(layout, { want: 'stage', version: named, except, action, source, now }, monotonic);
    phase = { at: 'staging', wish, request };
  }

  function staging({ wish, request }: Extract<Phase, { at: 'staging' }>): string | null {
    const status = request.done();
    if (!status) return null;
    const { build, facts, moved } = status;
    if (!build || !facts)
      throw new Problem('update-failed', { reason: 'the updater did not report what it has staged' });
    const unfit = refuseStore(facts, store.format.minReader);
    if (unfit) throw unfit;
    log('info', 'update: ready', { version: facts.version, moved });
    phase = { at: 'staged', wish, build, version: facts.version, held: null };
    return facts.version;
  }

  function staged(wish: Wish, ready: Extract<Phase, { at: 'staged' }>): void {
    phase = { ...ready, wish };
    const { build, version } = ready;
    const { asked, directive } = wish;
    const [at, window] = [deps.now(), directive?.window ?? null];
    if (!isOpen(window, at)) return;
    const held = ready.held ?? { since: at, monotonic: monotonic() };
    phase = { ...phase, held };
    if (!mayStart(directive !== null, window, at, monotonic() - held.monotonic)) return;
    const before = deps.before();
    if (!before) return;
    const attempt = randomUUID();
    const record: TrialRecord = {
      attempt,
      asked: directive ? asked : { ...asked, version },
      build,
      version,
      from: deps.running,
      before,
      acknowledged: false,
    };
    // Before notifying the updater: whichever build starts next knows about the trial.
    store.settings.set(TRIAL, JSON.stringify(record));
    const trialMinutes = directive?.trialMinutes ?? TRIAL_MINUTES;
    const request = askUpdater(layout, { want: 'switch', build, attempt, trialMinutes }, monotonic);
    phase = { at: 'switching', wish, request, version };
  }

  function mayStart(forServer: boolean, window: UpdateWindow | null, at: number, waitedMs: number): boolean {
    const [idleMs, unusedMs] = [deps.idleMs(), deps.unusedMs()];
    if (!forServer) return unusedMs >= UNUSED_FOR_STAFF_MS;
    return isQuiet({ idleMs, unusedMs, waitedMs, window, zone: deps.zone(), at });
  }

  function switching({ request, version }: Extract<Phase, { at: 'switching' }>): void {
    try {
      if (!request.done()) return;
    } catch (error) {
      store.settings.set(TRIAL, '');
      throw error;
    }
    log('info', 'update: restarting into another build', { version });
    phase = { at: 'restarting', version };
    deps.restart('update');
  }

  return {
    get at(): Phase['at'] {
      return phase.at;
    },
    /** The current request; null if there is none. */
    get wish(): Wish | null {
      return 'wish' in phase ? phase.wish : null;
    },
    begin,
    /** Drops a request that is no longer wanted; a staged build remains with the updater. */
    drop(): void {
      phase = { at: 'none' };
    },
    /**
     * @param wish the current request as it is meant now: its maintenance window may have changed
     * @returns the version that has just become ready, else null
     * @throws Problem if it is refused
     */
    step(wish: Wish | null): string | null {
      if (phase.at === 'staging') return staging(phase);
      if (phase.at === 'staged') staged(wish ?? phase.wish, phase);
      else if (phase.at === 'switching') switching(phase);
      return null;
    },
    restart(): void {
      phase = { at: 'restarting', version: deps.running };
      deps.restart('update');
    },
    notice(): UpdateNotice | null {
      switch (phase.at) {
        case 'none':
          return null;
        case 'staging': {
          const status = phase.request.status();
          const progress = status && status.total > 0 ? shownProgress(status.done / status.total) : null;
          return { kind: 'preparing', version: status?.facts?.version ?? null, progress };
        }
        case 'staged': {
          const at = nextOpening(phase.wish.directive?.window ?? null, deps.now());
          const { version, held } = phase;
          const long = held !== null && monotonic() - held.monotonic >= HELD_MS;
          const heldSince = long ? new Date(held.since).toISOString() : null;
          return { kind: 'waiting', version, at: new Date(at).toISOString(), heldSince };
        }
        default:
          return { kind: 'restarting', version: phase.version };
      }
    },
  };
}

/** Rounds down to a twentieth, because each change is sent to every screen. */
const shownProgress = (part: number): number => Math.floor(Math.min(1, part) * 20) / 20;

export const sameWish = (a: Wish | null, b: Wish | null): boolean =>
  a !== null &&
  b !== null &&
  keyOf(a.asked) === keyOf(b.asked) &&
  a.source === b.source &&
  a.except.join() === b.except.join();
