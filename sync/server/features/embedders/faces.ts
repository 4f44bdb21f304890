import { DECODE_LIMITS, decodeBytes } from '../../../../models/node/decode.ts';
import type { FacePipeline } from '../../../../models/node/interface.ts';
import { openPipeline } from '../../../../models/node/pipeline.ts';
import { ModelProblem } from '../../../../models/node/problem.ts';
import { encodeJpeg } from '../../../../models/node/sharp.ts';
import type { Calibration } from '../../../../models/rules/decision.ts';
import type { Box, RgbImage } from '../../../../models/rules/image.ts';
import { EMBEDDER_ID } from '../../../../models/rules/manifest.ts';
import {
  type FaceQuality,
  judgeQuality,
  type QualityThresholds,
  qualityScore,
} from '../../../../models/rules/quality.ts';
import { Problem } from '../../../errors/problem.ts';
import type { Services } from '../../platform/access/route.ts';
import { findSorted } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';

/** Largest accepted picture, bytes. */
export const MAX_PICTURE_BYTES = 12 * 1024 * 1024;
const LIMITS = { ...DECODE_LIMITS, maxBytes: MAX_PICTURE_BYTES, maxPixels: 40_000_000, maxSeconds: 10 };
/** Share of the largest face's area from which a second face makes it unclear who is meant. */
const RIVAL_FACE = 0.4;
/** Degrees of yaw up to which a head faces the camera. */
const FRONT_YAW = 10;

export type Pose = 'front' | 'left' | 'right';

export interface UsableFace {
  readonly code: null;
  readonly model: string;
  /** Calibration of the model's scores. */
  readonly calibration: Calibration;
  /** L2-normalised. */
  readonly embedding: Float32Array;
  /** JPEG of the cropped face. */
  readonly picture: Uint8Array;
  readonly pose: Pose;
  readonly measured: FaceQuality;
  /** 0 to 100. */
  readonly quality: number;
}

/** Result of judging a picture. `code` is the reason why it can't be used, from the quality gate or the decoder. */
export type Judged =
  | UsableFace
  | {
      readonly code: string;
      readonly pose: Pose | null;
      readonly measured: FaceQuality | null;
      /** Null if it has no face or several, or isn't a picture. */
      readonly picture: Uint8Array | null;
    };

const useless = (code: string): Judged => ({ code, pose: null, measured: null, picture: null });

const shared = new Map<string, Promise<FacePipeline>>();

/**
 * Returns the pipeline with an embedder. Models are loaded on first use and kept.
 *
 * @param weights folder
 * @param embedder id
 * @throws ModelProblem `model-missing`, `model-altered`, `model-refused`, `model-unknown`
 */
export function sharedPipeline(weights: string, embedder: string): Promise<FacePipeline> {
  const key = `${weights} ${embedder}`;
  const found = shared.get(key);
  if (found) return found;
  const opening = openPipeline(weights, embedder).catch((cause: unknown) => {
    shared.delete(key);
    throw cause;
  });
  shared.set(key, opening);
  return opening;
}

/**
 * Judges a picture, and computes its embedding if it is good enough. Invalid pictures, and those made to exhaust the machine,
 * get a code too.
 *
 * @param quality required quality
 * @throws ModelProblem only if the models themselves fail
 */
export async function judgePicture(
  pipeline: FacePipeline,
  bytes: Uint8Array,
  quality: QualityThresholds,
): Promise<Judged> {
  try {
    const image = await decodeBytes(bytes, LIMITS);
    const [largest, rival] = await pipeline.detect(image);
    if (!largest) return useless('no-face');
    if (rival && rival.box[2] * rival.box[3] > RIVAL_FACE * largest.box[2] * largest.box[3])
      return useless('several-faces');
    const shape = await pipeline.shape(image, largest.box);
    const pose = poseOf(shape.quality.yaw);
    const measured = rounded(shape.quality);
    const code = judgeQuality(shape.quality, quality);
    const picture = await cutFace(image, largest.box);
    if (code) return { code, pose, measured, picture };
    const embedding = await pipeline.embed(image, shape.five, { mirrored: true });
    const { model, calibration } = pipeline;
    return { code: null, model, calibration, embedding, picture, pose, measured, quality: qualityScore(shape.quality) };
  } catch (cause) {
    if (cause instanceof ModelProblem && !cause.code.startsWith('model-')) return useless(cause.code);
    throw cause;
  }
}

function poseOf(yaw: number): Pose {
  if (Math.abs(yaw) <= FRONT_YAW) return 'front';
  return yaw > 0 ? 'left' : 'right';
}

const rounded = (quality: FaceQuality): FaceQuality =>
  Object.fromEntries(Object.entries(quality).map(([name, value]) => [name, Math.round(value * 100) / 100])) as never;

/** Margin around a face on each side, as a share of its box. Enough to detect the face again in the crop. */
const BORDER = 0.6;
/** Longest side of a crop, pixels. */
const SIDE = 480;

/** Crops the face and encodes it as JPEG in memory, without the surroundings and without metadata. */
export async function cutFace(image: RgbImage, box: Box): Promise<Uint8Array> {
  const [x, y, width, height] = box;
  const left = Math.max(0, Math.floor(x - width * BORDER));
  const top = Math.max(0, Math.floor(y - height * BORDER));
  const right = Math.min(image.width, Math.ceil(x + width * (1 + BORDER)));
  const bottom = Math.min(image.height, Math.ceil(y + height * (1 + BORDER)));
  return encodeJpeg(image, { side: SIDE, quality: 88, area: [left, top, right - left, bottom - top] });
}

/** Returns the embedder for new templates: the one kiosks were last switched to, else the built-in one. */
export async function presentEmbedder(db: Db): Promise<string> {
  const switched = { state: ['switched', 'done'] } as const;
  const [row] = await findSorted(db, 'model_migration', switched, ['made_at'], { descending: true, limit: 1 });
  return row?.to_model ?? EMBEDDER_ID;
}

/** Returns the present embedder's pipeline. Call it outside transactions. @throws Problem `models-missing`, `models-altered` */
export async function presentPipeline({ db, config }: Pick<Services, 'db' | 'config'>): Promise<FacePipeline> {
  const embedder = await presentEmbedder(db);
  try {
    return await sharedPipeline(config.weights, embedder);
  } catch (cause) {
    if (!(cause instanceof ModelProblem)) throw cause;
    throw new Problem(modelsCode(cause), { cause });
  }
}

/** Maps a problem with the models to the code used in checks and answers. */
export const modelsCode = ({ code }: ModelProblem): 'models-missing' | 'models-altered' =>
  code === 'model-missing' || code === 'model-unknown' ? 'models-missing' : 'models-altered';
