import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { type CameraDevices, cameraNames, openChosen } from './camera-choice.ts';
import { framesOf } from './track-processor.ts';

/**
 * What there is of a camera. `off`: it is not wanted, and nobody has been asked for it. `absent`: none is there. `busy`: another
 * program has it. `denied`: the system or the browser does not let us. `unplugged`: it was there and is gone. `frozen`: it was
 * given to us, and no pictures come. `broken`: anything else, with the browser's own word for it.
 */
export type CameraState =
  | { kind: 'off' | 'starting' }
  /** `instead`: another camera than the chosen one, which can't be had. */
  | { kind: 'live'; stream: MediaStream; track: MediaStreamTrack; instead: boolean }
  | { kind: 'absent' | 'busy' | 'denied' | 'unplugged' | 'frozen' }
  | { kind: 'broken'; name: string };

export type CameraTrouble = Exclude<CameraState['kind'], 'off' | 'starting' | 'live'>;

/** The part of `navigator.mediaDevices` that is used; tests give their own. */
export type Devices = CameraDevices & Pick<MediaDevices, 'addEventListener' | 'removeEventListener'>;

export interface Camera {
  readonly state: ReadonlySignal<CameraState>;
  /** Requests the camera, and holds it from then on. */
  start(): void;
  /** Releases the camera: its light goes out. */
  stop(): void;
  names(): Promise<string[]>;
}

/** Tried again this often while there is trouble; a plugged-in camera is noticed at once by `devicechange`. */
export const RETRY_MS = 2_000;

/** Between two checks whether a picture has come, ms. */
export const POLL_MS = 1_000;
/**
 * So many checks in a row without a picture, and the camera is frozen: drivers and cables do that without a word. In checks, since
 * a machine that slept, or a page that hung, has not waited.
 */
export const MOST_STILL = 6;

export interface Pictures {
  /** A picture has come since the last time that this was asked, or since the track was taken. */
  came(): boolean;
  stop(): void;
}

/** What is had of the camera: live, or on trial after it froze. */
interface Held {
  readonly stream: MediaStream;
  readonly instead: boolean;
  readonly letGo: () => void;
}

/**
 * The camera, once it is started: whatever goes wrong becomes a state, and it is tried again by itself.
 *
 * @param chosen name of the camera to take; null: whichever the browser prefers
 * @param watch how it is known that pictures come; tests give their own
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
  /** True from the first picture on: if the camera is missing after that, it was removed. */
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
      // Without a secure context there is no mediaDevices at all; the host serves one, so this is a fault of set-up.
      if (!devices) throw new DOMException('no mediaDevices', 'SecurityError');
      const opened = await openChosen(devices, wanted);
      stream = opened.stream;
      const track = stream.getVideoTracks()[0];
      if (stopped || !track) stopAll(stream);
      else take(stream, track, opened.instead);
    } catch (error) {
      if (stream) stopAll(stream);
      if (!stopped) fails(troubleOf(error, wasLive)); // else nobody wants it any more, so nothing is wrong with it
    } finally {
      opening = false;
      if (wanted !== chosen.peek()) reopen();
    }
  }

  /** Another camera is wanted than the one in use. */
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
    // A camera that froze is believed when a picture comes: or the screen would change to and fro with each attempt.
    if (state.value.kind !== 'frozen') live();
  }

  function loses(stream: MediaStream, kind: 'unplugged' | 'frozen'): void {
    if (held?.stream !== stream) return;
    held.letGo();
    held = null;
    fails({ kind });
  }

  function fails(next: CameraState): void {
    // The same trouble again must not redraw the screen under a finger.
    if (state.value.kind !== next.kind) state.value = next;
    retry();
  }

  const onChange = (): void => {
    if (!held) void open();
    else if (held.stream.getVideoTracks()[0]?.readyState === 'ended') loses(held.stream, 'unplugged');
    else if (held.instead) void back();
  };
  /** To the chosen camera, once it is there. */
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

/**
 * Takes one picture of the track at a time, and only when it is asked whether there was one.
 *
 * @param look called with each, which is closed when it has settled
 */
export function picturesOf(track: MediaStreamTrack, look?: (picture: VideoFrame) => Promise<void>): Pictures {
  const reader = framesOf(track).getReader();
  let came = false;
  let waiting = false;
  async function take(): Promise<void> {
    waiting = true;
    const { value } = await reader.read();
    if (!value) return; // the track has ended: nothing comes any more
    came = true;
    await look?.(value).catch(() => undefined); // a picture that can't be looked at has come all the same
    value.close();
    waiting = false;
  }
  const ask = (): void => {
    // A stream that broke off gives no pictures either, and the caller gets just that.
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
