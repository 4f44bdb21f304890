import { type CoreLimit, coreLimit, withoutCoreDumps } from '../../../disk/core-dumps.ts';
import { Problem } from '../../../errors/problem.ts';
import { SECRETS } from '../secrets/files.ts';

/** Keeps the environment's keys inside this process: out of children, reports and core dumps. */

/**
 * Takes keys and other secrets out of the environment once they were read, so that no child gets them and no library that prints the
 * environment prints them. What the kernel keeps of the start (`/proc/PID/environ`) only the process's own user can read.
 *
 * @returns the environment as it was
 */
export function takeEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const taken = { ...env };
  for (const name of SECRETS) delete env[name];
  return taken;
}

export interface ProcessLimits extends CoreLimit {
  readonly switches: readonly string[];
}

/**
 * Sees to it that a crash writes no memory to the disk.
 *
 * @returns what the operator should know of, where it can't be had
 * @throws Problem `core-dumps-asked-for`
 */
export function withoutDumps(o: ProcessLimits): { readonly code: string; readonly message: string } | null {
  const asked = o.switches.find((s) =>
    /^--(abort-on-uncaught-exception|heapsnapshot-|report-on|report-uncaught)/.test(s),
  );
  if (asked) throw new Problem('core-dumps-asked-for', { asked });
  // Node's own reports name the environment of the start.
  if (process.report) process.report.excludeEnv = true;
  if (withoutCoreDumps(o)) return null;
  return {
    code: 'core-dumps-possible',
    message:
      'A crash may write this process’s memory, keys included, to the disk: start it with `ulimit -c 0`, or LimitCORE=0 in its unit.',
  };
}

export const processLimits = (): ProcessLimits => ({
  ...coreLimit(),
  switches: [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)],
});
