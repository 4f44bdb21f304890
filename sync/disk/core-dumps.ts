import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One byte: less than a page writes no file, and exactly 1 also stops the kernel from piping dumps to a program (core(5)). */
const NO_CORE = 1;

/** This process's limit of core dumps, as reported by the system. */
export interface CoreLimit {
  /** Text of `/proc/self/limits`. Null if there is none. */
  readonly limits: string | null;
  /** Lowers the limit of core dumps of this process to this many bytes. @returns whether it did */
  readonly limitCore: (bytes: number) => boolean;
}

export const coreLimit = (): CoreLimit => ({
  limits: limitsOf(),
  // Node can't lower its own limits, but util-linux can for any process of the same user.
  limitCore: (bytes) =>
    spawnSync('prlimit', ['--pid', String(process.pid), `--core=${bytes}:${bytes}`], { stdio: 'ignore' }).status === 0,
});

/**
 * Prevents crashes of this process, and of processes it starts later, from writing memory to the disk.
 * @returns false if that is impossible, which the operator should be informed of
 */
export function withoutCoreDumps({ limits, limitCore }: CoreLimit): boolean {
  const soft = limits === null ? undefined : /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
  return soft === '0' || soft === String(NO_CORE) || limitCore(NO_CORE);
}

function limitsOf(): string | null {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return null;
  }
}
