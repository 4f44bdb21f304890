/** What a camera says it can, and how it is set: the part of MediaStreamTrack’s capabilities and settings that is used here. */
export interface ExposureRange {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
}
export interface ExposureCapabilities {
  readonly exposureMode?: readonly string[];
  /** EV. */
  readonly exposureCompensation?: ExposureRange;
  /** In units of 100 µs. */
  readonly exposureTime?: ExposureRange;
}
export interface ExposureSettings {
  readonly exposureMode?: string;
  readonly exposureCompensation?: number;
  readonly exposureTime?: number;
}

/** What a camera is asked, one after the other. */
export interface ExposurePlan {
  readonly darker: ExposureSettings;
  readonly brighter: ExposureSettings;
  /** As it was before. */
  readonly restored: ExposureSettings;
}

/** Least difference that is asked for, EV. */
const LEAST_EV = 1;
/** Furthest that compensation goes either way, EV. */
const FURTHEST_EV = 2;

/**
 * How to see whether a camera answers: a darker and a brighter exposure, at least one EV apart.
 * https://www.w3.org/TR/image-capture/#exposure-compensation
 *
 * @returns null when it has no setting for that, or too little room
 */
export function planExposure(can: ExposureCapabilities, is: ExposureSettings): ExposurePlan | null {
  const { exposureCompensation: bias, exposureTime: time, exposureMode: modes = [] } = can;
  const before = is.exposureMode === undefined ? {} : { exposureMode: is.exposureMode };
  if (bias && is.exposureCompensation !== undefined && is.exposureMode !== 'manual') {
    const [low, high] = [Math.max(bias.min, -FURTHEST_EV), Math.min(bias.max, FURTHEST_EV)];
    if (high - low >= LEAST_EV)
      return {
        darker: { exposureCompensation: low },
        brighter: { exposureCompensation: high },
        restored: { exposureCompensation: is.exposureCompensation },
      };
  }
  if (time && is.exposureTime !== undefined && is.exposureTime > 0 && modes.includes('manual')) {
    const [low, high] = [Math.max(time.min, is.exposureTime / 2), Math.min(time.max, is.exposureTime * 2)];
    if (low > 0 && Math.log2(high / low) >= LEAST_EV)
      return {
        darker: { exposureMode: 'manual', exposureTime: low },
        brighter: { exposureMode: 'manual', exposureTime: high },
        restored: is.exposureMode === 'manual' ? { ...before, exposureTime: is.exposureTime } : before,
      };
  }
  return null;
}

/** Whether a camera reports the settings it was asked for, to within a step. */
export function isSet(asked: ExposureSettings, is: ExposureSettings, can: ExposureCapabilities): boolean {
  const near = (name: 'exposureCompensation' | 'exposureTime'): boolean =>
    asked[name] === undefined || Math.abs((is[name] ?? Number.NaN) - asked[name]) <= (can[name]?.step ?? 0) + 1e-6;
  return near('exposureCompensation') && near('exposureTime');
}

/** Mean brightness of the frames at the darker and the brighter exposure, 0..255. */
export interface ExposureTrial {
  readonly darker: number;
  readonly brighter: number;
}

/** Unanswered trials in a row before the camera counts as not responding. */
const TRIALS = 3;
/** Where frames are this dark or bright, a change may not show. */
const DARKEST = 24;
const BRIGHTEST = 232;
/** Twice the light makes an encoded picture about a third brighter; automatic gain takes some of it back. */
const FOLLOWS = 1.08;

/**
 * Whether a camera's frames follow the exposure that it says it has. One trial that they follow is enough: a lamp that goes
 * on or off in one of them must not cast doubt on a camera.
 *
 * @returns null while too little was seen
 */
export function followsExposure(trials: readonly ExposureTrial[]): boolean | null {
  const shown = trials.filter(({ darker, brighter }) => Math.max(darker, brighter) >= DARKEST && darker <= BRIGHTEST);
  const last = shown.slice(-TRIALS);
  if (last.some(({ darker, brighter }) => brighter >= darker * FOLLOWS + 1)) return true;
  return last.length < TRIALS ? null : false;
}
