import { existsSync } from 'node:fs';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { benchLine, quantile } from './harness.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';
import { measureWalkups, type Walkup } from './walkups.ts';

const WALKUPS = 100;
/** From the face to the welcome at 10,000 people, p95, ms. */
const LIMIT_MS = 250;

/** What a person who walks up experiences: real Chromium, screens, detector, core and store, with footage as camera. */
export const group: BenchGroup = {
  name: 'walkup',
  describe:
    'From a face in front of the camera to “welcome”, over 100 walk-ups, with 1,000 and 10,000 people enrolled.',
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
    const limit = { reference: 'limit', referenceValue: LIMIT_MS } as const;
    yield benchLine(line('face to welcome', whole, 0.5));
    yield benchLine({ ...line('face to welcome', whole, 0.95), ...limit, ...(people === 10_000 && { bar: 1 }) });
    for (const [name, of] of STAGES) for (const p of [0.5, 0.95]) yield benchLine(line(name, walkups.map(of), p));
  }
}
