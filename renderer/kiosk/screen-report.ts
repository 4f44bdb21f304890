import { computed, effect, type ReadonlySignal } from '@preact/signals';
import { type CameraCondition, type CoreClient, MAX_LABEL } from '../../electron/contract/methods.ts';
import type { MayGoDark } from './awake.ts';
import type { CameraState } from './camera.ts';
import type { FramesDoubt } from './injection.ts';

/** Least time between two reports of touches, ms. */
const TOUCH_MS = 5_000;
/** Interval of reports without a change, ms. The frame count shows the core that pictures arrive. */
const RETRY_MS = 15_000;

export interface ScreenReportSource {
  readonly core: Pick<CoreClient, 'screenState'>;
  /** Counts the connections: a new core has no report yet. */
  readonly generation: ReadonlySignal<number>;
  readonly camera: ReadonlySignal<CameraState>;
  /** Why faces can't be found in the pictures; null while they can. */
  readonly detectorTrouble: ReadonlySignal<string | null>;
  readonly covered: ReadonlySignal<boolean>;
  readonly mayGoDark: ReadonlySignal<MayGoDark>;
  /** Why the camera's frames are doubted; null if they are not. */
  readonly doubt: ReadonlySignal<FramesDoubt | null>;
  /** Number of frames examined since the page was loaded. */
  readonly frames: () => number;
}

/** Returns the one condition that describes the camera's state. */
export function cameraCondition(camera: CameraState, blind: boolean, covered: boolean): CameraCondition {
  switch (camera.kind) {
    case 'live':
      return blind ? 'blind' : covered ? 'covered' : camera.instead ? 'replaced' : 'ok';
    case 'absent':
      return 'none';
    default:
      return camera.kind;
  }
}

/** Reports to the core the camera's state, whether the screen stays on, and touches. */
export function startScreenReports(source: ScreenReportSource) {
  let touchedAt = Number.NEGATIVE_INFINITY;
  const condition = computed(() =>
    cameraCondition(source.camera.value, source.detectorTrouble.value !== null, source.covered.value),
  );
  const label = computed(() => (source.camera.value.kind === 'live' ? source.camera.value.track.label : ''));
  const reported = computed(() => ({
    camera: condition.value,
    ...(label.value && { label: label.value.slice(0, MAX_LABEL) }),
    ...(source.doubt.value && { doubt: source.doubt.value }),
    ...(source.mayGoDark.value && { dark: source.mayGoDark.value }),
  }));
  const report = (what: typeof reported.value, touched?: true): void => {
    const state = { ...what, frames: source.frames(), ...(touched && { touched }) };
    // If the core is away, it gets a report when it is back. Nothing here waits for the answer.
    source.core.screenState(state).catch(() => undefined);
  };
  const stop = effect(() => {
    if (source.generation.value > 0) report(reported.value);
  });
  const timer = setInterval(() => {
    if (source.generation.peek() > 0) report(reported.peek());
  }, RETRY_MS);
  return {
    /** Called when someone has pressed a key or touched the screen. */
    touched(): void {
      const now = performance.now();
      if (source.generation.peek() === 0 || now - touchedAt < TOUCH_MS) return;
      touchedAt = now;
      report(reported.peek(), true);
    },
    stop(): void {
      stop();
      clearInterval(timer);
    },
  };
}
