import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One byte: below a page nothing is written, and 1 is what keeps the kernel from piping a dump to a program (core(5)). */
const NO_CORE = 1;

/** Of this process, as the system says it. */
export interface CoreLimit {
  /** Text of `/proc/self/limits`; null: there is none. */
  readonly limits: string | null;
  /** Lowers the limit of core dumps of this process to this many bytes. @returns whether it did */
  readonly limitCore: (bytes: number) => boolean;
}

export const coreLimit = (): CoreLimit => ({
  limits: limitsOf(),
  // Node can't lower its own limits; util-linux does it for any process of the same user.
  limitCore: (bytes) =>
    spawnSync('prlimit', ['--pid', String(process.pid), `--core=${bytes}:${bytes}`], { stdio: 'ignore' }).status === 0,
});

/**
 * Keeps a crash of this process, and of each that it starts from now on, from writing memory to the disk.
 * @returns false: it could not be had, and the operator should know
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
