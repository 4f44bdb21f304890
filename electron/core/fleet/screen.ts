import type { CameraDoubt } from '../../../sync/protocol/wire/fleet.ts';
import type { CameraCondition, CoreMethods } from '../../contract/methods.ts';
import type { ScreenCamera } from './camera-doubt.ts';

export interface ScreenState {
  /** A word of Inventory's `camera`; `unknown` while no screen is there. */
  readonly camera: string;
  /** Frames that it has looked at since its page was loaded. */
  readonly frames: number;
  /** Why it may go dark; absent: it stays on. */
  readonly dark?: 'refused' | 'unsupported' | undefined;
  /** Why the camera's pictures may be made up; absent: nothing says so. */
  readonly cameraDoubt?: CameraDoubt | undefined;
}

const NONE: ScreenState = { camera: 'unknown', frames: 0 };

/** A page that loads, a browser that starts again or an update takes less than this without a screen, ms. */
export const NO_SCREEN_MS = 5 * 60_000;

/**
 * Keeps what the screen reports: the core has no camera of its own. Until the first report there is no screen.
 *
 * @param onCamera called with each report, also an unchanged one
 * @param onNotices called when the notices have changed
 * @param doubtOf why the camera's pictures may be made up
 * @param monotonic ms
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
    /** Its camera delivers pictures, and it has examined some. */
    pictures: (): boolean => ['ok', 'covered', 'replaced'].includes(state.camera) && state.frames > 0,
    /** There has been no screen for so long that it does not come by itself: nobody can check in. */
    missing: (): boolean => state === NONE && monotonic() - lastThere >= NO_SCREEN_MS,
    /** Codes of what staff has to see to, for the screens. */
    notices,
    disconnected(): void {
      if (state !== NONE) lastThere = monotonic();
      state = NONE;
    },
  };
}
