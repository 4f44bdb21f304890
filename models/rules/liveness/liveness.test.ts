import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { challengeOf, type Motion, observation, seeded, turning } from '../../../test/liveness/heads.ts';
import { FR_FEATURE } from '../decision.ts';
import { type Challenge, createChallenge, type LivenessStrength, type Move, ORDERS } from './challenge.ts';
import { type LivenessState, startLiveness } from './liveness.ts';
import { breakBetween, sampleOf } from './sample.ts';

/** Runs a motion through a challenge; returns every state. */
function run(moves: readonly Move[] | Challenge, motion: readonly Motion[]): LivenessState[] {
  const random = seeded(7);
  const challenge = 'steps' in moves ? moves : challengeOf(...moves);
  const session = startLiveness(challenge, FR_FEATURE);
  return motion.map((m) => session.observe(observation(m, random)));
}
const last = (answers: readonly LivenessState[]): LivenessState => answers.at(-1)!;
/** Appends the motion `more` to `first` without a break. */
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
  const strengths: readonly LivenessStrength[] = ['light', 'standard', 'strong'];

  test.each([
    ['light', 1, 2],
    ['standard', 2, 12],
    ['strong', 3, 56],
  ] as const)(
    '%s: %i moves, drawn uniformly from %i different orders that each include a turn',
    (strength, moves, orders) => {
      expect(new Set(ORDERS[strength].map(String)).size).toBe(orders);
      expect(ORDERS[strength].every((order) => order.length === moves && /turn/.test(String(order)))).toBe(true);
      const random = seeded(3);
      const drawn = Array.from({ length: 200 * orders }, () => createChallenge(random, strength).steps);
      const counts = Object.values(Object.groupBy(drawn, (steps) => String(steps.map(({ step }) => step))));
      expect(counts).toHaveLength(orders);
      for (const those of counts) expect(Math.abs(those!.length - 200)).toBeLessThan(70);
    },
  );

  test('asks to look straight ahead before each move, with random waits and none after the last', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...strengths),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (strength, draws) => {
          const { steps } = createChallenge(() => draws.next().value!, strength);
          for (const [i, { step, hold }] of steps.entries()) {
            expect(step === 'middle').toBe(i % 2 === 0);
            const [least, most] = step === 'middle' ? [200, 600] : [300, 900];
            if (i === steps.length - 1) expect(hold).toBe(0);
            else expect(hold >= least && hold <= most).toBe(true);
          }
        },
      ),
    );
    const waits = (random: () => number) => createChallenge(random, 'strong').steps.map(({ hold }) => hold);
    const random = seeded(4);
    expect(new Set(Array.from({ length: 100 }, () => String(waits(random)))).size).toBe(100);
  });

  test('without a turn, or with a move that does not start in the middle, is rejected', () => {
    const { steps } = challengeOf('turn-left', 'look-up');
    for (const some of [[], steps.slice(2), steps.slice(1), steps.slice(0, 3), steps.toReversed()]) {
      expect(() => startLiveness({ steps: some }, FR_FEATURE)).toThrow(RangeError);
    }
    expect(() => startLiveness({ steps }, FR_FEATURE)).not.toThrow();
  });
});

describe('a head turn', () => {
  test.each([
    ['turn-left', 24],
    ['turn-right', -24],
  ] as const)('%s passes if a head turns that way', (step, yaw) => {
    const answers = run([step], turning(yaw));
    expect(last(answers)).toMatchObject({ state: 'passed', progress: 1 });
    const progress = answers.map((a) => a.progress);
    expect(progress.some((p) => p > 0.2 && p < 0.9)).toBe(true);
  });

  test('of less than 15°, or with landmarks that turn the other way, does not count', () => {
    expect(last(run(['turn-left'], turning(13))).state).toBe('going');
    const random = seeded(9);
    const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
    for (const m of turning(-24)) session.observe({ ...observation(m, random), quality: { yaw: -m.yaw, pitch: 0 } });
    expect(session.current().state).toBe('going');
  });

  test('is measured from three samples straight ahead over 200 ms, at any frame rate', () => {
    const startedAt = (every: number) => {
      const random = seeded(2);
      const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
      const answers = Array.from({ length: 12 }, (_, i) =>
        session.observe(observation({ at: i * every, yaw: i === 0 ? 0 : 0.5 * i }, random)),
      );
      return answers.findIndex((a) => a.step === 'turn-left');
    };
    expect(startedAt(40)).toBe(5);
    expect(startedAt(250)).toBe(2);
  });

  test('must show a solid head in two turned samples in a row', () => {
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

  test('fails as flat for a turned photograph, even if it fools the pose estimate', () => {
    for (const yaw of [24, 35, 45]) {
      const motion = turning(yaw, { solid: 0 });
      expect(last(run(['turn-left'], motion))).toMatchObject({ state: 'going' });
      expect(last(run(['turn-left'], then(motion, still(6_000, { yaw, solid: 0 }))))).toMatchObject({
        state: 'failed',
        reason: 'flat',
      });
    }
  });

  test('fails for a picture swung from side to side, which doubles the small relief of its landmarks', () => {
    // In any picture of a head, landmark models see some of its depth: here a quarter.
    const motion = turning(80, { solid: 0.25 }).map((m) => ({ ...m, yaw: m.yaw - 40 }));
    const random = seeded(5);
    const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
    for (const m of motion) session.observe({ ...observation(m, random), quality: { yaw: m.yaw / 2.2, pitch: 0 } });
    expect(session.current().state).toBe('going');
  });

  test('fails for a photograph bent around a wide column, which needs far more tilt than a head for the same parallax', () => {
    for (const yaw of [30, 40]) {
      expect(last(run(['turn-left'], turning(yaw, { solid: 0, bend: 100 }))).state).toBe('going');
    }
  });

  test('needs parallax, not only an estimated turn', () => {
    const random = seeded(9);
    const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
    for (const m of turning(5)) session.observe({ ...observation(m, random), quality: { yaw: m.yaw * 5, pitch: 0 } });
    expect(session.current().state).toBe('going');
  });

  test('does not count if the head was already turned: it must be straight first', () => {
    const motion = still(9_000, { yaw: 25 });
    expect(last(run(['turn-left'], motion))).toMatchObject({ state: 'failed', reason: 'not-straight' });
  });

  test('that comes too soon to be a response to the prompt does not count', () => {
    const early = turning(24, {}, -200);
    expect(last(run(['turn-left'], then(early, still(6_500, { yaw: 24 }))))).toMatchObject({
      state: 'failed',
      reason: 'not-straight',
    });
  });

  test('that never comes runs out of time', () => {
    expect(last(run(['turn-left'], still(9_000)))).toMatchObject({ state: 'failed', reason: 'no-move' });
  });

  test('must be seen on the way: a straight picture swapped for a turned one does not count', () => {
    const swapped = then(still(1_000), still(6_000, { yaw: 20 }));
    expect(last(run(['turn-left'], swapped)).state).not.toBe('passed');
  });

  test('too quick to follow is requested again, and passes when made more slowly', () => {
    const quick = then(still(1_000), still(500, { yaw: 18 }));
    const answers = run(['turn-left'], quick);
    expect(last(answers)).toMatchObject({ state: 'going', step: 'middle', progress: 0 });
    expect(last(run(['turn-left'], then(quick, turning(24)))).state).toBe('passed');
    const again = Array.from({ length: 4 }, () => quick).reduce((all, one) => then(all, one));
    expect(last(run(['turn-left'], again))).toMatchObject({ state: 'failed', reason: 'interrupted' });
  });

  test('does not count across a gap, and too many gaps end the challenge', () => {
    const gap = turning(24).map((m) => (m.at > 800 ? { ...m, at: m.at + 2_000 } : m));
    expect(last(run(['turn-left'], gap)).state).toBe('going');
    const broken = turning(0).map((m, i) => ({ ...m, at: i * 1_000 }));
    expect(last(run(['turn-left'], broken))).toMatchObject({ state: 'failed', reason: 'interrupted' });
  });

  test('starts over after a jump in the picture, and then passes when it is made', () => {
    const jump = then(turning(10, {}, 500).slice(0, 10), turning(24, { x: 160 }));
    const answers = run(['turn-left'], jump);
    const before = answers.findIndex((a) => a.progress > 0.3);
    expect(answers.slice(before).some((a) => a.progress === 0)).toBe(true);
    expect(last(answers).state).toBe('passed');
  });

  test('needs more parallax the noisier the landmarks are while the head is straight', () => {
    const tremble = (pixels: number) => {
      const random = seeded(4);
      const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
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
  /** Samples of a turn, each with the likeness to the recognised person given by `likeness`. */
  function turned(likeness: (sample: number, yaw: number) => number): LivenessState[] {
    const random = seeded(7);
    const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
    return turning(24).map((m, i) => session.observe({ ...observation(m, random), likeness: likeness(i, m.yaw) }));
  }
  /** The sample with which the same turn passes if every sample is the recognised person's. */
  const passing = turned(() => 1).findIndex((a) => a.state === 'passed');

  test('must be the recognised person’s in every frame: one frame of another restarts the turn', () => {
    expect(passing).toBeGreaterThan(5);
    for (let other = 0; other <= passing; other++) {
      const answers = turned((i) => (i === other ? 0.39 : 1));
      expect(answers[other], `sample ${other}`).toMatchObject({ state: 'going', progress: 0 });
      // Three samples straight ahead and three turned, all after it.
      const passed = answers.findIndex((a) => a.state === 'passed');
      expect(passed === -1 || passed >= other + 6, `sample ${other}: passed at ${passed}`).toBe(true);
    }
  });

  test('ends the challenge with that reason if it stays another person’s', () => {
    const answers = turned((i) => (i < 5 ? 1 : 0.1));
    expect(answers[8]).toMatchObject({ state: 'failed', reason: 'another-person' });
    expect(answers[7]!.state).toBe('going');
  });

  test('needs a slightly higher likeness straight ahead than turned, where the same face scores lower', () => {
    expect(last(turned((_, yaw) => (yaw < 5 ? 0.45 : 0.4))).state).toBe('passed');
    expect(last(turned((_, yaw) => (yaw < 5 ? 0.44 : 0.9)))).toMatchObject({
      state: 'failed',
      reason: 'another-person',
    });
  });

  test('counts as another person’s if its likeness is NaN', () => {
    expect(last(turned(() => Number.NaN))).toMatchObject({ state: 'failed', reason: 'another-person' });
    expect(last(turned((i) => (i < 5 ? 1 : Number.NaN)))).toMatchObject({ state: 'failed', reason: 'another-person' });
  });

  test('is measured from three samples of that person, after the last one of another', () => {
    const answers = turned((i) => (i < 3 ? 0.1 : 1));
    expect(answers[5]!.progress).toBe(0);
    expect(answers[6]!.progress).toBeGreaterThan(0);
  });
});

/** Straight ahead, then to the end of each move, and back; with the times in `ms` at either end. */
function moving(moves: readonly Move[], ms: { middle?: number; move?: number } = {}): Motion[] {
  const { middle = 1_000, move = 1_200 } = ms;
  const ends: Record<Move, { yaw: number; pitch: number }> = {
    'turn-left': { yaw: 24, pitch: 0 },
    'turn-right': { yaw: -24, pitch: 0 },
    'look-up': { yaw: 0, pitch: 20 },
    'look-down': { yaw: 0, pitch: -20 },
  };
  const way = (to: { yaw: number; pitch: number }): Motion[] =>
    [0.2, 0.5, 0.8].map((t, i) => ({ yaw: t * to.yaw, pitch: t * to.pitch, at: i * 125 }));
  return moves
    .map((name) => ends[name])
    .reduce<Motion[]>(
      (motion, end) => then(then(then(then(motion, way(end)), still(move, end)), back(way(end))), still(middle)),
      still(middle),
    );
}

describe('a move', () => {
  test.each<Move>(['turn-left', 'turn-right', 'look-up', 'look-down'])(
    '%s after a turn passes when it is made, but no other move does',
    (move) => {
      for (const made of ['turn-left', 'turn-right', 'look-up', 'look-down'] as const) {
        const answer = last(run(['turn-left', move], moving(['turn-left', made])));
        if (made === move) expect(answer).toMatchObject({ state: 'passed', index: 1, of: 2 });
        else expect(answer, made).toMatchObject({ state: 'failed', reason: 'wrong-direction', index: 1 });
      }
    },
  );

  test('to a corner counts as at most one of the two: it fits no more challenges than any other', () => {
    const passing = (yaw: number, pitch: number) => {
      const corner = then(
        still(1_000),
        [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1].map((t, i) => ({ yaw: t * yaw, pitch: t * pitch, at: i * 125 })),
      );
      return (['turn-left', 'look-up'] as const).filter((move) => {
        const random = seeded(7);
        const session = startLiveness(challengeOf(move, 'turn-left'), FR_FEATURE);
        return corner.some((m) => session.observe(observation(m, random)).index === 1);
      });
    };
    expect(passing(24, 18)).toEqual(['turn-left']);
    expect(passing(18, 20)).toEqual([]);
    expect(passing(8, 20)).toEqual(['look-up']);
  });

  test('must be seen on the way, up and down as well as sideways', () => {
    const jumped = then(moving(['turn-left']), still(2_000, { pitch: 14 }));
    expect(last(run(['turn-left', 'look-up'], jumped)).state).toBe('going');
  });

  test('must be held until the next prompt: leaving sooner means not waiting for it', () => {
    const waiting = (hold: number) => {
      const { steps } = challengeOf('turn-left', 'turn-right');
      return { steps: steps.map((timed, i) => (i === 1 ? { ...timed, hold } : timed)) };
    };
    const made = moving(['turn-left', 'turn-right'], { move: 500 });
    expect(last(run(waiting(100), made)).state).toBe('passed');
    expect(last(run(waiting(900), made))).toMatchObject({ state: 'failed', reason: 'too-soon', index: 0 });
    const { steps } = waiting(0);
    const straight = run({ steps: [{ ...steps[0]!, hold: 600 }, ...steps.slice(1)] }, made);
    expect(straight.findIndex((a) => a.step === 'turn-left')).toBe(5);
    const answers = run(waiting(900), moving(['turn-left', 'turn-right']));
    expect(last(answers).state).toBe('passed');
    expect(answers.filter((a) => a.hold).map((a) => a.step)).toContain('turn-left');
  });

  test('that continues to the other side does not count as returning to the middle', () => {
    const through = then(
      moving(['turn-left']).slice(0, 20),
      [18, 6, -6, -18, -24, -18, -6, 0].map((yaw, i) => ({ yaw, at: i * 125 })),
    );
    const answer = last(run(['turn-left', 'turn-left'], then(through, moving(['turn-left']))));
    expect(answer).toMatchObject({ state: 'failed', reason: 'wrong-direction' });
  });
});

describe('a recording', () => {
  test.each(['standard', 'strong'] as const)(
    'that turns in one of the orders of `%s` passes that order and no other',
    (strength) => {
      for (const order of ORDERS[strength].filter((_, i) => i % 5 === 0)) {
        const recording = moving(order);
        const passed = ORDERS[strength].filter((asked) => last(run(asked, recording)).state === 'passed');
        expect(passed).toEqual([order]);
      }
      expect(ORDERS[strength].filter((asked) => last(run(asked, moving(['turn-left']))).state === 'passed')).toEqual(
        [],
      );
    },
  );

  test('can’t know how long to wait: each of its moves fits only some waits', () => {
    const random = seeded(8);
    const recording = moving(['turn-left', 'turn-right'], { move: 700 });
    const tries = Array.from({ length: 600 }, () => createChallenge(random, 'standard')).filter(
      ({ steps }) => String([steps[1]!.step, steps[3]!.step]) === 'turn-left,turn-right',
    );
    const passed = tries.filter((challenge) => last(run(challenge, recording)).state === 'passed').length;
    expect(tries.length).toBeGreaterThan(20);
    expect(passed).toBeGreaterThan(0);
    expect(passed).toBeLessThan(tries.length);
  });
});

describe('a session', () => {
  test('takes all steps in order before it passes', () => {
    const answers = run(['turn-left', 'turn-right'], moving(['turn-left', 'turn-right']));
    expect(last(answers)).toMatchObject({ state: 'passed', index: 1, of: 2 });
    expect(answers.filter((a) => a.state === 'passed' && a.index === 0)).toHaveLength(0);
    const steps = answers.map((a) => a.step).filter((step, i, all) => step !== all[i - 1]);
    expect(steps).toEqual(['middle', 'turn-left', 'middle', 'turn-right']);
  });

  test('gives each step its own eight seconds', () => {
    const slow = moving(['turn-left', 'turn-right'], { middle: 6_000 });
    expect(last(run(['turn-left', 'turn-right'], slow)).state).toBe('passed');
  });

  test('restarts a move after a break, from straight ahead', () => {
    const made = moving(['turn-left', 'turn-right']);
    const turned = made.findIndex((m) => m.yaw === -24);
    const broken = made.map((m, i) => (i >= turned ? { ...m, at: m.at + 1_000 } : m));
    const answers = run(['turn-left', 'turn-right'], broken);
    expect(answers[turned]).toMatchObject({ state: 'going', step: 'middle', index: 1 });
    expect(last(answers).state).toBe('going');
    expect(last(run(['turn-left', 'turn-right'], then(broken, moving(['turn-right'])))).state).toBe('passed');
  });

  test('that has passed or failed stays so', () => {
    for (const yaw of [24, -24]) {
      const random = seeded(7);
      const session = startLiveness(challengeOf('turn-left'), FR_FEATURE);
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

  test('are compared by position only if the camera’s frame is known, and by the head’s angle', () => {
    expect(between({ x: 90 }, false)).toBeNull();
    const angled = (yaw: number) => breakBetween(sample({}), { ...sample({ at: 125 }), yaw });
    expect([angled(28), angled(29), angled(-29)]).toEqual([null, 'jump', 'jump']);
  });
});
