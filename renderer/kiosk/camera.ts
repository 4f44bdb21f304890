import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { type CameraDevices, cameraNames, openChosen } from './camera-choice.ts';
import { framesOf } from './track-processor.ts';

/**
 * State of the camera. `off`: not wanted, so it was never requested. `absent`: there is none. `busy`: another program uses it.
 * `denied`: the system or the browser refuses access. `unplugged`: it worked and was removed. `frozen`: it opened but delivers no
 * pictures. `broken`: anything else, with the browser's own name for the error.
 */
export type CameraState =
  | { kind: 'off' | 'starting' }
  /** `instead`: another camera than the chosen one, which is not available. */
  | { kind: 'live'; stream: MediaStream; track: MediaStreamTrack; instead: boolean }
  | { kind: 'absent' | 'busy' | 'denied' | 'unplugged' | 'frozen' }
  | { kind: 'broken'; name: string };

export type CameraTrouble = Exclude<CameraState['kind'], 'off' | 'starting' | 'live'>;

/** The part of `navigator.mediaDevices` that is used; tests pass their own. */
export type Devices = CameraDevices & Pick<MediaDevices, 'addEventListener' | 'removeEventListener'>;

export interface Camera {
  readonly state: ReadonlySignal<CameraState>;
  /** Requests the camera, and holds it from then on. */
  start(): void;
  /** Releases the camera: its light goes out. */
  stop(): void;
  names(): Promise<string[]>;
}

/** Interval between retries while there is trouble. A camera that is plugged in is noticed at once by `devicechange`. */
export const RETRY_MS = 2_000;

/** Interval between checks for new pictures, ms. */
export const POLL_MS = 1_000;
/**
 * The camera counts as frozen after this many checks in a row without a picture: drivers and cables can fail without an error.
 * Counted in checks, because a machine that slept, or a page that hung, has not waited.
 */
export const MOST_STILL = 6;

export interface Pictures {
  /** Whether a picture has arrived since the last call, or since the track was opened. */
  came(): boolean;
  stop(): void;
}

/** The open camera: live, or on trial after it froze. */
interface Held {
  readonly stream: MediaStream;
  readonly instead: boolean;
  readonly letGo: () => void;
}

/**
 * Holds the camera once it is started. Every failure becomes a state and is retried automatically.
 *
 * @param chosen name of the camera to use; null: the browser's preference
 * @param watch checks whether a track delivers pictures; tests pass their own
 */
export function openCamera(
  devices: Devices | undefined,
  chosen: ReadonlySignal<string | null> = signal(null),
  watch: (track: MediaStreamTrack) => Pictures = picturesOf,
): Camera {
  const state = signal<CameraState>({ kind: 'off' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = true;
  let opening = false;
  let held: Held | null = null;
  /** True from the first picture on. If the camera is missing after that, it was unplugged. */
  let wasLive = false;

  const retry = (): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void open(), RETRY_MS);
  };

  async function open(): Promise<void> {
    if (stopped || opening || held) return;
    opening = true;
    const wanted = chosen.peek();
    let stream: MediaStream | null = null;
    try {
      // Outside a secure context there is no mediaDevices at all. The host serves one, so this is an error of the set-up.
      if (!devices) throw new DOMException('no mediaDevices', 'SecurityError');
      const opened = await openChosen(devices, wanted);
      stream = opened.stream;
      const track = stream.getVideoTracks()[0];
      if (stopped || !track) stopAll(stream);
      else take(stream, track, opened.instead);
    } catch (error) {
      if (stream) stopAll(stream);
      if (!stopped) fails(troubleOf(error, wasLive)); // once stopped, an error no longer matters
    } finally {
      opening = false;
      if (wanted !== chosen.peek()) reopen();
    }
  }

  /** Opens the camera again, because a different one is wanted. */
  function reopen(): void {
    held?.letGo();
    held = null;
    void open();
  }

  function take(stream: MediaStream, track: MediaStreamTrack, instead: boolean): void {
    const pictures = watch(track);
    const live = (): void => {
      wasLive = true;
      state.value = { kind: 'live', stream, track, instead };
    };
    let still = 0;
    const timer = setInterval(() => {
      if (pictures.came()) {
        still = 0;
        if (state.value.kind !== 'live') live();
      } else if (++still >= MOST_STILL) loses(stream, 'frozen');
    }, POLL_MS);
    held = {
      stream,
      instead,
      letGo() {
        clearInterval(timer);
        pictures.stop();
        stopAll(stream);
      },
    };
    track.addEventListener('ended', () => loses(stream, 'unplugged'));
    // After a freeze we wait for a picture, or the screen would switch back and forth with each attempt.
    if (state.value.kind !== 'frozen') live();
  }

  function loses(stream: MediaStream, kind: 'unplugged' | 'frozen'): void {
    if (held?.stream !== stream) return;
    held.letGo();
    held = null;
    fails({ kind });
  }

  function fails(next: CameraState): void {
    // The same trouble must not redraw the screen while someone is touching it.
    if (state.value.kind !== next.kind) state.value = next;
    retry();
  }

  const onChange = (): void => {
    if (!held) void open();
    else if (held.stream.getVideoTracks()[0]?.readyState === 'ended') loses(held.stream, 'unplugged');
    else if (held.instead) void back();
  };
  /** Returns to the chosen camera once it is available. */
  async function back(): Promise<void> {
    const names = await cameraNames(devices!).catch((): string[] => []);
    if (held?.instead && names.includes(chosen.peek() ?? '')) reopen();
  }
  effect(() => {
    chosen.value;
    if (!opening) reopen();
  });
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
      held?.letGo();
      held = null;
      state.value = { kind: 'off' };
    },
    names: async () => (devices ? cameraNames(devices) : []),
  };
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Returns the state for an error of getUserMedia. https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia */
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

/**
 * Reads one picture of the track at a time, and only after `came` was called.
 *
 * @param look called with each picture, which is closed when the promise settles
 */
export function picturesOf(track: MediaStreamTrack, look?: (picture: VideoFrame) => Promise<void>): Pictures {
  const reader = framesOf(track).getReader();
  let came = false;
  let waiting = false;
  async function take(): Promise<void> {
    waiting = true;
    const { value } = await reader.read();
    if (!value) return; // the track has ended
    came = true;
    await look?.(value).catch(() => undefined); // even a picture that can't be examined has arrived
    value.close();
    waiting = false;
  }
  const ask = (): void => {
    // A broken stream gives no pictures either, which is what the caller sees.
    if (!waiting) take().catch(() => undefined);
  };
  ask();
  return {
    came() {
      const answer = came;
      came = false;
      ask();
      return answer;
    },
    stop: () => void reader.cancel().catch(() => undefined),
  };
}
