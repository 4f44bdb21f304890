import type { CameraCondition, CoreMethods } from '../../contract/methods.ts';

/** What the screen last said of itself. */
export interface ScreenState {
  /** A word of Inventory's `camera`; `unknown` while no screen is there. */
  readonly camera: string;
  /** Frames that it has looked at since its page was loaded. */
  readonly frames: number;
  /** Why it may go dark; absent: it stays on. */
  readonly dark?: 'refused' | 'unsupported' | undefined;
}

const NONE: ScreenState = { camera: 'unknown', frames: 0 };

/**
 * Keeps what the screen reports: the core has no camera of its own.
 *
 * @param onCamera called with each report, also an unchanged one
 * @param onDark called when it has begun or ceased to be true that the screen may go dark
 */
export function createScreenBook(onCamera: (camera: CameraCondition) => void, onDark: () => void) {
  let state = NONE;
  const methods: Pick<CoreMethods, 'screenState'> = {
    async screenState(reported) {
      const before = state.dark;
      state = reported;
      onCamera(reported.camera);
      if (before !== reported.dark) onDark();
      return {};
    },
  };
  return {
    methods,
    state: (): ScreenState => state,
    /** Its camera gives pictures, and it has looked at some. */
    pictures: (): boolean => ['ok', 'covered', 'replaced'].includes(state.camera) && state.frames > 0,
    /** Codes of what staff has to see to, for the screens. */
    notices: (): readonly string[] => (state.dark ? ['screen-may-go-dark'] : []),
    /** No screen is there any more. */
    disconnected(): void {
      state = NONE;
    },
  };
}
