import type { FacePipeline } from '../../models/node/interface.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import type { Move } from '../../models/rules/liveness/challenge.ts';
import type { LivenessSession, LivenessState } from '../../models/rules/liveness/liveness.ts';
import type { ChallengeStep } from '../../models/rules/reasons.ts';
import { movesOfB } from '../footage/moves.ts';
import { SAMPLES_A_SECOND, type Watched, watch } from './watch.ts';

export type WatchedMoves = Readonly<Record<Move | 'straight', readonly Watched[]>>;

/** Returns what the core detects in man B’s moves. */
export async function watchMoves(pipeline: FacePipeline): Promise<WatchedMoves> {
  const watched = async (frames: readonly RgbImage[]) =>
    watch(
      pipeline,
      (async function* () {
        for (const [i, image] of frames.entries()) yield { image, at: i / SAMPLES_A_SECOND };
      })(),
    );
  const moves = Object.entries(await movesOfB(pipeline, SAMPLES_A_SECOND));
  const seen: [string, readonly Watched[]][] = [];
  for (const [name, frames] of moves) seen.push([name, await watched(frames)]);
  return Object.fromEntries(seen) as WatchedMoves;
}

const EVERY = 1_000 / SAMPLES_A_SECOND;
/** How many last frames of a move are played back and forth while the head stays there, since nobody holds quite still. */
const END = 3;

/**
 * A person who does what a challenge asks, `reaction` ms after each prompt.
 * @returns what is seen of them next, by the prompt shown and the time in ms
 */
export function willing<T>(moves: Readonly<Record<Move | 'straight', readonly T[]>>, reaction = 400) {
  const prompts: { at: number; step: ChallengeStep }[] = [];
  let going: Move | null = null;
  let at = 0;
  let ticks = 0;
  const swing = (list: readonly T[]): T => {
    const round = Math.max(1, 2 * list.length - 2);
    return list[list.length - 1 - Math.abs(list.length - 1 - (ticks++ % round))]!;
  };
  const shown = (asked: ChallengeStep): T => {
    if (going === null && asked !== 'middle') [going, at] = [asked, -1];
    if (going === null) return swing(moves.straight);
    if (going === asked && at < moves[going].length - 1) return moves[going][++at]!;
    if (going === asked) return swing(moves[going].slice(-END));
    const frame = moves[going][at]!;
    if (--at < 0) going = null;
    return frame;
  };
  return (prompt: ChallengeStep, ms: number): T => {
    if (prompts.at(-1)?.step !== prompt) prompts.push({ at: ms, step: prompt });
    return shown(prompts.findLast((p) => p.at <= ms - reaction)?.step ?? 'middle');
  };
}

/**
 * Plays footage of that person against a challenge.
 * @returns how it ended, and after how many ms
 */
export function act(
  session: LivenessSession,
  moves: WatchedMoves,
  reaction = 400,
): { readonly end: LivenessState; readonly ms: number } {
  const next = willing(moves, reaction);
  let state = session.current();
  let ms = 0;
  for (; state.state === 'going' && ms < 60_000; ms += EVERY)
    state = session.observe({ ...next(state.step, ms), takenAt: ms });
  return { end: state, ms };
}
