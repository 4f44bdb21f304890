import { setTimeout } from 'node:timers/promises';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { ProbeResult } from '../../electron/contract/methods.ts';
import type { Core } from '../../electron/core/interface.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import type { Move } from '../../models/rules/liveness/challenge.ts';
import type { ChallengeStep } from '../../models/rules/reasons.ts';
import { movesOfB } from '../footage/moves.ts';
import { SAMPLES_A_SECOND } from './watch.ts';
import { willing } from './willing.ts';

/*
 * A running core as its screen uses it, with footage as the camera: the prompt decides what is shown next. Time is the footage's
 * own.
 */

const EVERY = 1_000 / SAMPLES_A_SECOND;

/** Returns what the camera sees for a prompt, `ms` after the visit began. */
export type Seen = (prompt: ChallengeStep, ms: number) => FaceFrame;

/** Returns the frame as the screen sends it. */
export async function frameOf(pipeline: FacePipeline, image: RgbImage): Promise<FaceFrame> {
  const [face] = await pipeline.detect(image);
  const picture = { width: image.width, height: image.height, data: Uint8Array.from(image.data) };
  return { picture, box: [...face!.box], others: 0, takenAt: 0, place: { x: 0, y: 0, scale: 1 } };
}

/** Man B, who does what he is asked. Call the result once per visit. */
export async function manB(pipeline: FacePipeline): Promise<() => Seen> {
  const frames = async (images: readonly RgbImage[]) => Promise.all(images.map((image) => frameOf(pipeline, image)));
  const moves = Object.entries(await movesOfB(pipeline, SAMPLES_A_SECOND));
  const made = await Promise.all(moves.map(async ([name, images]) => [name, await frames(images)] as const));
  const seen = Object.fromEntries(made) as Record<Move | 'straight', FaceFrame[]>;
  return () => willing(seen);
}

/** Plays one visit until it is answered, with at most a minute of footage. Returns every answer. */
export async function visit(methods: Core['methods'], seen: Seen): Promise<ProbeResult[]> {
  const { visit: id } = await methods.visitBegin({});
  const answers: ProbeResult[] = [];
  for (let ms = 0; ms < 60_000; ) {
    const last = answers.at(-1);
    const frame = { ...seen(last?.kind === 'challenge' ? (last.step as ChallengeStep) : 'middle', ms), takenAt: ms };
    const answer = await methods.probe({ visit: id, frame });
    answers.push(answer);
    if (['welcome', 'other-method', 'done'].includes(answer.kind)) break;
    // During a trial there may be no presentation waiting for a face yet.
    if (answer.kind === 'more' && answer.progress === 0) await setTimeout(20);
    else ms += EVERY;
  }
  await methods.visitEnd({ visit: id });
  return answers;
}
