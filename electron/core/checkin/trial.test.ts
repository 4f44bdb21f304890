import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LightAnswer } from '../../../models/rules/liveness/light/answer.ts';
import type { LivenessState } from '../../../models/rules/liveness/liveness.ts';
import { project } from '../../../test/liveness/heads.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import type { ProbeResult } from '../../contract/methods.ts';
import type { LivenessCheck } from './liveness-check.ts';
import { withVeto } from './liveness-check.ts';
import { createLivenessTrial, type LivenessTrial } from './trial.ts';

/* The trial's own rules, with a check whose result the test sets. Real checks: test/liveness/trial.test.ts. */

const frame: FaceFrame = {
  picture: { width: 16, height: 16, data: new Uint8Array(768) },
  box: [0, 0, 16, 16],
  others: 0,
  takenAt: 0,
};
const MINUTE = 60_000;

let trial: LivenessTrial;
/** Index of the visible face: its embedding has a 1 there. */
let face: number;
let says: LivenessState['state'];
let quality: 'too-dark' | null;
let compared: (readonly Float32Array[])[];
let changes: number;
let off: Error | null;
/** How the face answers the colours; null if the site wants none. */
let answer: LightAnswer | null;
let passed: string[];
let faces: Pick<Parameters<LivenessTrial['around']>[0], 'visitBegin' | 'visitEnd' | 'probe'>;

beforeEach(() => {
  vi.useFakeTimers();
  [face, says, quality, compared, changes, off, answer, passed] = [0, 'going', null, [], 0, null, null, []];
  const state = () => ({ state: says, step: 'middle' as const, index: 0, of: 1, progress: 0, hold: false });
  trial = createLivenessTrial({
    recogniser: {
      get off() {
        return off as never;
      },
      calibration: { verification: 0.45, curve: [] },
      inspect: async () => ({ shape: { box: [0, 0, 1, 1], landmarks: project({ yaw: 0 }) } as never, reason: quality }),
      embed: async () => Float32Array.from([0, 1, 2], (i) => (i === face ? 1 : 0)),
      compare(embedding, templates) {
        compared.push(templates.map((one) => one.slice()));
        return { score: embedding[0]!, decision: { kind: 'accept' } as never };
      },
    },
    startLiveness: (): LivenessCheck => ({ current: state, observe: state }),
    light: {
      wanted: () => answer !== null,
      start: () => ({ sequence: [], observe: () => ({ state: 'done', answer: answer! }) }),
    },
    monotonic: Date.now,
    changed: () => changes++,
  });
  let visits = 0;
  faces = trial.around({
    visitBegin: async () => ({ visit: `${++visits}` }),
    visitEnd: async () => ({}),
    async probe({ visit }) {
      passed.push(visit);
      return { kind: 'more', progress: 1 };
    },
  });
});
afterEach(() => void vi.useRealTimers());

const probe = (visit: string, others = 0): Promise<ProbeResult> => faces.probe({ visit, frame: { ...frame, others } });
/** Shows a face for two samples, which start the challenge. */
async function challenged(): Promise<string> {
  const { visit } = await faces.visitBegin({});
  await probe(visit);
  expect((await probe(visit)).kind).toBe('challenge');
  return visit;
}
const present = (signal?: AbortSignal) => trial.present('standard', MINUTE, signal);

test('without a trial a kiosk sees faces as usual; in one no face gets through, even if none is awaited', async () => {
  const { visit } = await faces.visitBegin({});
  await probe(visit);
  trial.begin();
  expect(await probe(visit)).toEqual({ kind: 'more', progress: 0 });
  void present();
  await probe(visit);
  expect(passed).toEqual([visit]);
  trial.end();
  await probe(visit);
  expect(passed).toEqual([visit, visit]);
});

test('a trial that nobody continues ends ten minutes after the last presentation', async () => {
  trial.begin();
  vi.advanceTimersByTime(9 * MINUTE);
  const presented = present();
  vi.advanceTimersByTime(MINUTE);
  expect(await presented).toEqual({ outcome: 'no-response', reason: 'no-face', seconds: 60 });
  vi.advanceTimersByTime(10 * MINUTE - 1);
  expect([trial.active(), changes]).toEqual([true, 1]);
  vi.advanceTimersByTime(1);
  expect([trial.active(), changes]).toEqual([false, 2]);
});

test('one face is one presentation: it has to leave before the next one counts', async () => {
  const first = present();
  const visit = await challenged();
  says = 'passed';
  expect(await probe(visit)).toEqual({ kind: 'done' });
  expect(await first).toMatchObject({ outcome: 'passed', reason: null });
  const second = present();
  expect(await probe(visit)).toEqual({ kind: 'done' });
  says = 'failed';
  await probe(await challenged());
  expect(await second).toMatchObject({ outcome: 'failed' });
});

test('if the site wants colours they follow the moves, and a face that does not answer them has failed', async () => {
  for (answer of ['answered', 'silent'] as const) {
    says = 'going';
    const presented = present();
    const visit = await challenged();
    says = 'passed';
    expect(await probe(visit)).toEqual({ kind: 'light', sequence: [] });
    expect(await probe(visit)).toEqual({ kind: 'done' });
    const passes = answer === 'answered';
    expect(await presented).toMatchObject(
      passes ? { outcome: 'passed', reason: null } : { outcome: 'failed', reason: 'light-silent' },
    );
  }
});

test('a person who opts out of the colours was not fully judged, and so does not count', async () => {
  answer = 'answered';
  const presented = present();
  const visit = await challenged();
  says = 'passed';
  expect(await probe(visit)).toEqual({ kind: 'light', sequence: [] });
  expect(await faces.probe({ visit, frame, light: 'declined' })).toEqual({ kind: 'done' });
  expect(await presented).toMatchObject({ outcome: 'no-response', reason: 'light-declined' });
});

test('the moving head is compared with the samples before the challenge, which are of one face, and are wiped', async () => {
  void present();
  const { visit } = await faces.visitBegin({});
  await probe(visit);
  face = 1;
  expect(await probe(visit)).toEqual({ kind: 'more', progress: 0.5 });
  expect((await probe(visit)).kind).toBe('challenge');
  await probe(visit);
  expect(compared).toEqual([[Float32Array.from([0, 1, 0]), Float32Array.from([0, 1, 0])]]);
});

describe('a presentation', () => {
  test('whose face leaves during its challenge had no response; a face that leaves earlier has not begun', async () => {
    const presented = present();
    const { visit: early } = await faces.visitBegin({});
    await probe(early);
    await faces.visitEnd({ visit: early });
    const visit = await challenged();
    await faces.visitEnd({ visit: early });
    expect((await probe(visit)).kind).toBe('challenge');
    await faces.visitEnd({ visit });
    expect(await presented).toMatchObject({ outcome: 'no-response', reason: 'left' });
  });

  test('requested while another is awaited replaces it, and has its own time', async () => {
    const first = present();
    vi.advanceTimersByTime(MINUTE / 2);
    const second = present();
    expect(await first).toEqual({ outcome: 'no-response', reason: 'superseded', seconds: 30 });
    vi.advanceTimersByTime(MINUTE / 2);
    says = 'passed';
    await probe(await challenged());
    expect(await second).toMatchObject({ outcome: 'passed' });
  });

  test('fails with a second face during the challenge; before it both are asked to come alone', async () => {
    const presented = present();
    const { visit } = await faces.visitBegin({});
    expect(await probe(visit, 1)).toEqual({ kind: 'guide', reason: 'several-faces' });
    await probe(await challenged(), 1);
    expect(await presented).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
  });

  test('whose quality never suffices reports the reason', async () => {
    quality = 'too-dark';
    const presented = present();
    const { visit } = await faces.visitBegin({});
    expect(await probe(visit)).toEqual({ kind: 'guide', reason: 'too-dark' });
    vi.advanceTimersByTime(MINUTE);
    expect(await presented).toMatchObject({ outcome: 'no-response', reason: 'too-dark' });
  });

  test('is not awaited when nobody reads its outcome any more', async () => {
    const gone = new AbortController();
    const presented = present(gone.signal);
    gone.abort();
    expect(await presented).toBeNull();
    expect((await probe((await faces.visitBegin({})).visit)).kind).toBe('more');
  });
});

test('there is no trial if no face can be judged', () => {
  off = new Error('no models');
  expect(() => trial.begin()).toThrow(off);
  expect(trial.active()).toBe(false);
});

describe('a challenge with a model that may veto', () => {
  const steps = ['middle', 'middle', 'turn-left', 'turn-left', 'middle', 'look-up', 'look-up'] as const;
  const watched = (isLive: () => Promise<boolean>) => {
    let at = 0;
    const asked: number[] = [];
    const state = (): LivenessState => {
      const done = at >= steps.length - 1;
      return { state: done ? 'passed' : 'going', step: steps[at]!, index: 0, of: 2, progress: 0, hold: false };
    };
    const observed = () => {
      at++;
      return state();
    };
    const check = withVeto(
      { current: state, observe: observed },
      {
        model: 'm',
        isLive(_, [left]) {
          asked.push(left);
          return isLive();
        },
      },
    );
    const observe = (i: number) => check.observe({ box: [i, 0, 1, 1] } as never, frame.picture);
    return { asked, observe, check };
  };

  test('asks about the sample that each move is measured from, and no other', async () => {
    const { asked, observe, check } = watched(async () => true);
    for (let i = 1; i < steps.length; i++) await observe(i);
    expect(asked).toEqual([2, 5]);
    expect(check.current().state).toBe('passed');
  });

  test('has failed for good once the model says no, or can’t answer', async () => {
    let calls = 0;
    const no = watched(async () => ++calls === 1);
    for (let i = 1; i < 5; i++) await no.observe(i);
    expect(await no.observe(5)).toMatchObject({ state: 'failed', reason: 'not-live' });
    expect(await no.observe(6)).toMatchObject({ state: 'failed', reason: 'not-live' });
    const broken = watched(async () => {
      throw new Error('out of memory');
    });
    await broken.observe(1);
    await expect(broken.observe(2)).rejects.toThrow('out of memory');
    expect(await broken.observe(3)).toMatchObject({ state: 'failed', reason: 'not-live' });
  });
});
