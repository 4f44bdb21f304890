import type { CameraWord, CoreMethods } from '../../contract/methods.ts';

/** What the screen last said of itself. */
export interface ScreenState {
  /** A word of Inventory's `camera`; `unknown` while no screen is there. */
  readonly camera: string;
  /** Frames that it has looked at since its page was loaded. */
  readonly frames: number;
}

const NONE: ScreenState = { camera: 'unknown', frames: 0 };

/**
 * Keeps what the screen tells: the core has no camera of its own.
 *
 * @param onCamera called each time that it tells, also the same again
 */
export function createScreenBook(onCamera: (camera: CameraWord) => void): {
  readonly methods: Pick<CoreMethods, 'screenState'>;
  state(): ScreenState;
  /** Its camera gives pictures, and it has looked at some. */
  pictures(): boolean;
  /** No screen is there any more. */
  gone(): void;
} {
  let state = NONE;
  return {
    methods: {
      async screenState(told) {
        state = told;
        onCamera(told.camera);
        return {};
      },
    },
    state: () => state,
    pictures: () => (state.camera === 'ok' || state.camera === 'covered') && state.frames > 0,
    gone() {
      state = NONE;
    },
  };
}
