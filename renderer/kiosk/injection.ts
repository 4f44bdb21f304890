import { type ReadonlySignal, signal } from '@preact/signals';
import {
  type ExposureCapabilities,
  type ExposurePlan,
  type ExposureSettings,
  type ExposureTrial,
  followsExposure,
  isSet,
  planExposure,
} from '../../models/rules/camera/exposure.ts';
import { type Fingerprint, watchRepeats } from '../../models/rules/camera/repeats.ts';

/** Why a camera's frames are doubted: they repeat, or they do not follow its exposure. */
export type FramesDoubt = 'repeats' | 'unresponsive';

/** The part of a camera’s track that is used. TypeScript’s DOM library lacks the exposure settings. */
export interface ExposedTrack {
  getCapabilities(): MediaTrackCapabilities & ExposureCapabilities;
  getSettings(): MediaTrackSettings & ExposureSettings;
  applyConstraints(constraints: { advanced: (MediaTrackConstraintSet & ExposureSettings)[] }): Promise<void>;
}

/** Frames, about one per second, that a camera needs to settle on another exposure. */
const SETTLES = 3;
/** Time between two trials, ms: until there is a result, and from then on. */
export const SOON_MS = 15_000;
export const LATER_MS = 3_600_000;

/** Looks for signs that a camera’s frames do not come from a sensor. It only reports them. */
export interface InjectionWatch {
  readonly doubt: ReadonlySignal<FramesDoubt | null>;
  /** Sets the camera that the next frames come from; null for none. */
  follow(track: ExposedTrack | null): void;
  /** Called with each examined frame, about one per second. */
  see(frame: Fingerprint): void;
}

/** @param nobody whether no one is in front of the camera; its exposure is only tried then */
export function watchForInjection(nobody: () => boolean): InjectionWatch {
  const doubt = signal<FramesDoubt | null>(null);
  let track: ExposedTrack | null = null;
  let repeats = watchRepeats();
  let trials: ExposureTrial[] = [];
  let due = Number.NEGATIVE_INFINITY;
  let trying = false;
  let waiting: ((frame: Fingerprint) => void) | null = null;

  const nextFrame = (): Promise<Fingerprint> => new Promise((resolve) => (waiting = resolve));

  /** Mean brightness at an exposure; null if the camera does not set it, or someone came meanwhile. */
  async function brightnessAt(camera: ExposedTrack, asked: ExposureSettings): Promise<number | null> {
    await camera.applyConstraints({ advanced: [asked] });
    if (!isSet(asked, camera.getSettings(), camera.getCapabilities())) return null;
    let mean = 0;
    for (let i = 0; i < SETTLES; i++) {
      ({ mean } = await nextFrame());
      if (track !== camera || !nobody()) return null;
    }
    return mean;
  }

  async function tryExposure(camera: ExposedTrack, plan: ExposurePlan): Promise<ExposureTrial | null> {
    try {
      const darker = await brightnessAt(camera, plan.darker);
      const brighter = darker === null ? null : await brightnessAt(camera, plan.brighter);
      return darker === null || brighter === null ? null : { darker, brighter };
    } catch {
      return null; // a camera that openly refuses is not suspicious
    } finally {
      await camera.applyConstraints({ advanced: [plan.restored] }).catch(() => undefined);
    }
  }

  async function begin(camera: ExposedTrack, at: number): Promise<void> {
    const plan = planExposure(camera.getCapabilities(), camera.getSettings());
    if (!plan) due = Number.POSITIVE_INFINITY;
    else {
      trying = true;
      const trial = await tryExposure(camera, plan);
      trying = false;
      if (track !== camera) return;
      if (trial) trials = [...trials, trial].slice(-10);
      due = at + (followsExposure(trials) === null ? SOON_MS : LATER_MS);
    }
  }

  return {
    doubt,
    follow(next) {
      if (next === track) return;
      track = next;
      repeats = watchRepeats();
      trials = [];
      due = Number.NEGATIVE_INFINITY;
      doubt.value = null;
    },
    see(frame) {
      const repeated = repeats(frame);
      waiting?.(frame);
      waiting = null;
      if (track && !trying && frame.at >= due && nobody()) void begin(track, frame.at);
      doubt.value = repeated ? 'repeats' : followsExposure(trials) === false ? 'unresponsive' : null;
    },
  };
}

/** Returns a fingerprint of all pixels, from which none can be recovered. @throws DOMException the frame can't be read */
export async function fingerprintOf(frame: VideoFrame, at: number): Promise<Fingerprint> {
  const { format } = frame;
  const options: VideoFrameCopyToOptions = format === null ? { format: 'RGBA' } : {};
  const bytes = new Uint8Array(Math.ceil(frame.allocationSize(options) / 4) * 4);
  const [plane] = await frame.copyTo(bytes, options);
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const word of new Uint32Array(bytes.buffer)) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b + word, 0x85ebca6b) ^ (b >>> 13);
  }
  // Every 16th byte of the brightness, or of green.
  const coloured = format === null || /^(RGB|BGR)/.test(format);
  const from = plane!.offset + (coloured ? 1 : 0);
  const to = coloured ? bytes.length : from + plane!.stride * frame.codedHeight;
  let [n, sum, squares] = [0, 0, 0];
  for (let i = from; i < to && i < bytes.length; i += 16, n++) {
    sum += bytes[i]!;
    squares += bytes[i]! ** 2;
  }
  const mean = sum / Math.max(1, n);
  const deviation = Math.sqrt(Math.max(0, squares / Math.max(1, n) - mean * mean));
  return { at, hash: (a >>> 0) * 2 ** 21 + (b >>> 11), mean, deviation };
}
