import type { Services } from '../access/route.ts';

/** What a run reports: counts, times and codes, never personal data. Stored as JSON with the run. */
export type Report = Readonly<Record<string, unknown>>;

export interface JobContext extends Services {
  /** Aborted when the server stops, or the run's lease is lost. A long job then ends as soon as it can and is continued later. */
  readonly signal: AbortSignal;
}

/**
 * A recurring task of the server, run on one replica at a time. The job itself decides which work belongs in one transaction.
 * The process may die at any time and another one starts over, so every job must be safe to repeat.
 */
export interface Job {
  /** At most 60 letters, digits and hyphens. The same on every replica and in every build. */
  readonly name: string;
  /** Time from the start of a successful run to the next run, ms. A function if it is configurable. */
  readonly everyMs: number | ((context: Services) => number);
  /** What must be configured for it to run at all. */
  readonly needs?: 'object-store';
  /** Whether there is anything to do. Called at each tick before a run starts, so it must be cheap. Default: always. */
  wanted?(services: Services): Promise<boolean>;
  /** Does the work. A run that ends because `signal` was aborted throws (`signal.throwIfAborted()`) and is continued later. */
  run(context: JobContext): Promise<Report>;
}

/** Whether what the job needs is configured. */
export const canRun = ({ needs }: Job, { config }: Services): boolean => !needs || config.s3 !== null;

export function everyMsOf(job: Job, context: Services): number {
  return typeof job.everyMs === 'number' ? job.everyMs : job.everyMs(context);
}
