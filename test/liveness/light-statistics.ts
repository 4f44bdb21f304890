/**
 * Prints the numbers of the light challenge in docs/prove/liveness.md: `node test/liveness/light-statistics.ts`. Takes some
 * minutes, needs no network. All light is *simulated* (relight.ts), and the limits were chosen on the same footage.
 */
import { prepareModels } from '../../build/models/prepare.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { FR_FEATURE } from '../../models/rules/decision.ts';
import { drawSequence } from '../../models/rules/liveness/light/sequence.ts';
import { startLight } from '../../models/rules/liveness/light/session.ts';
import { type Take, takesOf } from '../footage/index.ts';
import { seeded } from './heads.ts';
import { relit, type Scene } from './relight.ts';
import { watchTake } from './watch.ts';

const SEQUENCES = 2;
const SECONDS = 5.5;
const AT = { lag: 120, whiteBalance: 0.3 } as const;
/** `other`: lit by another sequence than the screen shows. */
const SCENES: Readonly<Record<string, Scene & { readonly other?: true }>> = {
  'head, light 0 %': { kind: 'head', light: 0, ...AT },
  'head, light 2 %': { kind: 'head', light: 0.02, ...AT },
  'head, light 5 %': { kind: 'head', light: 0.05, ...AT },
  'head, light 10 %': { kind: 'head', light: 0.1, ...AT },
  'head, light 20 %': { kind: 'head', light: 0.2, ...AT },
  'head, light 40 %': { kind: 'head', light: 0.4, ...AT },
  'head, light 20 %, 600 ms late': { kind: 'head', light: 0.2, ...AT, lag: 600 },
  'print, light 10 %': { kind: 'print', light: 0.1, ...AT },
  'print, light 30 %': { kind: 'print', light: 0.3, ...AT },
  'pane, 1 %, all over': { kind: 'screen', light: 0.01, ...AT },
  'pane, 3 %, all over': { kind: 'screen', light: 0.03, ...AT },
  'pane, 3 %, the left 70 %': { kind: 'screen', light: 0.03, covers: 0.7, ...AT },
  'pane, 3 %, the left half': { kind: 'screen', light: 0.03, covers: 0.5, ...AT },
  'pane, 3 %, the face alone': { kind: 'screen', light: 0.03, covers: 'face', ...AT },
  'another sequence, 10 %': { kind: 'head', light: 0.1, ...AT, lag: 0, other: true },
  'another sequence, 30 %': { kind: 'head', light: 0.3, ...AT, lag: 0, other: true },
};

const { weights } = await prepareModels();
const pipeline = await openPipeline(weights);
const takes: Take[] = [
  ...[takesOf('A', 'straight')[0]!, takesOf('A', 'talking')[0]!],
  ...takesOf('B', 'straight'),
  ...[takesOf('B', 'talking')[0]!, takesOf('B', 'hand-before-mouth')[0]!],
];
const watched = [];
for (const take of takes) watched.push(await watchTake(pipeline, { ...take, seconds: SECONDS }));
await pipeline.close();

for (const [name, { other, ...scene }] of Object.entries(SCENES)) {
  const answers: string[] = [];
  for (const [i, seen] of watched.entries()) {
    for (let run = 0; run < SEQUENCES; run++) {
      const random = seeded(100 * i + run + 7);
      const sequence = drawSequence(random);
      const instead = other ? { instead: drawSequence(random) } : {};
      const session = startLight(sequence, FR_FEATURE);
      let end = 'going';
      for (const sample of relit(seen, sequence, { ...scene, ...instead }, random)) {
        const state = session.observe(sample);
        if (state.state === 'done') end = state.answer;
        if (state.state === 'failed') end = state.reason;
        if (state.state !== 'going') break;
      }
      answers.push(end);
    }
  }
  const tally = Object.entries(Object.groupBy(answers, (answer) => answer)).map(([a, list]) => `${a} ${list!.length}`);
  console.log(`${name}: ${tally.join(', ')} of ${answers.length}`);
}
