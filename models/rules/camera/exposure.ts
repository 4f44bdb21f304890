/** The capabilities and settings of a camera that are used here, a subset of MediaStreamTrack's. */
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

/** The settings to apply, one after the other. */
export interface ExposurePlan {
  readonly darker: ExposureSettings;
  readonly brighter: ExposureSettings;
  /** The settings before the trial. */
  readonly restored: ExposureSettings;
}

/** Minimum difference requested, EV. */
const LEAST_EV = 1;
/** Maximum compensation in either direction, EV. */
const FURTHEST_EV = 2;

/**
 * Plans how to test whether a camera responds: a darker and a brighter exposure, at least one EV apart.
 * https://www.w3.org/TR/image-capture/#exposure-compensation
 *
 * @returns null if it has no such setting, or too small a range
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

/** Returns whether a camera reports the requested settings, to within one step. */
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

/** Consecutive trials without a response before the camera counts as unresponsive. */
const TRIALS = 3;
/** In frames darker or brighter than this, a change may not be visible. */
const DARKEST = 24;
const BRIGHTEST = 232;
/** Twice the light makes an encoded picture about a third brighter; automatic gain cancels part of it. */
const FOLLOWS = 1.08;

/**
 * Returns whether a camera's frames follow the exposure that it reports. One successful trial is enough: a lamp switched on or
 * off during one of them must not cast doubt on a camera.
 *
 * @returns null if there is not enough evidence yet
 */
export function followsExposure(trials: readonly ExposureTrial[]): boolean | null {
  const shown = trials.filter(({ darker, brighter }) => Math.max(darker, brighter) >= DARKEST && darker <= BRIGHTEST);
  const last = shown.slice(-TRIALS);
  if (last.some(({ darker, brighter }) => brighter >= darker * FOLLOWS + 1)) return true;
  return last.length < TRIALS ? null : false;
}
