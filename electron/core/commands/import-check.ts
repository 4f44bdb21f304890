import { decodeBytes, readBounded } from '../../../models/node/decode.ts';
import { encodeJpeg } from '../../../models/node/sharp.ts';
import type { Box, RgbImage } from '../../../models/rules/image.ts';
import { IMPORT_QUALITY, qualityScore } from '../../../models/rules/quality.ts';
import type { CommandContext } from '../command.ts';
import type { Photo, Seen } from '../enrolment/import-sift.ts';
import type { PendingPhotos } from '../store/pending.ts';
import { codeOf, messageOf } from './error-text.ts';

/** A second face at least this large, relative to the first, makes it unclear who is meant. */
const RIVAL_FACE = 0.4;
/** Longest side of a picture kept for staff, pixels: enough for the models to process the face. */
const KEPT_SIDE = 960;
/** Margin kept around the faces, as a fraction of their larger side. */
const MARGIN = 0.75;

/** Why no template may be made of a face. */
const NO_CONSENT = {
  'consent-missing': 'no one has stated that this person consented',
  'consent-unclear': 'this person is enrolled without a face: they may have declined, or withdrawn their consent',
} as const;
export type NoConsent = keyof typeof NO_CONSENT;

type Faces = Awaited<ReturnType<CommandContext['faces']>>;

/**
 * Examines one file of a person called `label`.
 * @param not why no template of the face may be made, not even to compare it: nobody vouches for consent, or consent is unclear
 */
export async function examine(
  { pipeline, recogniser }: Faces,
  imports: Pick<PendingPhotos, 'state'>,
  { file, label, not }: { file: string; label: string; not: NoConsent | null },
): Promise<Photo> {
  try {
    const bytes = await readBounded(file);
    const before = imports.state(label, bytes);
    if (before) return { file, before };
    const image = await decodeBytes(bytes);
    const faces = await pipeline.detect(image);
    const [largest] = faces;
    if (!largest) return { file, code: 'no-face', message: 'no face found' };
    const size = ({ box }: { box: Box }) => box[2] * box[3];
    const rivals = faces.filter((one) => size(one) > RIVAL_FACE * size(largest));
    const seen: Seen = { face: largest.box, area: around(rivals.map(({ box }) => box)) };
    if (rivals.length > 1) return { file, code: 'several-faces', message: 'more than one face', seen };
    const { shape, reason } = await recogniser.inspect(image, largest.box, IMPORT_QUALITY);
    if (reason) return { file, code: reason, message: `the face is not good enough: ${reason}`, seen };
    if (not) return { file, code: not, message: NO_CONSENT[not], seen };
    const embedding = await recogniser.embed(image, shape, { mirrored: true });
    return { file, embedding, quality: qualityScore(shape.quality), seen };
  } catch (cause) {
    return { file, code: codeOf(cause, 'internal'), message: messageOf(cause) };
  }
}

/** Returns the smallest box that contains them all. */
function around(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((b) => b[0]));
  const top = Math.min(...boxes.map((b) => b[1]));
  return [
    left,
    top,
    Math.max(...boxes.map((b) => b[0] + b[2])) - left,
    Math.max(...boxes.map((b) => b[1] + b[3])) - top,
  ];
}

/**
 * Returns the part of a picture that is kept until staff has reviewed it: the faces with a margin, encoded in memory, without
 * metadata and without the rest of the picture.
 *
 * @returns `face` as fractions of the part that is kept
 */
export async function keptPart(
  image: RgbImage,
  { face, area }: Seen,
): Promise<{ picture: Uint8Array; face: readonly [number, number, number, number] }> {
  const margin = MARGIN * Math.max(area[2], area[3]);
  const left = Math.max(0, Math.floor(area[0] - margin));
  const top = Math.max(0, Math.floor(area[1] - margin));
  const width = Math.min(image.width, Math.ceil(area[0] + area[2] + margin)) - left;
  const height = Math.min(image.height, Math.ceil(area[1] + area[3] + margin)) - top;
  const kept = { side: KEPT_SIDE, quality: 92, area: [left, top, width, height], fineColours: true } as const;
  const picture = await encodeJpeg(image, kept);
  return {
    picture,
    face: [(face[0] - left) / width, (face[1] - top) / height, face[2] / width, face[3] / height],
  };
}
