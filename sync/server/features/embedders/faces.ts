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

/** Largest picture that is looked at, bytes and pixels. */
export const MAX_PICTURE_BYTES = 12 * 1024 * 1024;
const LIMITS = { ...DECODE_LIMITS, maxBytes: MAX_PICTURE_BYTES, maxPixels: 40_000_000, maxSeconds: 10 };
/** A second face of at least this share of the first makes it unclear who is meant. */
const RIVAL_FACE = 0.4;
/** Degrees of yaw up to which a head faces the camera. */
const FRONT_YAW = 10;

export type Pose = 'front' | 'left' | 'right';

export interface UsableFace {
  readonly code: null;
  readonly model: string;
  /** How scores of that model are read. */
  readonly calibration: Calibration;
  /** L2-normalised. */
  readonly embedding: Float32Array;
  /** JPEG of the face alone. */
  readonly picture: Uint8Array;
  readonly pose: Pose;
  readonly measured: FaceQuality;
  /** 0 to 100. */
  readonly quality: number;
}

/** What a picture is good for. `code`: why it is not, as the quality gate or the decoder calls it. */
export type Judged =
  | UsableFace
  | {
      readonly code: string;
      readonly pose: Pose | null;
      readonly measured: FaceQuality | null;
      /** Null: there is no face in it, or several, or it is no picture. */
      readonly picture: Uint8Array | null;
    };

const useless = (code: string): Judged => ({ code, pose: null, measured: null, picture: null });

const shared = new Map<string, Promise<FacePipeline>>();

/**
 * The models, loaded at the first picture and kept.
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
 * Judges a picture, and makes a template of it where it is good enough. Pictures that are none, or that are made to exhaust
 * the machine, are answered by a code as well.
 *
 * @param quality what is demanded
 * @throws ModelProblem only where the models themselves fail
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

/** Margin around a face on each side, as a share of its box: enough to find it again in the cut. */
const BORDER = 0.6;
/** Longest side of a cut, pixels. */
const SIDE = 480;

/** The face alone as JPEG, in memory, no metadata: what is around it, and what the file said of itself, is gone. */
export async function cutFace(image: RgbImage, box: Box): Promise<Uint8Array> {
  const [x, y, width, height] = box;
  const left = Math.max(0, Math.floor(x - width * BORDER));
  const top = Math.max(0, Math.floor(y - height * BORDER));
  const right = Math.min(image.width, Math.ceil(x + width * (1 + BORDER)));
  const bottom = Math.min(image.height, Math.ceil(y + height * (1 + BORDER)));
  return encodeJpeg(image, { side: SIDE, quality: 88, area: [left, top, right - left, bottom - top] });
}

/** The embedder that new templates are made with: the one that kiosks were switched to last, else the one that ships. */
export async function presentEmbedder(db: Db): Promise<string> {
  const switched = { state: ['switched', 'done'] } as const;
  const [row] = await findSorted(db, 'model_migration', switched, ['made_at'], { descending: true, limit: 1 });
  return row?.to_model ?? EMBEDDER_ID;
}

/** Outside of any transaction. @throws Problem `models-missing`, `models-altered` */
export async function presentPipeline({ db, config }: Pick<Services, 'db' | 'config'>): Promise<FacePipeline> {
  const embedder = await presentEmbedder(db);
  try {
    return await sharedPipeline(config.weights, embedder);
  } catch (cause) {
    if (!(cause instanceof ModelProblem)) throw cause;
    throw new Problem(modelsCode(cause), { cause });
  }
}

/** What is wrong with the models, as checks and answers call it. */
export const modelsCode = ({ code }: ModelProblem): 'models-missing' | 'models-altered' =>
  code === 'model-missing' || code === 'model-unknown' ? 'models-missing' : 'models-altered';
