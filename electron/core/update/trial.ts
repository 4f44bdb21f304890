import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';
import {
  buildId,
  decide,
  healthFile,
  readHealth,
  readRequest,
  readState,
  readStatus,
  readVerdict,
  type SlotState,
  writeShared,
} from './files.ts';
import type { UpdateLayout } from './layout.ts';
import {
  detailOf,
  FAILED,
  keyOf,
  REFUSED,
  readFailed,
  readTrial,
  TRIAL,
  type TrialRecord,
  withFailed,
} from './records.ts';
import { type Check, missingChecks } from './rules.ts';

/** The running build: its version and commit. */
export interface Running {
  readonly version: string;
  readonly commit: string;
}

export interface TrialDeps {
  readonly layout: UpdateLayout;
  readonly running: Running;
  /** The build that should have run, if the launcher started this one in its place; else null. */
  readonly insteadOf: string | null;
  readonly store: {
    readonly settings: Pick<Store['settings'], 'get' | 'setAll'>;
    readonly events: Pick<Store['events'], 'reportIfSpace'>;
  };
  readonly shown: (trial: TrialRecord) => Readonly<Record<Check, boolean>>;
  readonly log: CoreOptions['log'];
}

/**
 * State of a trial. `none`: there is none, or it was completely reported. `running`: this build is on trial. `restart`: the kiosk
 * still has to restart into the other build. `waits`: for the updater, or for space to report it.
 */
export type TrialState = 'none' | 'running' | 'restart' | 'waits';

/**
 * Advances a trial by one step: reports it, checks what the build has proved, decides, and reports the outcome. Called
 * repeatedly; the next call, in this build or the previous one, continues what was interrupted. An event and the state change it
 * reports are one transaction, so each is reported once.
 */
export function stepTrial(deps: TrialDeps): TrialState {
  const { layout, running, store, log, insteadOf } = deps;
  const state = readState(layout);
  const id = buildId(running);
  const trial = readTrial(store) ?? unrecorded(state, deps, id);
  if (!trial) return 'none';
  const here = id === trial.build;
  const verdict = readVerdict(layout, trial.attempt);

  if (verdict?.outcome === 'healthy' && here) {
    const asked = trial.asked.action === 'rollback';
    const detail = asked ? { ...detailOf(trial, 'asked'), version: trial.from, from: trial.version } : detailOf(trial);
    return report(deps, asked ? 'update-rolled-back' : 'update-healthy', detail, { [TRIAL]: '' });
  }
  // Started instead of the build that should run, this is the only one that can: another restart would change nothing.
  if (verdict?.outcome === 'failed') return here && insteadOf === null ? 'restart' : failed(deps, trial, verdict.code);
  if (verdict) return insteadOf === null ? 'restart' : failed(deps, trial, 'build-fallback');
  if (state?.attempt === trial.attempt) {
    if (here) return onTrial(deps, trial);
    if (insteadOf !== trial.build) return 'restart';
    // The launcher went back, and had no space to record it.
    decide(layout, { attempt: trial.attempt, outcome: 'failed', code: 'build-fallback', starts: 0, seconds: 0 });
    return failed(deps, trial, 'build-fallback');
  }
  const request = readRequest(layout);
  const pending =
    request?.want === 'switch' &&
    request.attempt === trial.attempt &&
    !(readStatus(layout)?.request === request.id && readStatus(layout)?.state !== 'working');
  if (pending) return 'waits';
  log('info', 'update: an unfinished switch was abandoned', { build: trial.build });
  return report(deps, null, {}, { [TRIAL]: '' });
}

/** Returns a record if this build is on trial but the store doesn't know it, e.g. after a restore. Then less has to be proved. */
function unrecorded(state: SlotState | null, { layout, running }: TrialDeps, id: string): TrialRecord | null {
  if (!state || state.attempt === '' || state.current !== id || readVerdict(layout, state.attempt)) return null;
  return {
    attempt: state.attempt,
    asked: { action: 'install', version: running.version, rollout: null, retry: 0 },
    build: id,
    version: running.version,
    from: state.previous.replace(/-[0-9a-f]{12}$/, ''),
    before: { camera: false, faces: true, online: false, match: null },
    acknowledged: false,
  };
}

function onTrial(deps: TrialDeps, before: TrialRecord): TrialState {
  const { layout, log } = deps;
  const trial = { ...before, acknowledged: true };
  if (!before.acknowledged) {
    // The event itself proves that this build can write: on a disk where it can't, the trial fails.
    const code = trial.asked.action === 'install' ? 'update-installed' : null;
    if (report(deps, code, detailOf(trial), { [TRIAL]: JSON.stringify(trial) }) === 'waits') return 'running';
  }
  const missing = missingChecks(trial.before, deps.shown(trial));
  const noted = readHealth(layout);
  if (noted?.attempt !== trial.attempt || noted.missing.join() !== missing.join()) {
    writeShared(healthFile(layout), { attempt: trial.attempt, missing });
    log('info', 'update: on trial', { missing });
  }
  if (missing.length > 0) return 'running';
  decide(layout, { attempt: trial.attempt, outcome: 'healthy', code: '', starts: 0, seconds: 0 });
  return stepTrial(deps);
}

function failed(deps: TrialDeps, trial: TrialRecord, code: string): TrialState {
  const health = readHealth(deps.layout);
  const missing = health?.attempt === trial.attempt ? health.missing.join(', ') : 'nothing was shown';
  const reason = code === 'trial-deadline' || code === 'trial-starts' ? `${code}: ${missing}` : code;
  return report(deps, 'update-rolled-back', detailOf(trial, reason), {
    [TRIAL]: '',
    ...(trial.asked.action === 'install' && {
      [FAILED]: JSON.stringify(withFailed(readFailed(deps.store), { ...trial.asked, version: trial.version })),
      // Counts as reported: not retrying it now needs no event of its own.
      [REFUSED]: JSON.stringify({ key: keyOf(trial.asked), code: 'update-failed-before' }),
    }),
  });
}

/** Reports it and stores the settings, or neither: on a full disk it is reported later. */
function report(
  { store, log }: TrialDeps,
  code: string | null,
  detail: Readonly<Record<string, string | number | boolean>>,
  settings: Readonly<Record<string, string>>,
): TrialState {
  if (code === null) {
    store.settings.setAll(settings);
    return 'none';
  }
  if (!store.events.reportIfSpace(code, detail, settings)) return 'waits';
  log('info', 'update: reported', { code, ...detail });
  return 'none';
}
