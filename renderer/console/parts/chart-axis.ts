import { shortDateIn, timeIn } from '../state/clock.ts';

const DAY_MS = 86_400_000;

/**
 * Returns the axis range: from the first to the last `x`, with space for a bar at either end. A single number gets space
 * around it too, which the chart would otherwise extend to years.
 *
 * @param bar width of a bar; undefined for lines
 */
export function axisRange(x: readonly number[], bar: number | undefined, time: boolean): [low: number, high: number] {
  const [low, high] = [x[0] ?? 0, x.at(-1) ?? 0];
  const margin = bar ?? (low === high ? (time ? 3_600_000 : 1) : 0);
  return [low - margin, high + margin];
}

/** Returns allowed axis steps in multiples of a bar. A smaller step would label times between bars. */
export const barSteps = (bar: number): number[] =>
  [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720].map((bars) => bars * bar);

/** Labels moments of an axis: the time, or the date at the start of a day. Beyond three days, dates only. */
export function axisLabels(moments: readonly number[], spanMs: number, zone: string, language: string): string[] {
  return moments.map((ms) => {
    const time = timeIn(ms, zone, language);
    return spanMs > 3 * DAY_MS || time === '00:00' ? shortDateIn(ms, zone, language) : time;
  });
}
