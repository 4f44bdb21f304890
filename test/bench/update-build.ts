import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../build/package/files.ts';
import type { KioskBuild } from '../../build/package/seal.ts';
import { kioskHome } from '../../electron/core/paths.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { benchLine, median } from './harness.ts';
import type { BenchContext, BenchLine } from './types.ts';

const ROUNDS = 5;
/** Time limit for a start. */
const START_MS = 120_000;

/** Parts of a build, by path prefix. The remainder is "the rest". */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['Node', /^runtime\//],
  ['packages', /^node_modules\//],
  ['weights and their runtime', /^dist\/models\//],
  ['screens', /^dist\/renderer\//],
  ['our modules', /^(electron|sync|models)\//],
];

/** Lines about a build: its size, and how fast it starts compared with its sources. */
export async function* buildLines(build: KioskBuild, ctx: BenchContext): AsyncIterable<BenchLine> {
  yield* sizes(build);
  yield* starts(build, ctx);
}

function* sizes({ archive, folder }: KioskBuild): Iterable<BenchLine> {
  const line = (name: string, bytes: number) =>
    benchLine({
      group: 'update',
      name,
      unit: 'MB',
      ours: bytes / 1e6,
      reference: null,
      referenceValue: null,
      better: 'lower',
    });
  yield line('archive of a build', statSync(archive).size);
  const sums = new Map<string, number>();
  let whole = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size } = statSync(path);
    const part = PARTS.find(([, begins]) => begins.test(path.slice(folder.length + 1)))?.[0] ?? 'the rest';
    sums.set(part, (sums.get(part) ?? 0) + size);
    whole += size;
  }
  yield line('a build unpacked', whole);
  for (const [part, bytes] of [...sums].sort(([, a], [, b]) => b - a)) yield line(`of it ${part}`, bytes);
}

/** Log lines of `kiosk run` during its start, and their names in the table. */
const MOMENTS: readonly (readonly [name: string, said: (line: Record<string, unknown>) => boolean])[] = [
  ['process start to serving', (line) => line.serving === true],
  ['process start to a core with its store open', (line) => line.ready === true],
  ['process start to the first page', (line) => line.message === 'host: the kiosk page opened its session'],
];

async function* starts({ folder }: KioskBuild, ctx: BenchContext): AsyncIterable<BenchLine> {
  const packaged = [join(folder, 'bin/kiosk')];
  const sources = [process.execPath, join(ROOT, 'electron/cli/kiosk.ts')];
  const homes = mkdtempSync(join(tmpdir(), 'sp-bench-start-'));
  try {
    const home = (name: string): string => {
      const base = join(homes, name);
      ensureKioskFolder(kioskHome({ SMARTPRESENCE_HOME: base }), true);
      return base;
    };
    const [ours, theirs] = [home('packaged'), home('sources')];
    const times = { packaged: [] as number[][], sources: [] as number[][] };
    // The first start of each makes its store, so it doesn't count.
    for (let round = -1; round < ROUNDS; round++) {
      ctx.note(round < 0 ? 'starts both once' : `start ${round + 1} of ${ROUNDS}`);
      const pair = [
        ['packaged', packaged, ours],
        ['sources', sources, theirs],
      ] as const;
      for (const [which, command, base] of round % 2 === 0 ? pair : pair.toReversed()) {
        const taken = await timeStart(command, base);
        if (round >= 0) times[which].push(taken);
      }
    }
    for (const [i, [name]] of MOMENTS.entries())
      yield benchLine({
        group: 'update',
        name: `${name}, median of ${ROUNDS}`,
        unit: 'ms',
        ours: median(times.packaged.map((t) => t[i]!)),
        reference: 'the same from its sources',
        referenceValue: median(times.sources.map((t) => t[i]!)),
        better: 'lower',
      });
  } finally {
    rmSync(homes, { recursive: true, force: true });
  }
}

/** Starts it, waits for each of MOMENTS, and ends it. @returns ms from the start to each */
async function timeStart([program = '', ...args]: readonly string[], home: string): Promise<number[]> {
  const began = performance.now();
  const child = spawn(program, [...args, 'run', '--demo', '--browser', 'headless', '--device-secret', 'file'], {
    // As for a service: without a developer's compile cache.
    env: { PATH: process.env.PATH, HOME: home, SMARTPRESENCE_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const at = MOMENTS.map((): number | null => null);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${program} was not up after ${START_MS} ms`)), START_MS);
      child.once('error', reject);
      void ended.then(() => reject(new Error(`${program} ended before it was up`)));
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as Record<string, unknown>;
        for (const [i, [, said]] of MOMENTS.entries()) if (said(line)) at[i] ??= performance.now() - began;
        if (at.some((time) => time === null)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    return at.map((time) => time!);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
