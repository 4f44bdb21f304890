import type { Services } from '../access/route.ts';

/** What a run reports: counts, times and codes, never a personal value. Kept as JSON for as long as runs are kept. */
export type Report = Readonly<Record<string, unknown>>;

export interface JobContext extends Services {
  /** Aborted when the server stops: a long job ends at its next good moment, and continues at the next start. */
  readonly signal: AbortSignal;
}

/**
 * Something that the server does by itself now and then, on one replica at a time. It is in its own hands what it does in
 * one transaction. The process that runs it may die at any moment, and another then starts over: every job is safe to
 * run again.
 */
export interface Job {
  /** Of at most 60 letters, digits and hyphens; the same on every replica and in every build. */
  readonly name: string;
  /** Pause between the begin of a run that succeeded and the next, ms; a function where configuration sets it. */
  readonly everyMs: number | ((context: Services) => number);
  /** What has to be configured, else it never runs. */
  readonly needs?: 'object-store';
  /** Asked at each tick before a run starts: whether there is anything to do. Cheap; absent: there always is. */
  wanted?(services: Services): Promise<boolean>;
  /** A run that ends because `signal` was aborted throws (`signal.throwIfAborted()`): it is gone on with at the next start. */
  run(context: JobContext): Promise<Report>;
}

/** Whether what it needs is configured. */
export const canRun = ({ needs }: Job, { config }: Services): boolean => !needs || config.s3 !== null;

export function everyMsOf(job: Job, context: Services): number {
  return typeof job.everyMs === 'number' ? job.everyMs : job.everyMs(context);
}
