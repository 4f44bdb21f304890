import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { FR_FEATURE } from '../../models/rules/decision.ts';
import { createChallenge, type LivenessStrength, type Move, ORDERS } from '../../models/rules/liveness/challenge.ts';
import { drawSequence } from '../../models/rules/liveness/light/sequence.ts';
import { startLight } from '../../models/rules/liveness/light/session.ts';
import { startLiveness } from '../../models/rules/liveness/liveness.ts';
import { depth, testPlane } from '../../models/rules/liveness/plane.ts';
import { type Person, readPicture, type Shows, stillsOfA, type Take, takes, takesOf } from '../footage/index.ts';
import { type Print, printOf } from './attacks.ts';
import { challengeOf, seeded } from './heads.ts';
import { relit, type Scene } from './relight.ts';
import { type Attack, attack, judge, type Watched, watch, watchTake } from './watch.ts';
import { act, type WatchedMoves, watchMoves } from './willing.ts';

/*
 * Liveness on real footage and simulated prints, through the real detector and landmarks. The prompt selects the footage, as a
 * person would react to it.
 */
let pipeline: FacePipeline;
beforeAll(async () => {
  const { weights } = await prepareModels();
  pipeline = await openPipeline(weights);
});
afterAll(() => pipeline?.close());

const name = (take: Take) => `${take.person} ${take.source.split('/').at(-1)} ${take.start} s`;
const first = (person: Person, shows: Shows): Take => takesOf(person, shows)[0]!;
describe('recorded heads', () => {
  test.each(
    takes()
      .filter((t) => t.shows === 'turn-left' || t.shows === 'turn-right')
      .map((t) => [name(t), t] as const),
  )('that turn as asked pass, and fail if the other side was asked: %s', async (_, take) => {
    const seen = await watchTake(pipeline, take);
    const other = take.shows === 'turn-left' ? 'turn-right' : 'turn-left';
    expect(judge(challengeOf(take.shows as Move), seen).state).toBe('passed');
    expect(judge(challengeOf(other), seen)).toMatchObject({ state: 'failed', reason: 'wrong-direction' });
  });

  test('that only talk pass no turn', async () => {
    for (const person of ['A', 'B'] as const) {
      const seen = await watchTake(pipeline, { ...first(person, 'talking'), seconds: 5 });
      expect(judge(challengeOf('turn-left'), seen).state).not.toBe('passed');
      expect(judge(challengeOf('turn-right'), seen).state).not.toBe('passed');
    }
  });

  describe('of a man who follows the challenge', () => {
    let moves: WatchedMoves;
    beforeAll(async () => {
      moves = await watchMoves(pipeline);
    });

    test.each<LivenessStrength>(['light', 'standard', 'strong'])('pass every sequence of `%s`', (strength) => {
      const random = seeded(5);
      const asked = new Set<string>();
      while (asked.size < ORDERS[strength].length) {
        const challenge = createChallenge(random, strength);
        asked.add(String(challenge.steps.map(({ step }) => step)));
        const { end } = act(startLiveness(challenge, FR_FEATURE), moves, 300 + 300 * random());
        expect(end, JSON.stringify(challenge)).toMatchObject({ state: 'passed' });
      }
    });
  });

  test('of a video that doesn’t react seldom pass, started at any moment', async () => {
    const seen = await watchTake(pipeline, { source: first('B', 'hand-before-mouth').source, start: 0, seconds: 53 });
    const random = seeded(6);
    const passed = (strength: LivenessStrength): number => {
      let [tries, count] = [0, 0];
      for (let from = 0; from < 50_000; from += 500, tries++) {
        const rest = seen.filter((o) => o.takenAt >= from);
        if (judge(createChallenge(random, strength), rest).state === 'passed') count++;
      }
      return count / tries;
    };
    expect(passed('standard')).toBeLessThan(1 / 8);
    expect(passed('strong')).toBeLessThan(1 / 30);
  });

  test('that turned before being asked do not pass', async () => {
    const turn = await watchTake(pipeline, first('B', 'turn-left'));
    const turned = turn.filter((o) => o.quality.yaw > 20);
    const held = turned.slice(-3).flatMap((o, i) => [0, 1, 2, 3].map((k) => ({ ...o, takenAt: (4 * i + k) * 125 })));
    expect(judge(challengeOf('turn-left'), held).state).toBe('going');
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
      expect(seen.length).toBeGreaterThan(14); // the face was found, so it is the rule that rejects it
      expect(judge(challengeOf(direction > 0 ? 'turn-left' : 'turn-right'), seen).state).not.toBe('passed');
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

describe('a recorded head in *simulated* light of the screen', () => {
  const seen = new Map<Person, readonly Watched[]>();
  beforeAll(async () => {
    for (const person of ['A', 'B'] as const)
      seen.set(person, await watchTake(pipeline, { ...first(person, 'straight'), seconds: 5.5 }));
  });

  /** @param another whether it is lit by another sequence than the screen shows */
  function answerOf(person: Person, scene: Omit<Scene, 'lag'> & { readonly lag?: number }, another = false): string {
    const random = seeded(7);
    const sequence = drawSequence(random);
    const session = startLight(sequence, FR_FEATURE);
    const of: Scene = { lag: 120, whiteBalance: 0.3, ...scene, ...(another && { instead: drawSequence(random) }) };
    for (const sample of relit(seen.get(person)!, sequence, of, random)) {
      const state = session.observe(sample);
      if (state.state === 'done') return state.answer;
      if (state.state === 'failed') return state.reason;
    }
    return 'going';
  }

  test.each<Person>(['A', 'B'])(
    'answers the colours, while prints, glossy screens, other colours and late answers do not: man %s',
    (person) => {
      expect(answerOf(person, { kind: 'head', light: 0.3 })).toBe('answered');
      expect(answerOf(person, { kind: 'head', light: 0 })).not.toBe('answered');
      expect(answerOf(person, { kind: 'head', light: 0.3, lag: 600 })).toBe('late');
      expect(answerOf(person, { kind: 'head', light: 0.3 }, true)).not.toBe('answered');
      expect(answerOf(person, { kind: 'print', light: 0.3 })).toBe('flat');
      expect(answerOf(person, { kind: 'screen', light: 0.03 })).toBe('flat');
      expect(answerOf(person, { kind: 'screen', light: 0.03, covers: 0.7 })).toBe('flat');
    },
  );
});
