import { Problem } from '../../../sync/errors/problem.ts';
import { readJoinCode } from '../../../sync/protocol/seal/join-code.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { weakPin } from '../../contract/pin.ts';
import type { Setup } from '../../contract/setup.ts';
import type { CoreOptions } from '../interface.ts';
import { readSiteConfig, writeSiteConfig } from '../site/config.ts';
import { EMERGENCY_PIN } from '../staff/emergency.ts';
import { readServerLink } from '../sync/server-link.ts';
import { type Asked, askToJoin, type JoiningContext, keepJoining, pollJoining, readJoining } from './joining.ts';

/** Set when this kiosk should work without a server. */
const ALONE = 'works-alone';
/** Pause between two polls for the approval, and first pause after a temporary problem; ms. */
const POLL_MS = 2_000;
/** Longest pause after such a problem, ms. */
const SLOWEST_MS = 15_000;
/** A difference from the server's clock below this is no cause for concern, ms. */
const CLOCK_MS = 120_000;

/** Temporary problems in reaching the server: the code may be good, so it is retried. */
const PASSING = /^(server-(unreachable|silent)|proxy-unreachable|exchange-aborted|too-many-requests|http-5\d\d)$/;

export interface KioskSetup {
  readonly methods: Pick<CoreMethods, 'setupJoin' | 'setupRetry' | 'setupStaffPin' | 'setupAlone' | 'setupStartOver'>;
  /** What the first-run screen shows; null if there is no such screen: the kiosk belongs to a server, or works alone. */
  state(): Setup | null;
  stop(): void;
}

export interface SetupDeps {
  readonly context: JoiningContext;
  readonly pins: { hash(pin: string): Promise<string> };
  readonly checkPin: (pin: string) => Promise<void>;
  /** This machine's clock, ms since 1970. */
  readonly wall: () => number;
  readonly onState: () => void;
  /** Called when the kiosk has joined: the core restarts, and its screens then use the server's names. */
  readonly joined: () => void;
  readonly log: CoreOptions['log'];
}

/**
 * The first run of a kiosk, which has no people and no server yet. A joining that was interrupted by switching the kiosk off
 * continues automatically. Every change shows in `state`: the screen need not ask.
 */
export function createSetup(deps: SetupDeps): KioskSetup {
  const { context, log } = deps;
  const { store, home } = context;
  let state: Setup = { at: 'code', trouble: null };
  /** Counts attempts: the answer to an abandoned attempt is ignored. */
  let run = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const wanted = (): boolean =>
    !context.site.demo &&
    (state.at === 'joined' || readServerLink(store) === null) &&
    store.settings.get(ALONE) !== 'yes' &&
    store.people.count() === 0;

  function set(next: Setup): void {
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    deps.onState();
  }

  function begin(code: string): void {
    let server: string;
    try {
      server = readJoinCode(code).url;
    } catch (cause) {
      set({ at: 'code', trouble: troubleOf(cause, log) });
      return;
    }
    const mine = ++run;
    clearTimeout(timer);
    set({ at: 'asking', server, trouble: null });
    const attempt = (pause: number): void => {
      askToJoin(context, { code }).then(
        (asked) => {
          if (mine !== run || stopped) return;
          waiting(server, asked, null);
          timer = setTimeout(() => poll(mine, server, asked, POLL_MS), POLL_MS);
        },
        (cause: unknown) => {
          if (mine !== run || stopped) return;
          const trouble = troubleOf(cause, log);
          if (!PASSING.test(trouble.code)) return failed(trouble);
          set({ at: 'asking', server, trouble });
          timer = setTimeout(() => attempt(Math.min(SLOWEST_MS, pause * 2)), pause);
        },
      );
    };
    attempt(POLL_MS);
  }

  function poll(mine: number, server: string, asked: Asked, pause: number): void {
    // It may have joined through the command line meanwhile.
    if (readServerLink(store)) {
      finished(server);
      return;
    }
    const wantedStill = (): boolean => mine === run && !stopped;
    pollJoining(context, wantedStill).then(
      (answer) => {
        // Cancelled while the grant was being stored: the kiosk belongs to that server nevertheless.
        if (answer.server !== null && !stopped) return finished(answer.server);
        if (!wantedStill()) return;
        waiting(server, answer, null);
        timer = setTimeout(() => poll(mine, server, answer, POLL_MS), POLL_MS);
      },
      (cause: unknown) => {
        if (!wantedStill()) return;
        const trouble = troubleOf(cause, log);
        if (!PASSING.test(trouble.code)) return failed(trouble);
        waiting(server, asked, trouble);
        const next = Math.min(SLOWEST_MS, pause * 2);
        timer = setTimeout(() => poll(mine, server, asked, next), pause);
      },
    );
  }

  function waiting(server: string, { fingerprint, serverTime }: Asked, trouble: Trouble | null): void {
    const off = serverTime === null ? 0 : deps.wall() - serverTime;
    // If the server can't be reached, there is no new time: keep the last known clock difference.
    const kept = state.at === 'approval' ? state.clockOff : null;
    const clockOff = serverTime === null || trouble ? kept : Math.abs(off) < CLOCK_MS ? null : Math.round(off / 1000);
    set({
      at: 'approval',
      server,
      fingerprint,
      clockOff: clockOff === null || kept === null || Math.abs(clockOff - kept) > 60 ? clockOff : kept,
      trouble,
      staffPin: store.settings.get(EMERGENCY_PIN) !== null,
    });
  }

  function failed(trouble: Trouble): void {
    run++;
    // Keys that the server has rejected are not sent again.
    if (trouble.code === 'device-revoked') keepJoining(store, null);
    set({ at: 'code', trouble });
  }

  function finished(server: string): void {
    run++;
    log('info', 'setup: this kiosk now belongs to a server');
    set({ at: 'joined', server });
    deps.joined();
  }

  const refuseWhenOver = (): void => {
    if (!wanted() || state.at === 'joined') throw new Problem('setup-over');
  };

  async function setStaffPin(pin: string): Promise<void> {
    if (pin.length < 6 || weakPin(pin)) throw new Problem('pin-weak');
    store.settings.set(EMERGENCY_PIN, await deps.pins.hash(pin));
    store.events.append({ type: 'health', open: { code: 'staff-pin-set', detail: {} }, personal: {} });
  }

  const before = readJoining(store);
  if (wanted() && before?.code) begin(before.code);

  return {
    state: () => (wanted() ? state : null),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
    methods: {
      async setupJoin({ code, language }) {
        refuseWhenOver();
        // The language used during setup becomes the language of the first screen.
        const site = readSiteConfig(home);
        const spoken = site.languages.find((known) => known === language);
        if (spoken && spoken !== site.defaultLanguage) writeSiteConfig(home, { ...site, defaultLanguage: spoken });
        begin(code);
        return {};
      },
      async setupRetry() {
        refuseWhenOver();
        run++;
        clearTimeout(timer);
        set({ at: 'code', trouble: null });
        return {};
      },
      async setupStaffPin({ pin }) {
        refuseWhenOver();
        if (store.settings.get(EMERGENCY_PIN) !== null) throw new Problem('staff-pin-set');
        await setStaffPin(pin);
        if (state.at === 'approval') set({ ...state, staffPin: true });
        return {};
      },
      async setupStartOver() {
        throw new Problem('setup-over');
      },
      async setupAlone({ pin }) {
        refuseWhenOver();
        if (store.settings.get(EMERGENCY_PIN) === null) await setStaffPin(pin);
        else await deps.checkPin(pin);
        run++;
        clearTimeout(timer);
        store.settings.set(ALONE, 'yes');
        deps.onState();
        return {};
      },
    },
  };
}

type Trouble = NonNullable<Extract<Setup, { at: 'code' }>['trouble']>;

function troubleOf(cause: unknown, log: CoreOptions['log']): Trouble {
  if (cause instanceof Problem) {
    log('warn', 'setup: could not join', { code: cause.code });
    return { code: cause.code, message: cause.message, nextStep: cause.nextStep };
  }
  log('error', 'setup: could not join', { error: cause });
  return { code: 'internal', message: 'something went wrong inside the kiosk', nextStep: 'Show the code again.' };
}
