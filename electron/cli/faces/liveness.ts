import type { FacePipeline } from '../../../models/node/interface.ts';
import { dot } from '../../../models/rules/cosine.ts';
import { inOrder, type LivenessStrength, ORDERS, STRENGTHS } from '../../../models/rules/liveness/challenge.ts';
import { type Observation, startLiveness } from '../../../models/rules/liveness/liveness.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { framesOf } from './footage.ts';

/** Number of challenges tried and passed. */
interface Tally {
  attempts: number;
  passed: number;
}

export type LivenessLine =
  | ({
      readonly file: string;
      readonly samples: number;
      /** Why challenges were not passed, by code; `unfinished`: the footage ended first. */
      readonly reasons: Readonly<Record<string, number>>;
      readonly strengths: Readonly<Record<LivenessStrength, Readonly<Tally>>>;
    } & Readonly<Tally>)
  | { readonly file: string; readonly error: { readonly code: string; readonly message: string } };

type Seen = Omit<Observation, 'likeness'> & { readonly embedding: Float32Array };

/** Time between the starts of two challenges, ms. */
const EVERY = 500;

/**
 * Tries every challenge of every strength on a video or a folder of frames, starting one every half second: how a kiosk would
 * have judged it as a replay. Waits are drawn by `random`. As at the kiosk, each sample must show the person who was there
 * when the challenge began.
 *
 * @param fps samples per second; for a folder, the rate at which its frames were taken
 */
export async function tryLiveness(
  pipeline: FacePipeline,
  file: string,
  fps: number,
  random: () => number,
): Promise<LivenessLine> {
  try {
    const seen: Seen[] = [];
    for await (const { image, at } of framesOf(file, fps)) {
      const [face] = await pipeline.detect(image);
      if (!face) continue;
      const { landmarks, box, quality, five } = await pipeline.shape(image, face.box);
      const embedding = await pipeline.embed(image, five);
      seen.push({ takenAt: at * 1_000, landmarks, box, quality, place: { x: 0, y: 0, scale: 1 }, embedding });
    }
    return { file, samples: seen.length, ...tryAll(pipeline, seen, random) };
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause;
    return { file, error: { code: cause.code, message: cause.message } };
  }
}

function tryAll({ calibration }: FacePipeline, seen: readonly Seen[], random: () => number) {
  const reasons: Record<string, number> = {};
  const strengths = { light: tally(), standard: tally(), strong: tally() };
  const end = seen.at(-1)?.takenAt ?? 0;
  for (let from = seen[0]?.takenAt ?? 0; from < end; from += EVERY) {
    const rest = seen.filter((s) => s.takenAt >= from);
    const person = rest[0]!.embedding;
    const video = rest.map((s): Observation => ({ ...s, likeness: dot(person, s.embedding) }));
    for (const strength of STRENGTHS) {
      for (const order of ORDERS[strength]) {
        const session = startLiveness(inOrder(order, random), calibration);
        let state = session.current();
        for (const observation of video) {
          state = session.observe(observation);
          if (state.state !== 'going') break;
        }
        strengths[strength].attempts++;
        if (state.state === 'passed') strengths[strength].passed++;
        else {
          const why = state.reason ?? 'unfinished';
          reasons[why] = (reasons[why] ?? 0) + 1;
        }
      }
    }
  }
  const all = Object.values(strengths);
  const sum = (what: keyof Tally): number => all.reduce((total, one) => total + one[what], 0);
  return { attempts: sum('attempts'), passed: sum('passed'), reasons, strengths };
}

const tally = (): Tally => ({ attempts: 0, passed: 0 });
