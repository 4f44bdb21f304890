import { type ReadonlySignal, signal } from '@preact/signals';

/**
 * What there is of a camera. `off`: it is not wanted, and nobody has been asked for it. `absent`: none is there. `busy`: another program has it. `denied`: the system or the browser
 * does not let us. `unplugged`: it was there and is gone. `broken`: anything else, with the browser's own word for it.
 */
export type CameraState =
  | { kind: 'off' | 'starting' }
  | { kind: 'live'; stream: MediaStream; track: MediaStreamTrack }
  | { kind: 'absent' | 'busy' | 'denied' | 'unplugged' }
  | { kind: 'broken'; name: string };

export type CameraTrouble = Exclude<CameraState['kind'], 'off' | 'starting' | 'live'>;

/** The part of `navigator.mediaDevices` that is used; tests give their own. */
export type Devices = Pick<MediaDevices, 'getUserMedia' | 'addEventListener' | 'removeEventListener'>;

export interface Camera {
  readonly state: ReadonlySignal<CameraState>;
  /** Asks for the camera, and keeps it from then on. */
  start(): void;
  /** Lets it go: its light goes out. */
  stop(): void;
}

const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: 'user' },
};
/** Tried again this often while there is trouble; a plugged-in camera is noticed at once by `devicechange`. */
const RETRY_MS = 2_000;

/** The camera, once it is started: whatever goes wrong becomes a state, and it is tried again by itself. */
export function openCamera(devices: Devices | undefined): Camera {
  const state = signal<CameraState>({ kind: 'off' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = true;
  let opening = false;
  /** True from the first picture on: then a missing camera was taken away. */
  let wasLive = false;

  const retry = (): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void open(), RETRY_MS);
  };

  async function open(): Promise<void> {
    if (stopped || opening || state.value.kind === 'live') return;
    opening = true;
    try {
      // Without a secure context there is no mediaDevices at all; the host serves one, so this is a fault of set-up.
      if (!devices) throw new DOMException('no mediaDevices', 'SecurityError');
      const stream = await devices.getUserMedia(WANTED);
      const track = stream.getVideoTracks()[0];
      if (stopped || !track) {
        stopAll(stream);
        return;
      }
      track.addEventListener('ended', () => lost(stream));
      wasLive = true;
      state.value = { kind: 'live', stream, track };
    } catch (error) {
      if (stopped) return; // nobody wants it any more, so nothing is wrong with it
      const next = troubleOf(error, wasLive);
      // The same trouble again must not redraw the screen under a finger.
      if (state.value.kind !== next.kind) state.value = next;
      retry();
    } finally {
      opening = false;
    }
  }

  function lost(stream: MediaStream): void {
    if (state.value.kind !== 'live' || state.value.stream !== stream) return;
    stopAll(stream);
    state.value = { kind: 'unplugged' };
    retry();
  }

  const onChange = (): void => {
    if (state.value.kind === 'live') {
      if (state.value.track.readyState === 'ended') lost(state.value.stream);
    } else void open();
  };
  return {
    state,
    start() {
      if (!stopped) return;
      stopped = false;
      state.value = { kind: 'starting' };
      devices?.addEventListener('devicechange', onChange);
      void open();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      clearTimeout(timer);
      devices?.removeEventListener('devicechange', onChange);
      if (state.value.kind === 'live') stopAll(state.value.stream);
      state.value = { kind: 'off' };
    },
  };
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The state for what getUserMedia was rejected with. https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia */
export function troubleOf(error: unknown, wasLive: boolean): CameraState {
  const name = error instanceof Error ? error.name : String(error);
  switch (name) {
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return { kind: wasLive ? 'unplugged' : 'absent' };
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return { kind: 'busy' };
    case 'NotAllowedError':
    case 'SecurityError':
      return { kind: 'denied' };
    default:
      return { kind: 'broken', name };
  }
}
