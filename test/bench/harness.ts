import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { BenchLine } from './types.ts';

/** Helpers for all groups of the bench: lines, statistics, timing, memory of a process. */

/** Makes a line with its ratio, ours / referenceValue. Throws if a number is not finite: a bench must not print NaN. */
export function benchLine(line: Omit<BenchLine, 'ratio'>): BenchLine {
  const { group, name, unit, ours, reference, referenceValue, better, bar, leavesOut } = line;
  if (!Number.isFinite(ours)) throw new RangeError(`${group}: ${name}: ours is ${ours}`);
  if (referenceValue !== null && !(Number.isFinite(referenceValue) && referenceValue !== 0)) {
    throw new RangeError(`${group}: ${name}: ${reference} is ${referenceValue}`);
  }
  if (bar !== undefined && referenceValue === null) throw new RangeError(`${group}: ${name}: a bar needs a reference`);
  const ratio = referenceValue === null ? null : ours / referenceValue;
  const more = { ...(bar === undefined ? {} : { bar }), ...(leavesOut === undefined ? {} : { leavesOut }) };
  return { group, name, unit, ours, reference, referenceValue, ratio, better, ...more };
}

/** Whether the bar is met; null if there is none. */
export function isMet(line: BenchLine): boolean | null {
  if (line.bar === undefined || line.ratio === null) return null;
  return line.better === 'higher' ? line.ratio >= line.bar : line.ratio <= line.bar;
}

/** The value below which a share `p` (0..1) of the sample is, interpolated linearly. Throws on an empty sample. */
export function quantile(sample: readonly number[], p: number): number {
  if (sample.length === 0) throw new RangeError('a quantile needs at least one value');
  const sorted = sample.toSorted((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

export function median(sample: readonly number[]): number {
  return quantile(sample, 0.5);
}

/** Deterministic generator of uniform numbers in [0, 1): mulberry32. For data of benches and tests, never for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A timed task. It receives the number of the round, so that it can use a different input each time. */
export type Task = (round: number) => unknown;

export interface Rounds {
  /** Timed rounds. */
  readonly rounds: number;
  /** Untimed rounds before them, in which compilers and caches settle. */
  readonly warmUp: number;
}

/**
 * Measures ms of every task in every round. The tasks alternate, so that whatever slows the machine for a while slows all of
 * them. Each round starts with a different task, so that none always follows the same neighbour.
 */
export async function interleaved<K extends string>(
  tasks: Readonly<Record<K, Task>>,
  { rounds, warmUp }: Rounds,
): Promise<Record<K, number[]>> {
  const names = Object.keys(tasks) as K[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = -warmUp; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + Math.max(round, 0)) % names.length]!;
      const began = performance.now();
      const result = tasks[name](Math.max(round, 0));
      if (result instanceof Promise) await result;
      if (round >= 0) times[name].push(performance.now() - began);
    }
  }
  return times;
}

/** Like `interleaved`, but returns only medians. */
export async function interleavedMedians<K extends string>(
  tasks: Readonly<Record<K, Task>>,
  rounds: Rounds,
): Promise<Record<K, number>> {
  const times = await interleaved(tasks, rounds);
  const names = Object.keys(times) as K[];
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<K, number>;
}

/** Memory of a process in bytes: currently resident, and the peak. Linux only (`/proc`). */
export function processMemory(pid: number): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
    if (!found) throw new Error(`/proc/${pid}/status has no ${name}: the process has ended`);
    return Number(found[1]) * 1024;
  };
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}

/** Resets `processMemory(pid).peak` to the current value: proc(5), 5 written to clear_refs. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** A process that a bench started. */
export interface Child {
  readonly pid: number;
  /** The next line of its stdout that `wanted` accepts. Rejects if the process ends, or after `ms`. */
  line(wanted: (line: string) => boolean, ms: number): Promise<string>;
  write(text: string): void;
  memory(): { resident: number; peak: number };
  /** Resolves once it has ended. */
  ended(): Promise<void>;
  /** Ends it (SIGTERM, after 5 s SIGKILL) and waits until it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts `node OPTIONS… FILE ARGS…` with this Node. Its stderr goes to ours. The caller stops it, in a `finally`.
 * @param options options of Node
 */
export function startNode(
  file: string | URL,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
  options: readonly string[] = [],
): Child {
  const path = file instanceof URL ? file.pathname : file;
  const child: ChildProcess = spawn(process.execPath, [...options, path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env,
  });
  const unread: string[] = [];
  const waiting = new Set<() => void>();
  let ended: string | null = null;
  const wake = () => {
    for (const check of [...waiting]) check();
  };
  createInterface({ input: child.stdout! }).on('line', (line) => {
    unread.push(line);
    wake();
  });
  child.once('error', (error) => {
    ended = error.message;
    wake();
  });
  child.once('close', (code, signal) => {
    ended ??= `ended with ${signal ?? code}`;
    wake();
  });
  return {
    pid: child.pid ?? -1,
    line: (wanted, ms) =>
      new Promise((resolve, reject) => {
        const stop = () => {
          clearTimeout(timer);
          waiting.delete(check);
        };
        const check = () => {
          while (unread.length > 0) {
            const line = unread.shift()!;
            if (!wanted(line)) continue;
            stop();
            resolve(line);
            return;
          }
          if (ended === null) return;
          stop();
          reject(new Error(`${path} ${ended} before the line that was waited for`));
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`${path} did not print the line that was waited for within ${ms} ms`));
        }, ms);
        waiting.add(check);
        check();
      }),
    write: (text) => {
      child.stdin!.write(text);
    },
    memory: () => processMemory(child.pid!),
    async ended() {
      if (ended === null) await once(child, 'close');
    },
    async stop() {
      if (ended !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
      await closed;
      clearTimeout(hard);
    },
  };
}
