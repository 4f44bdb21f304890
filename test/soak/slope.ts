/** Least-squares slope of y over x. Pure. @returns null for fewer than three points, or when all x are the same */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number | null {
  if (points.length < 3) return null;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return null;
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

/** A least-squares slope with its 95 % confidence interval. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/**
 * As `slopeOf`, with a confidence interval. Successive samples of one process are correlated, so the effective number of
 * residuals is lower: that of the independent ones in an AR(1) process with their lag-1 correlation. Pure.
 * @returns null for fewer than four points, or when all x are the same
 */
export function slopeWithInterval(points: readonly (readonly [x: number, y: number])[]): Slope | null {
  const slope = points.length < 4 ? null : slopeOf(points);
  if (slope === null) return null;
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const residuals = points.map(([x, y]) => y - meanY - slope * (x - meanX));
  const squares = residuals.reduce((sum, r) => sum + r * r, 0);
  const along = residuals.slice(1).reduce((sum, r, i) => sum + r * residuals[i]!, 0);
  const lean = squares === 0 ? 0 : Math.min(0.9, Math.max(0, along / squares));
  const independent = Math.max(3, (points.length * (1 - lean)) / (1 + lean));
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const error = Math.sqrt(squares / points.length / (independent - 2) / (spread / points.length));
  // Student's t at 97.5 %: 12.7 for one degree of freedom, 2.0 for many.
  const degrees = independent - 2;
  const t = 1.96 + 2.4 / degrees + 8.3 / degrees ** 3;
  return { slope, low: slope - t * error, high: slope + t * error };
}
