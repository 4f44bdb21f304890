import { CoreMessage, type CoreState, type EndReason, type HostMessage } from '../../contract/host.ts';
import type { CoreOptions } from '../interface.ts';

export interface CoreChild {
  readonly pid: number | undefined;
  send(message: HostMessage, handle?: unknown): void;
  kill(): void;
}

/** Starts a core process. `onExit` is called once, even if the process could not be started. */
export type SpawnCore = (events: {
  onMessage: (raw: unknown) => void;
  onExit: (code: number | null) => void;
}) => CoreChild;

export interface SupervisorOptions {
  readonly start: Extract<HostMessage, { type: 'start' }>;
  readonly spawn: SpawnCore;
  readonly log: CoreOptions['log'];
  /** Called when the core has asked to be restarted together with the kiosk's browser, and has exited. */
  readonly onRetry?: () => void;
  /**
   * Called when the whole kiosk should restart: the core asked for it (only if `start.mayEnd`), or it crashed or refused to start
   * and `endsWithCore` returned true.
   */
  readonly onEnd?: (why: EndReason | 'core-ended') => void;
  /** Checked when the core has crashed or refused to start: true to end the whole kiosk instead of restarting the core here. */
  readonly endsWithCore?: () => boolean;
  /** How often the core is pinged, and how many pings may be unanswered before it counts as hung. */
  readonly pingEvery?: number;
  readonly missedPings?: number;
}

export interface CoreEvent {
  readonly state: CoreState;
  readonly pid: number | null;
}

export type CoreSupervisor = ReturnType<typeof superviseCore>;

/** Pause before a core that exited is restarted, by the number of exits in a row; the first well within 2 s. */
export const RESTART_AFTER = [100, 500, 1_500, 5_000, 15_000, 30_000] as const;
/** A core that ran this long has not crashed "in a row". */
export const STABLE_AFTER = 60_000;
/** A core that served this long is restarted within 2 s, however often it exits. One that exits earlier waits ever longer. */
const SERVED_AFTER = 1_000;
/** A rejection needs a person, but may also have resolved (a lock released, a disk mounted): retried after this long. */
export const RETRY_REFUSED_AFTER = 15_000;
const STOP_WAIT = 8_000;
/** Longest silence of a core that reported long work, such as re-encrypting or checking a large store on a slow disk, ms. */
export const BUSY_MS = 60 * 60_000;

const RESTARTING: CoreState = {
  state: 'restarting',
  code: 'core-restarting',
  message: 'The kiosk is restarting itself.',
  nextStep: 'Wait a moment.',
};

export function superviseCore(options: SupervisorOptions) {
  const { log, pingEvery = 5_000, missedPings = 6 } = options;
  const listeners = new Set<(event: CoreEvent) => void>();
  let state: CoreState = { state: 'starting', code: null, message: '', nextStep: '' };
  let child: CoreChild | null = null;
  let crashes = 0;
  let screens = 0;
  let closing = false;
  let retryTimer: NodeJS.Timeout | undefined;
  let ended: () => void = () => undefined;

  const change = (next: CoreState): void => {
    state = next;
    for (const listener of listeners) listener({ state, pid: child?.pid ?? null });
  };

  function launch(): void {
    let coded: Extract<CoreMessage, { type: 'refused' }> | null = null;
    let readyAt: number | null = null;
    let restart: Extract<CoreMessage, { type: 'restart' }> | null = null;
    let asked = 0;
    let answered = 0;
    let busyUntil = 0;
    let pings: NodeJS.Timeout | undefined;
    let gone = false;

    const current = options.spawn({
      onMessage(raw) {
        const parsed = CoreMessage.safeParse(raw);
        if (!parsed.success) return log('warn', 'host: unknown message from the core');
        const message = parsed.data;
        if (message.type === 'log') log(message.level, message.message, message.fields);
        else if (message.type === 'refused') coded = message;
        else if (message.type === 'restart') restart = message;
        else if (message.type === 'end') {
          log('info', 'host: the core requests a restart of the kiosk', { why: message.why });
          options.onEnd?.(message.why);
        } else if (message.type === 'busy') {
          busyUntil = message.busy ? Date.now() + BUSY_MS : 0;
          answered = asked;
        } else if (message.type === 'pong') {
          answered = Math.max(answered, message.n);
          screens = message.screens;
        } else {
          readyAt = Date.now();
          log('info', 'host: the core is ready', { pid: current.pid });
          change({ state: 'ready', code: null, message: '', nextStep: '' });
        }
      },
      onExit(code) {
        if (gone) return;
        gone = true;
        clearInterval(pings);
        child = null;
        screens = 0;
        const served = readyAt === null ? 0 : Date.now() - readyAt;
        if (served >= STABLE_AFTER) crashes = 0;
        else if (served >= SERVED_AFTER) crashes = Math.min(crashes, 1);
        if (restart && code === 0 && !closing) afterAsked(restart.browser);
        else afterExit(code, coded);
      },
    });
    child = current;
    current.send(options.start);
    pings = setInterval(() => {
      if (asked - answered >= missedPings) {
        if (Date.now() < busyUntil) return;
        log('error', 'host: the core does not respond; stopping it', { pid: current.pid, missed: asked - answered });
        current.kill();
      } else current.send({ type: 'ping', n: ++asked });
    }, pingEvery);
    change({ ...state });
  }

  function afterAsked(browser: boolean): void {
    log('info', 'host: the core requested a restart', { browser });
    change(RESTARTING);
    if (browser) options.onRetry?.();
    retryTimer = setTimeout(launch, RESTART_AFTER[0]);
  }

  function afterExit(code: number | null, coded: { code: string; message: string; nextStep: string } | null): void {
    if (closing) {
      change({ state: 'stopped', code: null, message: '', nextStep: '' });
      ended();
      return;
    }
    const last = options.endsWithCore?.() ?? false;
    if (coded) {
      const { code: reason, message, nextStep } = coded;
      log('error', 'host: the core refused to start', { code: reason, problem: message, nextStep });
      change({ state: 'refused', code: reason, message, nextStep });
      if (last) options.onEnd?.('core-ended');
      else retryTimer = setTimeout(launch, RETRY_REFUSED_AFTER);
      return;
    }
    if (last) {
      log('error', 'host: the core exited, and the kiosk is stopping', { exit: code });
      change({ state: 'stopped', code: null, message: '', nextStep: '' });
      options.onEnd?.('core-ended');
      return;
    }
    const wait = RESTART_AFTER[Math.min(crashes, RESTART_AFTER.length - 1)]!;
    crashes += 1;
    log('error', 'host: the core exited; restarting it', { exit: code, wait, inARow: crashes });
    change(
      crashes < RESTART_AFTER.length
        ? RESTARTING
        : {
            state: 'refused',
            code: 'core-keeps-ending',
            message: 'The kiosk keeps stopping unexpectedly.',
            nextStep: 'Restart the kiosk. If it keeps happening, send its log to the people who maintain it.',
          },
    );
    retryTimer = setTimeout(launch, wait);
  }

  launch();
  return {
    get state(): CoreState {
      return state;
    },
    get pid(): number | null {
      return child?.pid ?? null;
    },
    /** Number of connected screens, from the core's last answer. */
    get screens(): number {
      return screens;
    },
    /** Passes a screen's handle to the core, which serves it once it has started. Returns false if there is no core process. */
    connect(message: Extract<HostMessage, { type: 'connect' }>, handle: unknown): boolean {
      if (!child) return false;
      child.send(message, handle);
      return true;
    },
    onEvent(listener: (event: CoreEvent) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Stops the core and waits for its exit: asks first, then kills it after `STOP_WAIT`. */
    close(): Promise<void> {
      if (closing) return Promise.resolve();
      closing = true;
      clearTimeout(retryTimer);
      const running = child;
      if (!running) {
        change({ state: 'stopped', code: null, message: '', nextStep: '' });
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const killTimer = setTimeout(() => running.kill(), STOP_WAIT);
        ended = () => {
          clearTimeout(killTimer);
          resolve();
        };
        running.send({ type: 'stop' });
      });
    },
  };
}
