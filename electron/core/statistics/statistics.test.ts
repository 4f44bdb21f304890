import { expect, test, vi } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import type { ProbeResult } from '../../contract/methods.ts';
import { binOf, createStatistics, FEWEST_SCORES, startStatistics } from './statistics.ts';

const methods = (answers: ProbeResult[]) => ({
  visitBegin: async (_input: object) => ({ visit: 'v' }),
  visitEnd: async (_input: object) => ({}),
  probe: async (_input: object) => answers.shift()!,
  async checkinByPin(_input: object): Promise<never> {
    throw new Problem('pin-wrong');
  },
});
const FRAME = { visit: 'v', frame: {} } as never;

test('a reason counts once per visit, however many frames show it, and the methods’ results are passed on', async () => {
  const dark = { kind: 'guide', reason: 'too-dark' } as const;
  const lost = { kind: 'other-method', reason: 'unknown' } as const;
  const statistics = createStatistics(() => 0);
  const counted = statistics.around(methods([dark, dark, lost, dark]));
  await counted.visitBegin({});
  for (const expected of [dark, dark, lost]) expect(await counted.probe(FRAME)).toEqual(expected);
  await counted.visitBegin({});
  await counted.probe(FRAME);
  await expect(counted.checkinByPin({ number: '1', pin: '2' })).rejects.toMatchObject({ code: 'pin-wrong' });
  statistics.recorded({ method: 'qr', score: null });
  expect(statistics.take()).toEqual({
    'guide.too-dark': 2,
    'other-method.unknown': 1,
    'refused.pin-wrong': 1,
    'method.qr': 1,
    queue: 0,
  });
  expect(statistics.take()).toBeNull();
});

test('liveness challenges that failed or that people walked away from are counted, each of them', async () => {
  const at = (step: 'middle' | 'turn-left', index = 0) =>
    ({ kind: 'challenge', step, index, of: 2, progress: 0, hold: false, light: true }) as const;
  const again = { kind: 'more', progress: 0 } as const;
  const guide = { kind: 'guide', reason: 'several-faces' } as const;
  const light: ProbeResult = { kind: 'light', sequence: [] };
  const welcome = { kind: 'welcome', receipt: {} } as unknown as ProbeResult;
  const liveness = { kind: 'other-method', reason: 'liveness' } as const;
  const counted = async (...visits: ProbeResult[][]) => {
    const statistics = createStatistics(() => 0);
    const answers: ProbeResult[] = [];
    const around = statistics.around(methods(answers));
    for (const visit of visits) {
      answers.push(...visit);
      const begun = await around.visitBegin({});
      for (const _ of visit) await around.probe(FRAME);
      await around.visitEnd(begun);
      await around.visitEnd(begun);
    }
    await around.visitBegin({});
    return statistics.take();
  };
  // Passers-by and passed challenges are counted in neither.
  expect(await counted([again, at('middle')], [at('middle'), at('turn-left'), light, welcome])).toBeNull();
  expect(await counted([at('middle'), again, again, at('turn-left'), again, again, at('middle'), liveness])).toEqual({
    'challenge.failed': 3,
    'other-method.liveness': 1,
    queue: 0,
  });
  expect(await counted([at('turn-left'), guide], [at('middle'), at('turn-left'), at('middle', 1)], [light])).toEqual({
    'challenge.left': 3,
    'guide.several-faces': 1,
    queue: 0,
  });
});

test('scores are reported only when enough people share them, and are kept until then', () => {
  const statistics = createStatistics(() => 0);
  const record = () => statistics.recorded({ method: 'face', score: 0.81 });
  for (let i = 1; i < FEWEST_SCORES; i += 1) record();
  expect(Object.keys(statistics.take()!)).toEqual(['method.face', 'queue']);
  record();
  expect(statistics.take()).toMatchObject({ 'method.face': 1, 'score.80': FEWEST_SCORES });
  expect([0, 0.049, 0.05, 0.8, 0.999, 1, -0.2].map(binOf)).toEqual([0, 0, 5, 80, 95, 95, 0]);
});

test('the time to accept a face is counted from its first frame, in bins, like its score', async () => {
  let now = 0;
  const statistics = createStatistics(() => now);
  const counted = statistics.around(methods([]));
  for (let i = 0; i < FEWEST_SCORES; i += 1) {
    await counted.visitBegin({});
    now += i === 0 ? 95_000 : 2400;
    statistics.recorded({ method: 'face', score: 0.81 });
  }
  // Without a face no time is counted.
  await counted.visitBegin({});
  statistics.recorded({ method: 'badge', score: null });
  expect(statistics.take()).toMatchObject({ 'wait.3': FEWEST_SCORES - 1, 'wait.60': 1, 'score.80': FEWEST_SCORES });
});

test('an hour in which something happened is one event, with the longest queue; a quiet hour is none', () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  try {
    const statistics = createStatistics(() => 0);
    const events: unknown[] = [];
    const depths = [1, 7, 2];
    const stop = startStatistics(statistics, {
      pending: () => depths.shift() ?? 0,
      append: (detail) => events.push(detail),
      wall: Date.now,
      failed: (error) => expect.fail(String(error)),
    });
    vi.advanceTimersByTime(3 * 3_600_000);
    expect(events).toEqual([{ since: '2026-01-01T00:00:00.000Z', queue: 7 }]);
    stop();
  } finally {
    vi.useRealTimers();
  }
});
