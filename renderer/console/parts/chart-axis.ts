import { shortDateIn, timeIn } from '../state/clock.ts';

const DAY_MS = 86_400_000;

/**
 * What the axis shows: from the first to the last of `x`, with room for a bar at either end. A single number has room
 * around it too: left to itself, the chart makes years of it.
 *
 * @param bar width of a bar; undefined for lines
 */
export function axisRange(x: readonly number[], bar: number | undefined, time: boolean): [low: number, high: number] {
  const [low, high] = [x[0] ?? 0, x.at(-1) ?? 0];
  const margin = bar ?? (low === high ? (time ? 3_600_000 : 1) : 0);
  return [low - margin, high + margin];
}

/** Steps that an axis under bars may have, in their unit: never less than a bar, or hours would stand over minutes. */
export const barSteps = (bar: number): number[] =>
  [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720].map((bars) => bars * bar);

/** Words at the moments of an axis: the time, and the day where one begins; of more than three days the days alone. */
export function axisLabels(moments: readonly number[], spanMs: number, zone: string, language: string): string[] {
  return moments.map((ms) => {
    const time = timeIn(ms, zone, language);
    return spanMs > 3 * DAY_MS || time === '00:00' ? shortDateIn(ms, zone, language) : time;
  });
}
