import type { Printing } from '../../contract/printing.ts';
import type { IppAttributes } from './ipp.ts';

/** Maps the reasons of a printer's state (RFC 8011 §5.4.12) to what a person can do about them; the first match is shown. */
const TROUBLES: readonly (readonly [NonNullable<Printing['trouble']>, RegExp])[] = [
  ['paper-jam', /^media-jam/],
  ['paper-empty', /^(media-empty|media-needed|input-tray-missing)/],
  ['ink-empty', /^(toner-empty|marker-supply-empty|marker-waste-full)/],
  ['cover-open', /^(cover-open|door-open|interlock-open)/],
  ['printer-offline', /^(offline|connecting-to-device|timed-out|shutdown|cups-ipp-unreachable)/],
  ['printer-fault', /-error$/],
  ['printer-stopped', /^(paused|stopped|moving-to-paused|stopped-partly)/],
];

/** `printer-state` 5. */
const STOPPED = 5;

/** Returns what keeps this printer from printing; null if it reports nothing. */
export function troubleOf(printer: IppAttributes): Printing['trouble'] {
  // A warning does not stop it. A brief `offline` or `stopped` is not a problem until it lasts.
  const reasons = (printer.get('printer-state-reasons') ?? []).filter(
    (reason): reason is string =>
      typeof reason === 'string' && !/-(warning|report)$/.test(reason.replace(/^offline-report$/, 'offline')),
  );
  const found = TROUBLES.find(([, pattern]) => reasons.some((reason) => pattern.test(reason)));
  if (found) return found[0];
  const stopped =
    printer.get('printer-state')?.[0] === STOPPED || printer.get('printer-is-accepting-jobs')?.[0] === false;
  return stopped ? 'printer-stopped' : null;
}

/** Returns the outcome of the first job after this one; `none` if there is no such job. */
export function jobAfter(jobs: readonly IppAttributes[], after: number): NonNullable<Printing['job']> {
  const later = jobs
    .map((job) => ({ id: idOf(job), state: job.get('job-state')?.[0] }))
    .filter(({ id }) => id > after)
    .sort((a, b) => a.id - b.id);
  const state = later[0]?.state;
  if (state === undefined) return 'none';
  if (state === 9) return 'printed';
  return state === 7 || state === 8 ? 'failed' : 'waiting';
}

export const newestJob = (jobs: readonly IppAttributes[]): number => Math.max(0, ...jobs.map(idOf));

function idOf(job: IppAttributes): number {
  const id = job.get('job-id')?.[0];
  return typeof id === 'number' ? id : 0;
}
