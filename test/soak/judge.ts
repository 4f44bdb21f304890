import { coreMemoryBar } from '../bench/core-memory.ts';
import type { MonthReport } from './month.ts';

/**
 * How long a core may run before it is restarted, in months of 30 days. Nothing restarts a core automatically, but an update
 * does, and updates must come at least this often.
 */
const MONTHS_BETWEEN_RESTARTS = 6;
const MB = 1e6;

/** Returns the faults of a month, one sentence each; none if it is as it should be. Pure. */
export function faultsOf(report: MonthReport): string[] {
  const { days, slopes } = report;
  const most = Math.max(...days.map(({ resident }) => resident)) / MB;
  const last = days.slice(-5).map(({ resident }) => resident / MB);
  const now = last.reduce((sum, mb) => sum + mb, 0) / last.length;
  const faults = [...report.problems];
  const barMb = coreMemoryBar(report.people);
  const bar = `${barMb.toFixed(0)} MB`;
  if (most > barMb) faults.push(`the core had ${most.toFixed(1)} MB resident, the bar is ${bar}`);
  const { resident } = slopes;
  // Growth counts as noise, and so as none, if its interval contains 0.
  const growth = resident && resident.low > 0 ? resident.slope : 0;
  const then = now + growth * MONTHS_BETWEEN_RESTARTS;
  if (then > barMb)
    faults.push(
      `at ${growth.toFixed(2)} MB a month it has ${then.toFixed(0)} MB after ${MONTHS_BETWEEN_RESTARTS} months, the bar is ${bar}`,
    );
  if (report.recorded !== report.confirmed)
    faults.push(`${report.confirmed} check-ins were confirmed, and the server has ${report.recorded}`);
  if (report.waiting > 0) faults.push(`${report.waiting} events still wait for the server`);
  if (report.faces === 0) faults.push('no face passed a challenge, so that a leak of faces would not be seen');
  if (report.trimmed === 0) faults.push('no event was let go, though the server has them safe');
  return faults;
}

/** Returns the slopes, one per line. */
export function slopeLines({ slopes, peak, people, faces, samples }: MonthReport): string[] {
  return [
    ...Object.entries(slopes).map(([what, slope]) =>
      slope === null
        ? `${what}: too few days for a slope`
        : `${what}: ${slope.slope.toFixed(2)} MB a simulated month (95 %: ${slope.low.toFixed(2)} to ${slope.high.toFixed(2)})`,
    ),
    `${faces} faces passed a challenge, ${samples} samples; left out: challenges that ask for anything but one turn to the left`,
    `the core’s bar with ${people} people is ${coreMemoryBar(people).toFixed(0)} MB (a kiosk of 10,000 is measured by the bench, not here); the most that was resident for a moment ${(peak / MB).toFixed(1)} MB`,
  ];
}
