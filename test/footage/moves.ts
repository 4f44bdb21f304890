import { readFrames, type Segment } from '../../electron/cli/demo/footage.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { apply, fitSimilarity, invert, type Similarity } from '../../models/rules/geometry.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import type { Move } from '../../models/rules/liveness/challenge.ts';
import { takesOf } from './catalogue.ts';

/** Frames of man B straight ahead, and of each move from straight ahead to its furthest point. */
export type Moves = Readonly<Record<Move | 'straight', readonly RgbImage[]>>;

/** How long the takes show him still before he moves, minus a moment, s. It is cut, since a person reacts to a prompt sooner. */
const WAITS: Readonly<Record<Move, number>> = { 'turn-left': 1.1, 'turn-right': 1.15, 'look-up': 0, 'look-down': 0 };

const SIZE = { width: 640, height: 480 } as const;

/**
 * Returns moves of man B from several takes, each aligned with the first frame that shows him straight ahead, as if he had made
 * them all before one camera. His movements are those of the footage; his position is not.
 */
export async function movesOfB(pipeline: FacePipeline, fps: number): Promise<Moves> {
  const framesOf = async ({ source, start = 0, seconds, filter }: Segment): Promise<RgbImage[]> => {
    const frames: RgbImage[] = [];
    for await (const { image } of readFrames(source, { ...SIZE, fps, start, seconds, ...(filter && { filter }) }))
      frames.push(image);
    return frames;
  };
  const landmarks = async (image: RgbImage) => {
    const [face] = await pipeline.detect(image);
    return (await pipeline.shape(image, face!.box)).landmarks;
  };
  const straight = await framesOf(takesOf('B', 'straight')[1]!);
  const there = await landmarks(straight[0]!);
  const move = async (name: Move): Promise<RgbImage[]> => {
    const take = takesOf('B', name)[0]!;
    const wait = WAITS[name];
    const frames = await framesOf({ ...take, start: take.start + wait, seconds: take.seconds - wait });
    const moved = invert(fitSimilarity(await landmarks(frames[0]!), there));
    return frames.map((frame) => laid(frame, moved));
  };
  return {
    straight,
    'turn-left': await move('turn-left'),
    'turn-right': await move('turn-right'),
    'look-up': await move('look-up'),
    'look-down': await move('look-down'),
  };
}

/** Transforms a picture, repeating its edge where it has no pixels. @param back from the new picture's points to the old one's */
function laid({ width, height, data }: RgbImage, back: Similarity): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const [u, v] = apply(back, [x, y]);
      const left = Math.min(width - 2, Math.max(0, Math.floor(u)));
      const top = Math.min(height - 2, Math.max(0, Math.floor(v)));
      const [fx, fy] = [Math.min(1, Math.max(0, u - left)), Math.min(1, Math.max(0, v - top))];
      const from = (top * width + left) * 3;
      for (let c = 0; c < 3; c++) {
        const [i, j] = [from + c, from + width * 3 + c];
        const upper = data[i]! * (1 - fx) + data[i + 3]! * fx;
        const lower = data[j]! * (1 - fx) + data[j + 3]! * fx;
        out[at + c] = upper * (1 - fy) + lower * fy;
      }
    }
  }
  return { width, height, data: out };
}
