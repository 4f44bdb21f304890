import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { depth, testPlane } from '../../models/rules/liveness/plane.ts';
import type { ChallengeStep } from '../../models/rules/reasons.ts';
import { type Person, readPicture, type Shows, stillsOfA, type Take, takes, takesOf } from '../footage/index.ts';
import { type Print, printOf } from './attacks.ts';
import { seeded } from './heads.ts';
import { type Attack, attack, judge, type Watched, watch, watchTake } from './watch.ts';

/*
 * Liveness on real footage and simulated prints, through the real detector and landmarks. What the footage shows is
 * chosen by the prompt, as a person would react to it.
 */
let pipeline: FacePipeline;
beforeAll(async () => {
  const { weights } = await prepareModels();
  pipeline = await openPipeline(weights);
});
afterAll(() => pipeline?.close());

const name = (take: Take) => `${take.person} ${take.source.split('/').at(-1)} ${take.start} s`;
const first = (person: Person, shows: Shows): Take => takesOf(person, shows)[0]!;
/** `next` right after `before`. */
const after = (before: readonly Watched[], next: readonly Watched[]): Watched[] => {
  const shift = before.at(-1)!.takenAt + 125 - next[0]!.takenAt;
  return [...before, ...next.map((o) => ({ ...o, takenAt: o.takenAt + shift }))];
};

describe('recorded heads', () => {
  test.each(
    takes()
      .filter((t) => t.shows === 'turn-left' || t.shows === 'turn-right')
      .map((t) => [name(t), t] as const),
  )('that turn as they were asked pass, and fail when the other side was asked: %s', async (_, take) => {
    const seen = await watchTake(pipeline, take);
    const other = take.shows === 'turn-left' ? 'turn-right' : 'turn-left';
    expect(judge([take.shows as ChallengeStep], seen).state).toBe('passed');
    expect(judge([other], seen)).toMatchObject({ state: 'failed', reason: 'wrong-direction' });
  });

  test('that only talk pass no turn', async () => {
    for (const person of ['A', 'B'] as const) {
      const seen = await watchTake(pipeline, { ...first(person, 'talking'), seconds: 5 });
      expect(judge(['turn-left'], seen).state).not.toBe('passed');
      expect(judge(['turn-right'], seen).state).not.toBe('passed');
    }
  });

  test('that blink or come closer pass those steps, which then still need the turn', async () => {
    for (const [person, step] of [
      ['A', 'blink'],
      ['B', 'blink'],
      ['B', 'closer'],
    ] as const) {
      const take = takesOf(person, step).at(-1)!;
      const answer = judge([step, 'turn-left'], await watchTake(pipeline, take));
      expect(answer, name(take)).toMatchObject({ state: 'going', index: 1, of: 2 });
    }
    expect(judge(['blink', 'turn-left'], await watchTake(pipeline, first('B', 'straight'))).index).toBe(0);
    expect(judge(['closer', 'turn-left'], await watchTake(pipeline, first('B', 'straight'))).index).toBe(0);
  });

  test('pass a whole challenge of several steps when the footage follows the prompts', async () => {
    const closer = await watchTake(pipeline, takesOf('B', 'closer').at(-1)!);
    const turn = await watchTake(pipeline, first('B', 'turn-right'));
    expect(judge(['closer', 'turn-right'], after(closer, turn))).toMatchObject({ state: 'passed', index: 1 });
  });

  test('that turned before they were asked do not pass', async () => {
    const turn = await watchTake(pipeline, first('B', 'turn-left'));
    const turned = turn.filter((o) => o.quality.yaw > 20);
    const held = turned.slice(-3).flatMap((o, i) => [0, 1, 2, 3].map((k) => ({ ...o, takenAt: (4 * i + k) * 125 })));
    expect(judge(['turn-left'], held).state).toBe('going');
  });
});

describe('a still picture, printed life-size and moved in front of a simulated camera', () => {
  let print: Print;
  let straight: Watched;
  beforeAll(async () => {
    const picture = await readPicture({ source: stillsOfA()[4]! });
    const [face] = await pipeline.detect(picture);
    print = printOf(picture, (await pipeline.shape(picture, face!.box)).landmarks);
    straight = (await watchTake(pipeline, { ...first('B', 'turn-left'), seconds: 0.5 }))[0]!;
  });
  const seenOf = (kind: Attack, direction: 1 | -1) =>
    watch(pipeline, attack(print, kind, direction, seeded(direction + 2)));

  test.each<Attack>([
    'flat, turned 0° → 45°',
    'flat, swung −40° → 45°',
    'flat, turned and tilted',
    'flat, carried and brought closer',
  ])('does not pass: %s', async (kind) => {
    for (const direction of [1, -1] as const) {
      const seen = await seenOf(kind, direction);
      expect(seen.length).toBeGreaterThan(14); // the face was found: it is the rule that refuses it
      expect(judge([direction > 0 ? 'turn-left' : 'turn-right'], seen).state).not.toBe('passed');
    }
  });

  test('shows far less depth than a head: the non-planarity test', async () => {
    const seen = await seenOf('flat, turned 0° → 45°', 1);
    const paper = testPlane(seen[0]!.landmarks, seen.at(-1)!.landmarks)!;
    expect(paper.tilt).toBeGreaterThan(0.5);
    expect(depth(paper)).toBeLessThan(0.18);
    const turned = (await watchTake(pipeline, first('B', 'turn-left'))).reduce((a, b) =>
      b.quality.yaw > a.quality.yaw ? b : a,
    );
    const head = testPlane(straight.landmarks, turned.landmarks)!;
    expect(head.parallax).toBeGreaterThan(0.12);
    expect(depth(head)).toBeGreaterThan(0.27);
  });
});
