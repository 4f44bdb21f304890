import { type ReadonlySignal, signal } from '@preact/signals';
import type { Detection } from './vision/messages.ts';

/**
 * Exposes for the face, not for the window behind it: while the face stays too dark or too bright, the camera is asked to
 * expose more or less. https://www.w3.org/TR/image-capture/#constrainable-properties
 *
 * `pointsOfInterest` is not used: no capability says which cameras can meter at a point, and Chromium doesn't read one back.
 */

interface Range {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
}
/** Constraints missing from TypeScript's library. */
interface PhotoCapabilities {
  readonly exposureMode?: readonly string[];
  readonly exposureCompensation?: Range;
}
interface PhotoSettings {
  readonly exposureMode?: string;
  readonly exposureCompensation?: number;
}
export interface ExposureTrack {
  getCapabilities?(): object;
  getSettings(): object;
  applyConstraints(constraints: { advanced: object[] }): Promise<void>;
}

/** The exposure controls that the camera supports, and the settings it reports. */
export interface Exposure {
  readonly offers: readonly ('auto' | 'compensation')[];
  /** Its mode and compensation (EV) as read back; null if not reported. */
  readonly mode: string | null;
  readonly compensation: number | null;
  /** Whether the exposure follows the light on a face. */
  readonly atFace: boolean;
  /** Why the camera did not do what it offers: the browser's error name, or `ignored`. Null if it did. */
  readonly refused: string | null;
}

/** Face brightness (luma) that needs no correction: recognition would not improve. */
const GOOD = { from: 85, to: 185 } as const;
/** Least time between two changes, ms: a camera needs some frames to follow, and the picture must not flicker. */
const CHANGE_MS = 700;
/** Size of one change, EV. */
const STEP = 1 / 3;
/** Time without a face after which the camera's own setting is restored, ms. Too bright, the next face might not be found. */
const GONE_MS = 5_000;

/**
 * Sets the exposure by the face in one track. Every setting is read back. Once the camera refuses, it is not asked again.
 * @param judged as in fill-light.ts
 */
export function followFace(track: ExposureTrack, judged: () => boolean) {
  const can = (track.getCapabilities?.() ?? {}) as PhotoCapabilities;
  const range = can.exposureCompensation;
  const state = signal<Exposure>({
    offers: [
      ...(can.exposureMode?.includes('continuous') ? (['auto'] as const) : []),
      ...(range && range.max > range.min ? (['compensation'] as const) : []),
    ],
    ...readBack(),
    atFace: false,
    refused: null,
  });
  const offers = (what: Exposure['offers'][number]): boolean => state.peek().offers.includes(what);
  const { compensation: usual } = state.peek();
  let busy = false;
  let changedAt = -Infinity;
  let faceAt = -Infinity;
  let followed = false;

  function readBack(): Pick<Exposure, 'mode' | 'compensation'> {
    const { exposureMode, exposureCompensation } = track.getSettings() as PhotoSettings;
    return { mode: exposureMode ?? null, compensation: exposureCompensation ?? null };
  }

  /** Applies mode and compensation together, since each call replaces what was applied before. */
  async function apply(compensation: number | null): Promise<void> {
    busy = true;
    const wanted = {
      ...(offers('auto') && { exposureMode: 'continuous' }),
      ...(offers('compensation') && compensation !== null && { exposureCompensation: compensation }),
    };
    let refused: string | null = null;
    try {
      await track.applyConstraints({ advanced: [wanted] });
    } catch (error) {
      refused = error instanceof Error ? error.name : String(error);
    }
    const now = readBack();
    // Advanced constraints are optional: a camera that can't meet them reports no error.
    const taken =
      !(offers('auto') && now.mode !== 'continuous') &&
      !(
        range &&
        compensation !== null &&
        !(Math.abs((now.compensation ?? NaN) - compensation) <= (range.step ?? STEP))
      );
    if (!taken) refused ??= 'ignored';
    const atFace = refused === null && followed && offers('compensation');
    state.value = { ...state.peek(), ...now, atFace, refused };
    busy = false;
  }

  return {
    state: state as ReadonlySignal<Exposure>,
    seen({ at, faces: [face], sample }: Pick<Detection, 'at' | 'faces' | 'sample'>): void {
      const { offers: all, compensation: now, refused } = state.peek();
      if (judged() || busy || refused !== null || all.length === 0) return;
      if (face) faceAt = at;
      else if (followed && at - faceAt >= GONE_MS) {
        followed = false;
        void apply(usual);
      }
      if (!face || !sample?.face || at - changedAt < CHANGE_MS) return;
      const { brightness } = sample.face;
      const change = brightness < GOOD.from ? STEP : brightness > GOOD.to ? -STEP : 0;
      const by = Math.sign(change) * Math.max(STEP, range?.step ?? 0);
      const next = range && change !== 0 ? clamp((now ?? 0) + by, range.min, range.max) : now;
      if (followed && next === now) return;
      changedAt = at;
      followed = true;
      void apply(next);
    },
  };
}

const clamp = (v: number, min: number, max: number): number => Math.min(max, Math.max(min, v));
