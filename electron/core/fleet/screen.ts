import type { CameraDoubt } from '../../../sync/protocol/wire/fleet.ts';
import type { CameraCondition, CoreMethods } from '../../contract/methods.ts';
import type { ScreenCamera } from './camera-doubt.ts';

export interface ScreenState {
  /** A value of Inventory's `camera`; `unknown` while there is no screen. */
  readonly camera: string;
  /** Frames that it has examined since its page was loaded. */
  readonly frames: number;
  /** Why it may turn dark; absent if it stays on. */
  readonly dark?: 'refused' | 'unsupported' | undefined;
  /** Why the camera's frames may be fake; absent if nothing suggests it. */
  readonly cameraDoubt?: CameraDoubt | undefined;
}

const NONE: ScreenState = { camera: 'unknown', frames: 0 };

/** Loading a page, restarting a browser or updating takes less time than this without a screen, ms. */
export const NO_SCREEN_MS = 5 * 60_000;

/**
 * Keeps what the screen reports: the core has no camera of its own. Until the first report there is no screen.
 *
 * @param onCamera called with each report, even an unchanged one
 * @param onNotices called when the notices have changed
 * @param doubtOf returns why the camera's frames may be fake
 * @param monotonic monotonic clock, ms
 */
export function createScreenBook(
  onCamera: (camera: CameraCondition) => void,
  onNotices: () => void,
  doubtOf: (camera: ScreenCamera) => CameraDoubt | undefined,
  monotonic: () => number,
) {
  let state = NONE;
  let lastThere = monotonic();
  const notices = (): readonly string[] => [
    ...(state.dark ? ['screen-may-go-dark'] : []),
    ...(state.cameraDoubt ? [`camera-${state.cameraDoubt}`] : []),
  ];
  const methods: Pick<CoreMethods, 'screenState'> = {
    async screenState(reported) {
      const before = notices().join();
      const { camera, frames, dark } = reported;
      state = { camera, frames, dark, cameraDoubt: doubtOf(reported) };
      onCamera(camera);
      if (before !== notices().join()) onNotices();
      return {};
    },
  };
  return {
    methods,
    state: (): ScreenState => state,
    /** True if its camera delivers frames and it has examined some. */
    pictures: (): boolean => ['ok', 'covered', 'replaced'].includes(state.camera) && state.frames > 0,
    /** True if there was no screen for so long that it won't return on its own: nobody can check in. */
    missing: (): boolean => state === NONE && monotonic() - lastThere >= NO_SCREEN_MS,
    /** Codes of the conditions that staff has to fix, for the screens. */
    notices,
    disconnected(): void {
      if (state !== NONE) lastThere = monotonic();
      state = NONE;
    },
  };
}
