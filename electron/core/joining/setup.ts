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

/** Set by anyone who wants this kiosk to work without a server. */
const ALONE = 'works-alone';
/** Between two questions whether someone has approved, and the first pause after a trouble that passes; ms. */
const POLL_MS = 2_000;
/** Longest pause after such a trouble, ms. */
const SLOWEST_MS = 15_000;
/** A clock that differs less from the server's is no cause for concern, ms. */
const CLOCK_MS = 120_000;

/** Temporary problems on the way to the server: the code may be good, so it is retried. */
const PASSING = /^(server-(unreachable|silent)|proxy-unreachable|exchange-aborted|too-many-requests|http-5\d\d)$/;

export interface KioskSetup {
  readonly methods: Pick<CoreMethods, 'setupJoin' | 'setupRetry' | 'setupStaffPin' | 'setupAlone' | 'setupStartOver'>;
  /** What the first-run screen shows; null where there is none: the kiosk belongs to a server, or works by itself. */
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
  /** The kiosk has joined: the core starts again, and its screens with what the server calls it. */
  readonly joined: () => void;
  readonly log: CoreOptions['log'];
}

/**
 * The first run of a kiosk: it has nobody, and no server. A joining that was under way when it was switched off goes on by
 * itself. Whatever happens shows in `state`: the screen has nothing to ask.
 */
export function createSetup(deps: SetupDeps): KioskSetup {
  const { context, log } = deps;
  const { store, home } = context;
  let state: Setup = { at: 'code', trouble: null };
  /** Counts attempts: an answer to one that was given up changes nothing. */
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
    // Someone may have joined it by the command line meanwhile.
    if (readServerLink(store)) {
      finished(server);
      return;
    }
    const wantedStill = (): boolean => mine === run && !stopped;
    pollJoining(context, wantedStill).then(
      (answer) => {
        // Given up while it was being written down: it belongs to that server all the same.
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
    // A server that is out of reach says no time: what was seen of the clock stays.
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
    // Keys that the server has refused are not shown again.
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
        // The language that it is set up in is the one that it greets in.
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
