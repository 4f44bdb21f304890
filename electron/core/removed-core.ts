import { NIL } from 'uuid';
import { sayFarewell } from '../../sync/edge/farewell.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import type { Ed25519PrivateJwk } from '../../sync/protocol/wire/batch.ts';
import { type CoreMethods, everyMethod, type Status } from '../contract/methods.ts';
import type { Setup } from '../contract/setup.ts';
import type { Core, CoreOptions } from './interface.ts';
import { destroyEverything, type Step } from './leaving/destroy.ts';
import { type Journal, type Leaving, removeJournal, writeJournal } from './leaving/journal.ts';
import { ensureKioskFolder } from './provision.ts';
import { createStatusHub } from './status/hub.ts';
import { BUILD_DATE, COMMIT, VERSION } from './version.ts';

/** First pause between attempts to destroy or to report, ms; it doubles each time. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const FAREWELL_MS = 20_000;

export interface RemovedCoreOptions extends Pick<CoreOptions, 'home' | 'restart' | 'log'> {
  /** What the kiosk's process still has in memory: the device's key, the proxy with its password. */
  readonly held?: { readonly key: Ed25519PrivateJwk; readonly proxy: string | undefined };
  /** For tests that end the process at each step. */
  readonly at?: (step: Step | 'journal' | 'notified') => void;
}

type Removed = Extract<Setup, { at: 'removed' }>;

/**
 * The core of a kiosk that is destroying everything, or has done so: there is no store, nobody can check in, and the screen says
 * what happened. Continues where it was interrupted.
 */
export function startRemovedCore(journal: Journal | 'unreadable', options: RemovedCoreOptions): Core {
  const { home, log, at = () => undefined } = options;
  const shown = journal === 'unreadable' ? { languages: [...LANGUAGES], language: 'en' } : journal;
  let state: Removed =
    journal !== 'unreadable' && journal.state !== 'wiped'
      ? { at: 'removed', what: journal.what, step: journal.state === 'destroying' ? 'destroying' : 'notifying' }
      : { at: 'removed', what: 'wipe', step: 'done' };
  const hub = createStatusHub(log);
  hub.start(() => bareStatus(state, shown.language));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const show = (step: Removed['step']) => {
    state = { ...state, step };
    hub.refresh();
  };

  async function destroy(): Promise<void> {
    destroyEverything(home, at);
  }

  async function notify(leaving: Leaving): Promise<void> {
    const { server, device, command, what, farewellKey } = leaving;
    const to = { server, device, command, what, trustedNow: () => BUILD_DATE, proxy: options.held?.proxy };
    const key = options.held ? { key: options.held.key, own: true } : { key: farewellKey, own: false };
    await sayFarewell(to, key, AbortSignal.timeout(FAREWELL_MS)).catch((error: unknown) => {
      // Nobody is left to notify: it is another server, or one restored to before it requested this. The data stays deleted.
      if (error instanceof Problem && error.code === 'unknown-device') return;
      throw error;
    });
  }

  /** Retries until it succeeds, however long that takes. */
  function untilDone(work: () => Promise<void>, failed: string, then: () => void, pause = FIRST_MS): void {
    work().then(
      () => {
        if (!stopped) then();
      },
      (error: unknown) => {
        if (stopped) return;
        log('warn', failed, { error });
        timer = setTimeout(() => untilDone(work, failed, then, Math.min(LONGEST_MS, pause * 2)), pause);
      },
    );
  }

  function finish(leaving: Leaving): void {
    at('notified');
    const { languages, language } = leaving;
    if (leaving.what === 'wipe') writeJournal(home, { v: 1, state: 'wiped', languages, language });
    else removeJournal(home);
    show('done');
    log('info', 'fleet: everything on this kiosk has been destroyed', { what: leaving.what });
  }

  function goOn(leaving: Leaving): void {
    const notifying = () => {
      if (leaving.state === 'destroying') {
        at('journal');
        writeJournal(home, { ...leaving, state: 'notifying' });
      }
      show('notifying');
      untilDone(
        () => notify(leaving),
        'fleet: the server could not be notified that everything is destroyed',
        () => finish(leaving),
      );
    };
    if (leaving.state === 'notifying') notifying();
    else untilDone(destroy, 'fleet: not everything could be destroyed yet', notifying);
  }

  if (journal === 'unreadable') {
    untilDone(destroy, 'fleet: not everything could be destroyed yet', () => show('done'));
  } else if (journal.state !== 'wiped') goOn(journal);

  const refuse = (): Promise<never> => Promise.reject(new Problem('kiosk-removed'));
  return {
    onSignal: hub.onSignal,
    leave: () => undefined,
    async close() {
      stopped = true;
      clearTimeout(timer);
    },
    methods: {
      ...(everyMethod(() => refuse) as CoreMethods),
      async hello() {
        return {
          version: VERSION,
          commit: COMMIT,
          site: '',
          device: NIL,
          languages: [...shown.languages],
          defaultLanguage: shown.language,
          demo: false,
          undoMs: 0,
        };
      },
      status: async () => hub.current(),
      screenState: async () => ({}),
      async setupStartOver() {
        if (state.step !== 'done') throw new Problem('kiosk-leaves');
        removeJournal(home);
        ensureKioskFolder(home, false);
        options.restart?.({ browser: true });
        return {};
      },
    },
  };
}

/** Returns the status of a kiosk that no longer exists, in the form that screens expect. */
function bareStatus(setup: Setup, language: string): Status {
  return {
    online: false,
    queued: 0,
    oldestQueuedAt: null,
    lastSyncAt: null,
    storage: 'ok',
    people: 0,
    face: { use: 'off', code: 'kiosk-removed', nextStep: '' },
    checkinMethods: [],
    reader: false,
    liveness: 'standard',
    consentAge: 18,
    privacy: { controller: '', contact: '', dpo: '', photoDays: 0, gpsDays: 0 },
    notices: [],
    settings: { site: '', timeZone: 'UTC', language, theme: 'auto', volume: 100, low: false },
    setup,
    camera: null,
    update: null,
    watched: false,
  };
}
