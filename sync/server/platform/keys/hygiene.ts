import { type CoreLimit, coreLimit, withoutCoreDumps } from '../../../disk/core-dumps.ts';
import { Problem } from '../../../errors/problem.ts';
import { SECRETS } from '../secrets/files.ts';

/** Keeps the environment's keys out of child processes, reports and core dumps. */

/**
 * Removes keys and other secrets from the environment, so that no child process inherits them and no library prints them. The
 * kernel keeps the original (`/proc/PID/environ`), but only the process's own user can read that.
 *
 * @returns a copy of the original environment
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
 * Prevents a crash from writing memory to the disk.
 *
 * @returns a warning for the operator if that is impossible, else null
 * @throws Problem `core-dumps-asked-for`
 */
export function withoutDumps(o: ProcessLimits): { readonly code: string; readonly message: string } | null {
  const asked = o.switches.find((s) =>
    /^--(abort-on-uncaught-exception|heapsnapshot-|report-on|report-uncaught)/.test(s),
  );
  if (asked) throw new Problem('core-dumps-asked-for', { asked });
  // By default, Node's reports contain the original environment.
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
