import { prepareModels } from '../../build/models/prepare.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { FacePipeline, FaceShape } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import type { FaceQuality } from '../../models/rules/quality.ts';
import { demoPeople, type Person, readFrames, readPicture, type Take } from '../footage/index.ts';
import { type Motion, observation, seeded } from '../liveness/heads.ts';

/**
 * What is in front of the camera in tests of the check-in and of enrolment: people of the recorded footage through the real
 * models, and made-up heads, whose landmarks turn as no footage does and whose embedding a test chooses. For both, everything
 * behind the models (quality verdict, liveness, gallery, decision) is real.
 */
export interface Faces {
  /** The real one, which also recognises made-up heads. Its results for a picture are cached. */
  readonly pipeline: FacePipeline;
  /** Templates of the two people of the footage, from pictures outside the takes. */
  readonly templates: Readonly<Record<Person, readonly Float32Array[]>>;
  /** A take as the screen sends it. Each is read once. */
  take(take: Take): Promise<readonly FaceFrame[]>;
  /** A made-up head with a person's embedding. `quality` overrides the values of a good picture; `image` is black by default. */
  head(motion: Motion, embedding: Float32Array, quality?: Partial<FaceQuality>, image?: RgbImage): FaceFrame;
  close(): Promise<void>;
}

/** Loads the models and reads the footage of a test file, once. */
export async function openFaces(): Promise<Faces> {
  const { weights } = await prepareModels();
  const real = await openPipeline(weights);
  const random = seeded(11);
  const shapes = new WeakMap<RgbImage, Map<string, Promise<FaceShape>>>();
  const embeddings = new WeakMap<RgbImage, Map<FaceShape['five'], Promise<Float32Array>>>();
  const takes = new Map<string, Promise<readonly FaceFrame[]>>();
  const pipeline: FacePipeline = {
    ...real,
    shape: (image, box) => remembered(shapes, image, String(box), () => real.shape(image, box)),
    // A copy, since the caller may wipe it.
    embed: async (image, five) => (await remembered(embeddings, image, five, () => real.embed(image, five))).slice(),
  };

  async function read({ source, start, seconds }: Take): Promise<readonly FaceFrame[]> {
    const frames: FaceFrame[] = [];
    for await (const { image, at } of readFrames(source, { fps: 8, start, seconds })) {
      const [face] = await real.detect(image);
      if (!face) continue;
      frames.push({ picture: picture(image), box: [...face.box], others: 0, takenAt: at * 1000, place: WHOLE });
    }
    return frames;
  }

  async function enrolled(person: Person): Promise<Float32Array[]> {
    const { pictures } = demoPeople()[person === 'A' ? 0 : 1]!;
    const made: Float32Array[] = [];
    for (const one of pictures.slice(0, 4)) {
      const image = await readPicture(one);
      const [face] = await real.detect(image);
      made.push(await real.embed(image, (await real.shape(image, face!.box)).five));
    }
    return made;
  }

  return {
    pipeline,
    templates: { A: await enrolled('A'), B: await enrolled('B') },
    take(take) {
      const key = JSON.stringify(take);
      if (!takes.has(key)) takes.set(key, read(take));
      return takes.get(key)!;
    },
    head(motion, embedding, quality = {}, made) {
      const { landmarks, box, takenAt } = observation(motion, random);
      const image = picture(made ?? { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3) });
      const five: FaceShape['five'] = [landmarks[36]!, landmarks[45]!, landmarks[30]!, landmarks[48]!, landmarks[54]!];
      const shape: FaceShape = { box, landmarks, five, quality: { ...GOOD, yaw: motion.yaw, ...quality } };
      shapes.set(image, new Map([[String(box), Promise.resolve(shape)]]));
      embeddings.set(image, new Map([[five, Promise.resolve(embedding)]]));
      return { picture: image, box: [...box], others: 0, takenAt, place: WHOLE };
    },
    close: () => real.close(),
  };
}

const WHOLE = { x: 0, y: 0, scale: 1 };
const GOOD: FaceQuality = {
  size: 200,
  brightness: 128,
  contrast: 50,
  sharpness: 200,
  yaw: 0,
  pitch: 0,
  roll: 0,
  visible: 1,
};

const picture = ({ width, height, data }: RgbImage): FaceFrame['picture'] => ({
  width,
  height,
  data: Uint8Array.from(data),
});

function remembered<K, V>(
  all: WeakMap<RgbImage, Map<K, Promise<V>>>,
  image: RgbImage,
  key: K,
  make: () => Promise<V>,
): Promise<V> {
  const of = all.get(image) ?? new Map<K, Promise<V>>();
  const found = of.get(key) ?? make();
  all.set(image, of.set(key, found));
  return found;
}

/** Unit vector whose cosine with `embedding` is this. */
export function like(embedding: Float32Array, cosine: number, axis = 0): Float32Array {
  // A vector perpendicular to it: an axis minus its part along the embedding.
  const across = embedding.map((v, i) => (i === axis ? 1 : 0) - v * embedding[axis]!);
  const length = Math.hypot(...across);
  return embedding.map((v, i) => cosine * v + (Math.sqrt(1 - cosine * cosine) * across[i]!) / length);
}

/** The frames in sequence, `next` a moment after the last of `first`. */
export function inARow(...pieces: readonly (readonly FaceFrame[])[]): FaceFrame[] {
  const all: FaceFrame[] = [];
  for (const piece of pieces) {
    const shift = all.length > 0 ? all.at(-1)!.takenAt + 125 - piece[0]!.takenAt : 0;
    all.push(...piece.map((frame) => ({ ...frame, takenAt: frame.takenAt + shift })));
  }
  return all;
}
