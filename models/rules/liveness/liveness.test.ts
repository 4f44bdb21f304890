import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Motion, observation, seeded, turning } from '../../../test/liveness/heads.ts';
import { FR_FEATURE } from '../decision.ts';
import type { ChallengeStep } from '../reasons.ts';
import { createChallenge, type LivenessOptions, type LivenessState, startLiveness } from './liveness.ts';
import { breakBetween, sampleOf } from './sample.ts';

/** Runs a motion through a challenge; every answer. */
function run(
  steps: ChallengeStep[],
  motion: readonly Motion[],
  options: LivenessOptions & { noise?: number } = {},
): LivenessState[] {
  const random = seeded(7);
  const session = startLiveness({ steps }, FR_FEATURE, options);
  return motion.map((m) => session.observe(observation(m, random, options.noise)));
}
const last = (answers: readonly LivenessState[]): LivenessState => answers.at(-1)!;
/** The motion `more` follows `first` without a break. */
const then = (first: readonly Motion[], more: readonly Motion[]): Motion[] => {
  const from = first.at(-1)!.at + 125;
  return [...first, ...more.map((m) => ({ ...m, at: m.at + from }))];
};
const still = (ms: number, more: Partial<Motion> = {}): Motion[] =>
  Array.from({ length: Math.ceil(ms / 125) }, (_, i) => ({ yaw: 0, ...more, at: i * 125 }));
const back = (motion: readonly Motion[]): Motion[] => {
  const end = motion.at(-1)!.at;
  return motion.toReversed().map((m) => ({ ...m, at: end - m.at }));
};

describe('a challenge', () => {
  test('always has a head turn, whatever chance says', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (draws) => {
        const { steps } = createChallenge(() => draws.next().value!);
        expect(steps.filter((s) => s.startsWith('turn-'))).toHaveLength(1);
        expect(steps.length).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('draws sides and extra steps evenly enough not to be guessed', () => {
    const random = seeded(3);
    const drawn = Array.from({ length: 4000 }, () => createChallenge(random, { turns: 2 }).steps);
    const count = (want: (steps: readonly ChallengeStep[]) => boolean) => drawn.filter(want).length / drawn.length;
    expect(count((s) => s.find((x) => x.startsWith('turn-')) === 'turn-left')).toBeCloseTo(0.5, 1);
    expect(count((s) => s.includes('blink'))).toBeCloseTo(0.25, 1);
    expect(count((s) => s.includes('closer'))).toBeCloseTo(0.25, 1);
    expect(count((s) => s[0] === 'blink' || s[0] === 'closer')).toBeCloseTo(1 / 6, 1);
  });

  test('of blink and coming closer alone is refused: they prove nothing', () => {
    expect(() => startLiveness({ steps: ['blink', 'closer'] }, FR_FEATURE)).toThrow(RangeError);
    expect(() => startLiveness({ steps: [] }, FR_FEATURE)).toThrow(RangeError);
    expect(createChallenge(() => 0.9, { turns: 0 }).steps).toEqual(['turn-right']);
  });
});

describe('a head turn', () => {
  test.each([
    ['turn-left', 24],
    ['turn-right', -24],
  ] as const)('%s passes when a head turns there', (step, yaw) => {
    const answers = run([step], turning(yaw));
    expect(last(answers)).toMatchObject({ state: 'passed', progress: 1 });
    const progress = answers.map((a) => a.progress);
    expect(progress.some((p) => p > 0.2 && p < 0.9)).toBe(true);
  });

  test('of less than 15° is none, and one whose landmarks turn the other way neither', () => {
    expect(last(run(['turn-left'], turning(13))).state).toBe('going');
    const random = seeded(9);
    const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
    for (const m of turning(-24)) session.observe({ ...observation(m, random), quality: { yaw: -m.yaw } });
    expect(session.current().state).toBe('going');
  });

  test('is measured from three samples straight ahead over 200 ms, however many come a second', () => {
    const startedAt = (every: number) => {
      const random = seeded(2);
      const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
      const answers = Array.from({ length: 12 }, (_, i) =>
        session.observe(observation({ at: i * every, yaw: i === 0 ? 0 : 0.5 * i }, random)),
      );
      return answers.findIndex((a) => a.progress > 0);
    };
    expect(startedAt(40)).toBe(6);
    expect(startedAt(250)).toBe(3);
  });

  test('has to show a solid head in two samples in a row, both of them turned', () => {
    const moved = (...yaws: number[]) =>
      run(
        ['turn-left'],
        [0, 0, 0, 0, 5, 11, ...yaws].map((yaw, i) => ({ yaw, at: i * 125 })),
      );
    expect(last(moved(20, 22)).state).toBe('going');
    expect(last(moved(20, 8, 2, 0)).state).toBe('going');
    expect(last(moved(20, 22, 23)).state).toBe('passed');
  });

  test('fails at once when the head turns the other way', () => {
    expect(last(run(['turn-left'], turning(-24)))).toMatchObject({ state: 'failed', reason: 'wrong-direction' });
  });

  test('fails as flat when a photograph is turned, even one that fools the estimate of the head’s pose', () => {
    for (const yaw of [24, 35, 45]) {
      const motion = turning(yaw, { solid: 0 });
      expect(last(run(['turn-left'], motion))).toMatchObject({ state: 'going' });
      expect(last(run(['turn-left'], then(motion, still(6_000, { yaw, solid: 0 }))))).toMatchObject({
        state: 'failed',
        reason: 'flat',
      });
    }
  });

  test('fails when a picture is swung from one side to the other, which doubles what little relief its landmarks have', () => {
    // Landmark models see a little of a head in any picture of one: a quarter of its depth here.
    const motion = turning(80, { solid: 0.25 }).map((m) => ({ ...m, yaw: m.yaw - 40 }));
    const random = seeded(5);
    const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
    for (const m of motion) session.observe({ ...observation(m, random), quality: { yaw: m.yaw / 2.2 } });
    expect(session.current().state).toBe('going');
  });

  test('fails with a photograph bent round a wide column: it needs far more tilt than a head for the same parallax', () => {
    for (const yaw of [30, 40]) {
      expect(last(run(['turn-left'], turning(yaw, { solid: 0, bend: 100 }))).state).toBe('going');
    }
  });

  test('needs parallax, not only an estimate of the pose that says turned', () => {
    const random = seeded(9);
    const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
    for (const m of turning(5)) session.observe({ ...observation(m, random), quality: { yaw: m.yaw * 5 } });
    expect(session.current().state).toBe('going');
  });

  test('does not count when the head was turned already: it has to be straight first', () => {
    const motion = still(9_000, { yaw: 25 });
    expect(last(run(['turn-left'], motion))).toMatchObject({ state: 'failed', reason: 'not-straight' });
  });

  test('that comes before anybody could have read the prompt does not count', () => {
    const early = turning(24, {}, -200);
    expect(last(run(['turn-left'], then(early, still(6_500, { yaw: 24 }))))).toMatchObject({
      state: 'failed',
      reason: 'not-straight',
    });
  });

  test('that never comes runs out of time', () => {
    expect(last(run(['turn-left'], still(8_500)))).toMatchObject({ state: 'failed', reason: 'no-turn' });
  });

  test('has to be seen on the way: a straight picture swapped for a turned one is no turn', () => {
    const swapped = then(still(1_000), still(6_000, { yaw: 20 }));
    expect(last(run(['turn-left'], swapped)).state).not.toBe('passed');
  });

  test('counts for nothing across a gap, and too many gaps end it', () => {
    const gap = turning(24).map((m) => (m.at > 800 ? { ...m, at: m.at + 2_000 } : m));
    expect(last(run(['turn-left'], gap)).state).toBe('going');
    const broken = turning(0).map((m, i) => ({ ...m, at: i * 1_000 }));
    expect(last(run(['turn-left'], broken))).toMatchObject({ state: 'failed', reason: 'interrupted' });
  });

  test('starts over after a jump in the picture, and passes when it is then made', () => {
    const jump = then(turning(10, {}, 500).slice(0, 10), turning(24, { x: 160 }));
    const answers = run(['turn-left'], jump);
    const before = answers.findIndex((a) => a.progress > 0.3);
    expect(answers.slice(before).some((a) => a.progress === 0)).toBe(true);
    expect(last(answers).state).toBe('passed');
  });

  test('asks for more parallax the more the landmarks tremble while the head is straight', () => {
    const tremble = (pixels: number) => {
      const random = seeded(4);
      const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
      turning(20).forEach((m, i) => {
        const o = observation(m, random);
        const landmarks = o.landmarks.map(
          ([x, y], k) => [k === 30 && i < 5 ? x + (i % 2 ? pixels : -pixels) : x, y] as const,
        );
        session.observe({ ...o, landmarks });
      });
      return session.current().state;
    };
    expect(tremble(0)).toBe('passed');
    expect(tremble(5)).toBe('going');
  });
});

describe('the head that moves', () => {
  /** Samples of a turn, each as like the recognised person as `likeness` says. */
  function turned(likeness: (sample: number, yaw: number) => number): LivenessState[] {
    const random = seeded(7);
    const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
    return turning(24).map((m, i) => session.observe({ ...observation(m, random), likeness: likeness(i, m.yaw) }));
  }
  /** The sample with which the same turn passes when all of it is the recognised person's. */
  const passing = turned(() => 1).findIndex((a) => a.state === 'passed');

  test('is the recognised person’s in every frame: another’s in a single one, and the turn starts over', () => {
    expect(passing).toBeGreaterThan(5);
    for (let other = 0; other <= passing; other++) {
      const answers = turned((i) => (i === other ? 0.39 : 1));
      expect(answers[other], `sample ${other}`).toMatchObject({ state: 'going', progress: 0 });
      // Three samples straight ahead and three turned, all of them after it.
      const passed = answers.findIndex((a) => a.state === 'passed');
      expect(passed === -1 || passed >= other + 6, `sample ${other}: passed at ${passed}`).toBe(true);
    }
  });

  test('ends the challenge where it stays another’s, and says so', () => {
    const answers = turned((i) => (i < 5 ? 1 : 0.1));
    expect(answers[8]).toMatchObject({ state: 'failed', reason: 'another-person' });
    expect(answers[7]!.state).toBe('going');
  });

  test('has to be a little more like them straight ahead than turned, where the same face scores lower', () => {
    expect(last(turned((_, yaw) => (yaw < 5 ? 0.45 : 0.4))).state).toBe('passed');
    expect(last(turned((_, yaw) => (yaw < 5 ? 0.44 : 0.9)))).toMatchObject({
      state: 'failed',
      reason: 'another-person',
    });
  });

  test('that is like nobody by a likeness that is no number is another’s', () => {
    expect(last(turned(() => Number.NaN))).toMatchObject({ state: 'failed', reason: 'another-person' });
    expect(last(turned((i) => (i < 5 ? 1 : Number.NaN)))).toMatchObject({ state: 'failed', reason: 'another-person' });
  });

  test('is measured from samples of the person alone: three of them, after the last one of another', () => {
    const answers = turned((i) => (i < 3 ? 0.1 : 1));
    expect(answers[5]!.progress).toBe(0);
    expect(answers[6]!.progress).toBeGreaterThan(0);
  });
});

describe('a session', () => {
  test('goes through all steps in order, and only then has passed', () => {
    const turned = turning(24);
    const motion = then(then(turned, back(turned)), turning(-24));
    const answers = run(['turn-left', 'turn-right'], motion);
    expect(last(answers)).toMatchObject({ state: 'passed', index: 1, of: 2 });
    expect(answers.filter((a) => a.state === 'passed' && a.index === 0)).toHaveLength(0);
  });

  test('gives each step its own eight seconds', () => {
    const blink = then(then(still(5_000), still(300, { open: 0.3 })), still(400));
    const motion = then(then(blink, still(5_000)), turning(24));
    expect(motion.at(-1)!.at).toBeGreaterThan(8_000);
    expect(last(run(['blink', 'turn-left'], motion)).state).toBe('passed');
  });

  test('takes eyes closed for long for no blink, and one frame nearer for no coming closer', () => {
    const dozing = then(then(still(600), still(3_000, { open: 0.3 })), still(400));
    expect(last(run(['blink', 'turn-left'], dozing)).index).toBe(0);
    const once = still(2_000).map((m, i) => ({ ...m, distance: i === 9 ? 415 : 500 }));
    expect(last(run(['closer', 'turn-left'], once)).index).toBe(0);
  });

  test('a blink is closing and opening the eyes; leaning a picture back is none', () => {
    const open = still(600);
    const closed = then(open, still(300, { open: 0.3 }));
    const blink = then(closed, still(400));
    expect(last(run(['blink', 'turn-left'], open)).index).toBe(0);
    expect(last(run(['blink', 'turn-left'], closed)).index).toBe(0);
    expect(last(run(['blink', 'turn-left'], blink))).toMatchObject({ index: 1, state: 'going' });
    const leaned = then(
      then(
        open,
        [10, 20, 30, 40, 48, 52, 52, 48, 40, 30, 20, 10].map((pitch, i) => ({ yaw: 0, pitch, solid: 0, at: i * 125 })),
      ),
      still(400, { solid: 0 }),
    ).map((m) => ({ ...m, solid: 0 }));
    expect(last(run(['blink', 'turn-left'], leaned)).index).toBe(0);
  });

  test('coming closer is a face that grows, in the camera’s frame and not in a crop that follows it', () => {
    const nearer = Array.from({ length: 20 }, (_, i) => ({ yaw: 0, at: i * 125, distance: 600 - 8 * i }));
    expect(last(run(['closer', 'turn-left'], nearer)).index).toBe(1);
    const random = seeded(2);
    const session = startLiveness({ steps: ['closer', 'turn-left'] }, FR_FEATURE);
    let answer: LivenessState | null = null;
    for (const m of nearer) {
      // The crop shrinks the face to one size; its scale is in `place`.
      const o = observation(m, random);
      const scale = 600 / m.distance;
      const landmarks = o.landmarks.map(([x, y]) => [x / scale, y / scale] as const);
      answer = session.observe({ ...o, landmarks, place: { x: 0, y: 0, scale } });
    }
    expect(answer!.index).toBe(1);
    expect(last(run(['closer', 'turn-left'], still(3_000))).index).toBe(0);
  });

  test('that was passed or failed stays so', () => {
    for (const yaw of [24, -24]) {
      const random = seeded(7);
      const session = startLiveness({ steps: ['turn-left'] }, FR_FEATURE);
      for (const m of turning(yaw)) session.observe(observation(m, random));
      const { state } = session.current();
      expect(state).toBe(yaw > 0 ? 'passed' : 'failed');
      expect(session.observe(observation({ at: 99_000, yaw: 0 }, random)).state).toBe(state);
    }
  });

  test('time that runs backwards ends it', () => {
    const motion = turning(24).map((m, i) => ({ ...m, at: i === 5 ? 0 : m.at }));
    expect(last(run(['turn-left'], motion))).toMatchObject({ state: 'failed', reason: 'interrupted' });
  });
});

describe('two samples', () => {
  const sample = (place: Partial<Motion>, placed = true) => {
    const o = observation({ at: 0, yaw: 0, ...place }, seeded(1), 0);
    return sampleOf({ ...o, place: placed ? o.place : undefined });
  };
  const between = (place: Partial<Motion>, placed = true) =>
    breakBetween(sample({}, placed), { ...sample({ at: 125, ...place }, placed), yaw: 0 });

  test.each<[string, Partial<Motion>, ReturnType<typeof breakBetween>]>([
    ['a moment later', {}, null],
    ['700 ms later', { at: 700 }, null],
    ['more than 700 ms later', { at: 701 }, 'gap'],
    ['at one time', { at: 0 }, 'gap'],
    ['a little nearer', { distance: 420 }, null],
    ['much nearer', { distance: 380 }, 'jump'],
    ['much further', { distance: 660 }, 'jump'],
    ['a little aside', { x: 60 }, null],
    ['far aside', { x: 90 }, 'jump'],
    ['of another shape', { pitch: 30 }, 'jump'],
  ])('%s: %o', (_, place, broken) => {
    expect(between(place)).toBe(broken);
  });

  test('are compared by place only where the camera’s frame is known, and by the angle of the head', () => {
    expect(between({ x: 90 }, false)).toBeNull();
    const angled = (yaw: number) => breakBetween(sample({}), { ...sample({ at: 125 }), yaw });
    expect([angled(28), angled(29), angled(-29)]).toEqual([null, 'jump', 'jump']);
  });
});
