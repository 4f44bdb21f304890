import '../../models/node/no-telemetry.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { FR_FEATURE } from '../../models/rules/decision.ts';
import { createChallenge, ORDERS, STRENGTHS } from '../../models/rules/liveness/challenge.ts';
import { startLiveness } from '../../models/rules/liveness/liveness.ts';
import { takesOf } from '../footage/index.ts';
import { judge, watchTake } from '../liveness/watch.ts';
import { act, watchMoves } from '../liveness/willing.ts';
import { benchLine, median, seededRandom } from './harness.ts';
import type { BenchGroup } from './types.ts';

const GROUP = 'liveness';
const CHALLENGES = 200;
/** Time from a prompt to the first movement, ms; the longest time that someone may take. */
const REACTION = 400;

export const group: BenchGroup = {
  name: GROUP,
  describe: 'how long a challenge takes a person who does what it asks, and how often a video passes one by chance',
  leavesOut:
    'the screen and the camera; one man on footage, his moves from several takes; no figure of a certified laboratory',
  async *run(ctx) {
    const { weights } = await prepareModels();
    const pipeline = await openPipeline(weights);
    try {
      ctx.note('a man who does what he is asked');
      const moves = await watchMoves(pipeline);
      for (const strength of STRENGTHS) {
        const times = (reaction: number) => {
          const random = seededRandom(1);
          return Array.from({ length: CHALLENGES }, () => {
            const { end, ms } = act(startLiveness(createChallenge(random, strength), FR_FEATURE), moves, reaction);
            if (end.state !== 'passed') throw new Error(`he was refused: ${end.reason}`);
            return ms;
          });
        };
        yield benchLine({
          group: GROUP,
          name: `${strength}: from the first prompt to the end, median`,
          unit: 'ms',
          ours: median(times(REACTION)),
          reference: 'the same waits and moves, without time to react',
          referenceValue: median(times(0)),
          better: 'lower',
        });
      }
      ctx.note('a video as a replay');
      const { source } = takesOf('B', 'hand-before-mouth')[0]!;
      const video = await watchTake(pipeline, { source, start: 0, seconds: 53 });
      const random = seededRandom(2);
      for (const strength of STRENGTHS) {
        let [tries, passed] = [0, 0];
        for (let from = 0; from < 52_000; from += 500) {
          const rest = video.filter((o) => o.takenAt >= from);
          for (let i = 0; i < 10; i++, tries++) {
            if (judge(createChallenge(random, strength), rest).state === 'passed') passed++;
          }
        }
        yield benchLine({
          group: GROUP,
          name: `${strength}: challenges that a video of a man who turns and nods passes`,
          unit: '%',
          ours: (100 * passed) / tries,
          reference: `limit: one order of ${ORDERS[strength].length}`,
          referenceValue: 100 / ORDERS[strength].length,
          better: 'lower',
          bar: 1,
        });
      }
    } finally {
      await pipeline.close();
    }
  },
};
