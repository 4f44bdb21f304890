import { dot } from '../../../models/rules/cosine.ts';
import { type Calibration, leeway } from '../../../models/rules/decision.ts';
import type { Box } from '../../../models/rules/image.ts';
import type { PendingState } from '../store/pending.ts';

/** Most templates an import keeps per person: searches use only the newest few (recogniser.ts). */
export const MAX_TEMPLATES = 10;

/** The part of a picture that may be kept until staff have reviewed it. */
export interface Seen {
  readonly face: Box;
  /** The area of all faces that compete with it. */
  readonly area: Box;
}

/** An examined photo: a usable face, or a coded reason why not. Never the picture itself. */
export type Photo = { readonly file: string } & (
  | { readonly embedding: Float32Array; readonly quality: number; readonly seen: Seen }
  /** `seen`: a person can judge it. */
  | { readonly code: string; readonly message: string; readonly seen?: Seen }
  /** It was imported before, and is waiting or was decided on. */
  | { readonly before: PendingState }
);
export type UsablePhoto = Extract<Photo, { embedding: Float32Array }>;
export interface RefusedPhoto {
  readonly file: string;
  readonly code: string;
  readonly message: string;
  readonly seen?: Seen;
}

/**
 * Splits a person's photos into those to keep as templates and those refused, each in the order of `photos`.
 *
 * The person is identified by the known templates, or else by the photo nearest to all others, so that one wrong photo can't
 * become the person. A photo that resembles an accepted one is accepted too, until no more are. So a second run over the same
 * photos, which compares with everything kept, finds nothing new. Copies of a photo and those beyond MAX_TEMPLATES are neither
 * kept nor refused.
 *
 * @param known embeddings of the person's templates; empty for a new person
 * @param calibration of the embedder that made them all
 */
export function sift(
  photos: readonly Photo[],
  known: readonly Float32Array[],
  calibration: Calibration,
): { kept: UsablePhoto[]; refused: RefusedPhoto[] } {
  const { verification } = calibration;
  const { samePicture } = leeway(calibration);
  const usable = photos.filter((photo): photo is UsablePhoto => 'embedding' in photo);
  const members = new Set<UsablePhoto>();
  let reached = known.length > 0 ? [...known] : medoid(usable.map((photo) => photo.embedding));
  while (reached.length > 0) {
    const next = usable.filter((p) => !members.has(p) && reached.some((e) => dot(e, p.embedding) >= verification));
    for (const photo of next) members.add(photo);
    reached = next.map((photo) => photo.embedding);
  }
  const kept: UsablePhoto[] = [];
  const refused: RefusedPhoto[] = [];
  for (const photo of photos) {
    if ('before' in photo) continue;
    if ('code' in photo) refused.push(photo);
    else if (!members.has(photo)) {
      const message = 'does not look like this person’s other photos';
      refused.push({ file: photo.file, code: 'another-person', message, seen: photo.seen });
    } else {
      const there = [...known, ...kept.map((k) => k.embedding)];
      const copy = there.some((e) => dot(e, photo.embedding) > samePicture);
      if (!copy && there.length < MAX_TEMPLATES) kept.push(photo);
    }
  }
  return { kept, refused };
}

/** Returns the embedding closest to all others; none for an empty list. */
function medoid(embeddings: readonly Float32Array[]): Float32Array[] {
  const [first] = embeddings;
  if (!first) return [];
  // The sum of the cosines with all others is the dot product with their sum: no pairs are needed.
  const sum = new Float32Array(first.length);
  for (const e of embeddings) for (let i = 0; i < sum.length; i++) sum[i]! += e[i]!;
  return [embeddings.reduce((best, e) => (dot(e, sum) > dot(best, sum) ? e : best))];
}
