import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** How a start is asked to stop, and what happens if it doesn't. */
export interface Ending {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, or when npm, which would pass on signals, has ended. */
  readonly signal: AbortSignal;
}

export interface EndingOptions {
  /** Called when stopping takes longer than `withinMs`, or is requested again: kills whatever is still running. */
  readonly force: (why: string) => void;
  readonly withinMs: number;
  readonly process?: NodeJS.Process;
}

/** Ctrl-C arrives twice: from the terminal, and from npm, which passes it on. The second one is not a new request. */
const SAME_WISH_MS = 1_000;
const PARENT_EVERY_MS = 500;

/** Listens for requests to stop from now on, until this process ends. */
export function watchForEnd(options: EndingOptions): Ending {
  const { force, withinMs, process: self = process } = options;
  const asked = new AbortController();
  let since = 0;
  const ask = (): void => {
    if (!asked.signal.aborted) {
      since = performance.now();
      setTimeout(() => force(`it took longer than ${withinMs / 1000} s`), withinMs);
      asked.abort();
    } else if (performance.now() - since > SAME_WISH_MS) force('requested again');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) self.on(signal, ask);
  // npm doesn't pass on SIGHUP, and can't pass on SIGKILL. When npm has ended, our parent process is a different one.
  const parent = self.ppid;
  if (self.env.npm_lifecycle_event) {
    const timer = setInterval(() => {
      if (self.ppid === parent) return;
      clearInterval(timer);
      ask();
    }, PARENT_EVERY_MS);
    timer.unref();
  }
  return { signal: asked.signal };
}

/** Resolves when the signal is aborted; at once if it already is. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/**
 * Resolves with `work`, or `withinMs` after the request to stop if `work` is still running then.
 * @throws what `work` throws
 */
export async function orAsked(work: Promise<void>, asked: AbortSignal, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const waited = aborted(asked).then(
    () =>
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      }),
  );
  try {
    await Promise.race([work, waited]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends, by SIGKILL, every descendant of this process, in whichever process group. Linux only. */
export function killDescendants(of: number = process.pid): void {
  for (const pid of descendants(of)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it ended before the signal
    }
  }
}

/** Returns process ids, parents before their children. */
function descendants(of: number): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found: number[] = [];
  const todo = [of];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const own = children.get(next) ?? [];
    found.push(...own);
    todo.push(...own);
  }
  return found;
}

function parents(): [pid: number, parent: number][] {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return []; // no /proc here
  }
  return pids.flatMap((pid): [number, number][] => {
    try {
      // "pid (name) state ppid …"; the name may contain anything, even a bracket
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return [[Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
