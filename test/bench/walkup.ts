import { existsSync } from 'node:fs';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { benchLine, quantile } from './harness.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';
import { measureWalkups, measureWillingWalkups, type Walkup } from './walkups.ts';

const WALKUPS = 100;
/** Walk-ups of a man who does what the liveness check asks. */
const WILLING = 20;
/** Limit from the face to the welcome with 10,000 people, p95, ms. */
const LIMIT_MS = 250;

/** What a person who walks up experiences: real Chromium, screens, detector, core and store, with footage as the camera. */
export const group: BenchGroup = {
  name: 'walkup',
  describe:
    'From a face in front of the camera to “welcome”, over 100 walk-ups, with 1,000 and 10,000 people enrolled; and with the liveness check that ships.',
  leavesOut:
    'liveness (off), the camera (footage) and the time in which the same person is not recorded again; the result is shown for 0.1 s; the size up to which a face alone decides is raised above what was calibrated; the others enrolled are synthetic',
  run: measure,
};

const STAGES: readonly (readonly [string, (w: Walkup) => number])[] = [
  ['camera and detection, up to the first sample sent', (w) => w.sampled - w.faced],
  ['core: samples, search, decision, durable record', (w) => w.answered - w.sampled],
  ['welcome on the screen', (w) => w.shown - w.answered],
];

async function* measure(ctx: BenchContext): AsyncIterable<BenchLine> {
  if (!existsSync('/usr/bin/chromium')) throw new Error('it needs /usr/bin/chromium (Debian package chromium)');
  await ensureBuilt((line) => ctx.note(line));
  const without = new Map<number, number>();
  for (const people of [1_000, 10_000]) {
    const walkups = await measureWalkups(people, WALKUPS, ctx.note);
    const size = `${people.toLocaleString('en')} people`;
    const line = (name: string, values: readonly number[], p: number) =>
      ({
        group: 'walkup',
        name: `${name}, ${size}, p${p * 100}`,
        unit: 'ms',
        ours: quantile(values, p),
        reference: null,
        referenceValue: null,
        better: 'lower',
      }) as const;
    const whole = walkups.map((w) => w.shown - w.faced);
    if (people === 1_000) for (const p of [0.5, 0.95]) without.set(p, quantile(whole, p));
    const limit = { reference: 'limit', referenceValue: LIMIT_MS } as const;
    yield benchLine(line('face to welcome', whole, 0.5));
    yield benchLine({ ...line('face to welcome', whole, 0.95), ...limit, ...(people === 10_000 && { bar: 1 }) });
    for (const [name, of] of STAGES) for (const p of [0.5, 0.95]) yield benchLine(line(name, walkups.map(of), p));
  }
  ctx.note(`a man who does what the liveness check asks, ${WILLING} times`);
  const willing = (await measureWillingWalkups(1_000, WILLING, ctx.note)).map((w) => w.shown - w.faced);
  for (const p of [0.5, 0.95])
    yield benchLine({
      group: 'walkup',
      name: `face to welcome with liveness standard, 1,000 people, p${p * 100}`,
      unit: 'ms',
      ours: quantile(willing, p),
      reference: 'liveness off',
      referenceValue: without.get(p)!,
      better: 'lower',
      leavesOut:
        'the time in which a person reads each prompt and begins to move (the footage answers with the next frame); the camera (footage of one man, his moves from several takes); the time in which the same person is not recorded again; the others enrolled are synthetic',
    });
}
