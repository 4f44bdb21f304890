import { existsSync } from 'node:fs';
import { startAppliance } from '../e2e/started.ts';
import { measureDetection } from '../kiosk-ui/bench/detection.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { CORE_MEMORY_BAR_MB, type CoreMemory, measureCoreMemory } from './core-memory.ts';
import { measureFirstFrame } from './first-frame.ts';
import { benchLine, median } from './harness.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

/** Rounds of the same page differ by a tenth either way on a shared machine, so there are many. */
const DETECTION_ROUNDS = 9;
const DETECTION_MS = 4_000;
const STARTS = 3;
/** Target for a start, s. */
const SERVING_S = 2;
const FRAME_S = 1.5;
const READY_S = 6;

/** The kiosk as a whole: its screen in real Chromium, and its core process. */
export const group: BenchGroup = {
  name: 'kiosk',
  describe:
    'Detection under the whole screen, start to first frame, `npm start` to `ready`, and the core’s memory at 10,000 people.',
  leavesOut: 'a real camera and its driver; Chromium without its sandbox where root runs it',
  run: measure,
};

async function* measure(ctx: BenchContext): AsyncIterable<BenchLine> {
  if (!existsSync('/usr/bin/chromium')) throw new Error('it needs /usr/bin/chromium (Debian package chromium)');
  await ensureBuilt((line) => ctx.note(line));

  ctx.note(`core at 10,000 people, ${STARTS} times`);
  const cores: CoreMemory[] = [];
  while (cores.length < STARTS) cores.push(await measureCoreMemory(ctx.note));
  const middle = (of: keyof CoreMemory) => median(cores.map((core) => core[of]));
  const limit = {
    group: 'kiosk',
    unit: 'MB',
    reference: 'limit',
    referenceValue: CORE_MEMORY_BAR_MB,
    leavesOut: 'the browser and its detector, photos, a connection to a server',
    better: 'lower',
  } as const;
  yield benchLine({
    ...limit,
    name: 'core memory, 10,000 people × 3 templates, 40,000 check-ins unsent, loaded (median)',
    ours: middle('loaded') / 1e6,
    bar: 1,
  });
  yield benchLine({ ...limit, name: 'the same after 50 faces', ours: middle('afterProbes') / 1e6, bar: 1 });
  const peak = Math.max(...cores.map((core) => core.peak));
  yield benchLine({ ...limit, name: 'the same, highest ever', ours: peak / 1e6 });
  const time = { group: 'kiosk', unit: 's', reference: 'limit', better: 'lower', bar: 1 } as const;
  yield benchLine({
    ...time,
    name: 'start to serving at 10,000 people (median)',
    ours: middle('openMs') / 1000,
    referenceValue: SERVING_S,
    leavesOut: 'what a machine that was just switched on reads from its disk',
  });
  const faces = { name: 'the same, until faces are recognised too', ours: middle('facesMs') / 1000 };
  yield benchLine({ group: 'kiosk', unit: 's', better: 'lower', ...faces, reference: null, referenceValue: null });

  ctx.note(`start to first frame, ${STARTS} times`);
  const starts = await measureFirstFrame(STARTS);
  const frame = { name: 'start to first frame on the screen (median)', ours: median(starts) / 1000 };
  yield benchLine({ ...time, ...frame, referenceValue: FRAME_S });

  ctx.note(`npm start to ready, ${STARTS} times`);
  const readies: number[] = [];
  while (readies.length < STARTS) readies.push(await measureReady());
  yield benchLine({
    ...time,
    name: 'npm start to ready, in an empty data folder (median)',
    ours: median(readies) / 1000,
    referenceValue: READY_S,
    leavesOut: 'the first time after a checkout, when it builds; the kiosk’s browser, which opens meanwhile',
  });

  ctx.note(`detection, ${DETECTION_ROUNDS} rounds of ${DETECTION_MS / 1000} s each way`);
  const { screen, bare } = await measureDetection(DETECTION_ROUNDS, DETECTION_MS);
  yield benchLine({
    group: 'kiosk',
    name: 'face detection with the whole screen running',
    unit: 'frames/s',
    ours: median(screen),
    reference: 'detection alone, uncapped pre-decoded frames',
    referenceValue: median(bare),
    better: 'higher',
    bar: 0.9,
  });
}

/** Sets up a server and a kiosk from nothing, ms. */
async function measureReady(): Promise<number> {
  const began = performance.now();
  const started = startAppliance(['--camera', 'demo']);
  try {
    await started.waitFor(/^ready/m);
    return performance.now() - began;
  } finally {
    await started.interrupt();
    await started.removeHome();
  }
}
