import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import { BuildVersion } from '../../../sync/protocol/wire/release.ts';
import type { UpdateNotice } from '../../contract/methods.ts';
import type { Store } from '../store/interface.ts';
import { createFailures } from './failures.ts';
import { decide, readState, verdictFile } from './files.ts';
import { createPreparing, type PreparingDeps, sameWish, type Wish } from './preparing.ts';
import { packMatch, readFailed, readTrial, type TrialRecord, unpackMatch } from './records.ts';
import { type Check, type Judgement, judge, takenBack } from './rules.ts';
import { createSelfTest } from './self-test.ts';
import type { SelfMatch } from './test-face.ts';
import { stepTrial, type TrialDeps } from './trial.ts';
import { type Asked, askUpdater } from './updater-requests.ts';

export interface KeeperDeps
  extends Omit<PreparingDeps, 'running' | 'store' | 'before'>,
    Pick<TrialDeps, 'running' | 'insteadOf'> {
  readonly store: PreparingDeps['store'] &
    TrialDeps['store'] & { readonly deviceState: Pick<Store['deviceState'], 'update'> };
  readonly camera: () => boolean;
  /** Whether faces are recognised here, and the result of the self-test; null if it failed. */
  readonly faces: () => boolean;
  readonly selfMatch: () => Promise<SelfMatch | null>;
  /** Whether the server is reachable, and whether it was in contact since this core started. */
  readonly online: () => boolean;
  readonly heard: () => boolean;
  readonly changed: () => void;
  readonly everyMs?: number;
  /** In [0, 1); the system's generator by default. */
  readonly random?: () => number;
}

/** State of a kiosk's updates, for `update status`. */
export type UpdateReport = ReturnType<UpdateKeeper['report']>;

export type UpdateKeeper = ReturnType<typeof startUpdates>;

const EVERY_MS = 2_000;

interface StaffWish {
  readonly source: 'network' | 'usb';
  readonly ready: (version: string) => void;
  readonly refused: (why: Problem) => void;
}

/**
 * Decides when a kiosk is updated: passes the server's directive or a request by staff to the updater, waits for the maintenance
 * window and until nobody is there, and supervises the trial of the new build. It never keeps anyone from checking in.
 */
export function startUpdates(deps: KeeperDeps) {
  const { layout, running, insteadOf, store, log, monotonic } = deps;
  let staff: StaffWish | null = null;
  let check: Asked | null = null;
  let settling: Asked | null = null;
  let stopped = false;
  const selfTest = createSelfTest(deps.selfMatch, monotonic, log);
  const failures = createFailures({
    store,
    running: running.version,
    monotonic,
    random: deps.random ?? Math.random,
    log,
  });
  const preparing = createPreparing({ ...deps, running: running.version, before });

  function before(): TrialRecord['before'] | null {
    const faces = deps.faces();
    // What the next build has to prove. It is not asked for what this build can't do either.
    if (faces && selfTest.try() === 'running') return null;
    return {
      camera: deps.camera(),
      faces: faces && selfTest.found !== null,
      online: deps.online(),
      match: packMatch(selfTest.found),
    };
  }

  function shown(trial: TrialRecord): Record<Check, boolean> {
    if (trial.before.faces) selfTest.try();
    check ??= askUpdater(layout, { want: 'check' }, monotonic);
    const answered = check.status();
    return {
      camera: deps.camera(),
      match: selfTest.sees(unpackMatch(trial.before.match)),
      commit: trial.acknowledged,
      sync: deps.heard(),
      // The updater of this build has to work too, or a later fix could never be installed.
      updater: answered?.state === 'done' && answered.updater.startsWith(`${running.version} `),
    };
  }

  function wishNow(): Wish | null {
    if (staff) {
      const { version } = running;
      return {
        asked: { action: 'install', version, rollout: null, retry: 0 },
        directive: null,
        except: takenBack(store.deviceState.update, readFailed(store)),
        source: staff.source,
      };
    }
    const directive = store.deviceState.update;
    if (!directive) return null;
    const { action, version, rollout, retry } = directive;
    const asked = { action, version, rollout, retry };
    const judged: Judgement = BuildVersion.safeParse(version).success
      ? judge(directive, running.version, readFailed(store))
      : { do: 'refuse', why: unknownVersion(version) };
    if (judged.do === 'refuse' && !failures.waits(asked)) failures.refuse(asked, judged.why, true);
    return judged.do === 'stage' ? { asked, directive, except: [], source: 'network' } : null;
  }

  function pursue(wish: Wish | null): void {
    if (!wish) {
      preparing.drop();
      return;
    }
    try {
      if (!sameWish(preparing.wish, wish)) {
        if (staff || !failures.waits(wish.asked)) preparing.begin(wish);
        else preparing.drop();
        return;
      }
      const ready = preparing.step(wish);
      if (ready !== null) {
        failures.clear();
        staff?.ready(ready);
      }
    } catch (why) {
      if (!(why instanceof Problem)) throw why;
      preparing.drop();
      failures.refuse(wish.asked, why, staff === null);
      staff?.refused(why);
      staff = null;
    }
  }

  function step(): void {
    if (preparing.at === 'restarting') return;
    if (preparing.at !== 'switching') {
      const trial = stepTrial({ layout, running, insteadOf, store, shown, log });
      if (trial === 'running' && leaveAsked()) giveUp();
      else if (trial === 'restart') preparing.restart();
      if (trial !== 'none') return;
      forgetVerdicts();
      settleState();
    }
    pursue(preparing.at === 'switching' ? preparing.wish : wishNow());
  }

  /** Asks the updater to settle a reported trial. It does so with any request. */
  function settleState(): void {
    if (preparing.at !== 'none' || readState(layout)?.attempt === '') return;
    settling ??= askUpdater(layout, { want: 'check' }, monotonic);
    settling.status();
  }

  /** Returns whether the server wants this kiosk to leave the build on trial. */
  function leaveAsked(): boolean {
    const directive = store.deviceState.update;
    return directive?.action === 'rollback' && directive.version === running.version;
  }

  function giveUp(): void {
    const attempt = readState(layout)?.attempt;
    if (attempt) decide(layout, { attempt, outcome: 'failed', code: 'rollback-asked', starts: 0, seconds: 0 });
    preparing.restart();
  }

  /** Deletes the files of reported trials. */
  function forgetVerdicts(): void {
    const kept = verdictFile(layout, readState(layout)?.attempt ?? '');
    for (const name of readdirSync(layout.spool))
      if (name.startsWith('verdict-') && join(layout.spool, name) !== kept)
        rmSync(join(layout.spool, name), { force: true });
  }

  function tick(): void {
    if (stopped) return;
    try {
      step();
    } catch (error) {
      log('error', 'update: could not continue; it will be retried', { error });
    }
    deps.changed();
  }

  /** For the inventory: the build that is ready, and since when people delay it; undefined if they don't, or not for long. */
  function held(): Inventory['updateHeld'] {
    const notice = preparing.notice();
    if (notice?.kind !== 'waiting' || notice.heldSince === null) return;
    return { version: notice.version, since: notice.heldSince };
  }

  const onTrial = (): boolean => readTrial(store) !== null && preparing.at !== 'switching';
  const ticker = setInterval(tick, deps.everyMs ?? EVERY_MS);
  ticker.unref();
  tick();
  return {
    /** Called when the server sent something about updates. */
    acknowledged: tick,
    /** For the screens; null if there is nothing to show. */
    notice: (): UpdateNotice | null => preparing.notice(),
    held,
    /** True if the launcher started this build in place of a damaged one. */
    fallback: insteadOf !== null && readState(layout)?.attempt === '',
    /** For the inventory. */
    slots(): Inventory['slots'] {
      const state = readState(layout);
      if (!state) return undefined;
      const { current, previous, attempt } = state;
      return { current: current.slice(0, 60), previous: previous.slice(0, 60) || null, trial: attempt !== '' };
    },
    report() {
      const state = readState(layout);
      const { problem } = failures;
      return {
        ...running,
        slots: state && {
          current: state.current,
          previous: state.previous === '' ? null : state.previous,
          trial: state.attempt !== '',
        },
        /** The version being prepared, or waiting for its moment. */
        wanted: preparing.wish?.asked.version ?? null,
        state: onTrial() ? ('on-trial' as const) : REPORTED[preparing.at],
        /** Since when it is ready and delayed by people; null if they don't delay it, or not for long. */
        heldSince: held()?.since ?? null,
        problem: problem && { code: problem.code, message: problem.message, nextStep: problem.nextStep },
      };
    },
    /**
     * Requests the newest build that the server has not withdrawn, for staff: from the USB stick or the network, without waiting
     * for a window.
     * @returns the version that is ready; the restart follows when nobody is at the kiosk
     * @throws Problem of the updater, `update-under-way`
     */
    now(source: 'network' | 'usb'): Promise<{ version: string }> {
      if (staff || preparing.at === 'switching' || preparing.at === 'restarting' || onTrial())
        return Promise.reject(new Problem('update-under-way'));
      return new Promise((resolve, reject) => {
        staff = { source, ready: (version) => resolve({ version }), refused: reject };
        tick();
      });
    },
    stop(): void {
      stopped = true;
      clearInterval(ticker);
      staff?.refused(new Problem('core-stopping'));
    },
  };
}

const REPORTED = {
  none: 'idle',
  staging: 'preparing',
  staged: 'ready',
  switching: 'restarting',
  restarting: 'restarting',
} as const;

const unknownVersion = (version: string): Problem => new Problem('update-unknown-version', { version });
