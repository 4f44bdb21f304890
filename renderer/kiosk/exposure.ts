import { type ReadonlySignal, signal } from '@preact/signals';
import type { Detection } from './vision/messages.ts';

/**
 * Light for the face and not for the window behind it: the camera is asked to expose more or less while the face stays too
 * dark or too bright. https://www.w3.org/TR/image-capture/#constrainable-properties
 *
 * Not by `pointsOfInterest`: no capability says which cameras can meter at a point, and Chromium reports no point back.
 */

interface Range {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
}
/** What TypeScript's library has no names for yet. */
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

/** What exposure the camera supports, and what it reports to have set. */
export interface Exposure {
  readonly offers: readonly ('auto' | 'compensation')[];
  /** Its mode and compensation (EV) as read back; null: it does not say. */
  readonly mode: string | null;
  readonly compensation: number | null;
  /** It is set by the light on a face. */
  readonly atFace: boolean;
  /** Refused what it offers, or did not do it: the browser's word, or `ignored`. */
  readonly refused: string | null;
}

/** A face brightness (luma) that needs no correction: recognition would gain nothing. */
const GOOD = { from: 85, to: 185 } as const;
/** Between two changes, ms: a camera needs some frames to follow, and nothing may flicker. */
const CHANGE_MS = 700;
/** One change, EV. */
const STEP = 1 / 3;
/** Without a face for so long, and the camera is set as it was: too bright for the next one, it might never find it. ms */
const GONE_MS = 5_000;

/**
 * Follows the face of one track. Every answer of the camera is read back; what it refuses is not asked again.
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

  /** All at once: what is applied takes the place of what was applied before. */
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
    // Constraints of the advanced kind are wishes: a camera that can't meet them says nothing.
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
