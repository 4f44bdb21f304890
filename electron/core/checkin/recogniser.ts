import type { FaceGallery, FacePipeline, FaceShape, GalleryMatch } from '../../../models/node/interface.ts';
import type { Decision, DecisionPolicy } from '../../../models/rules/decision.ts';
import { decide } from '../../../models/rules/decision.ts';
import type { Box, RgbImage } from '../../../models/rules/image.ts';
import { judgeQuality, type QualityThresholds } from '../../../models/rules/quality.ts';
import type { QualityReason } from '../../../models/rules/reasons.ts';
import type { Store } from '../store/interface.ts';

/** What one look at a face came to. */
export interface Sight {
  readonly shape: FaceShape;
  readonly embedding: Float32Array;
  readonly match: GalleryMatch;
  readonly decision: Decision;
}

/**
 * Landmarks → quality → embedding → exact 1:N search → decision: the one place where a face becomes an identity. The
 * check-in, `faces identify` and the duplicate check of an enrolment all go through it.
 */
export interface Recogniser {
  readonly model: string;
  readonly gallery: FaceGallery;
  /** Shape and quality verdict; the cheap half. */
  inspect(
    image: RgbImage,
    box: Box,
    thresholds: QualityThresholds,
  ): Promise<{ shape: FaceShape; reason: QualityReason | null }>;
  /** Embedding, search and decision for a face whose shape is known; `policy` overrides the site's for this one. */
  recognise(image: RgbImage, shape: FaceShape, policy?: Partial<DecisionPolicy>): Promise<Sight>;
  embed(image: RgbImage, shape: FaceShape): Promise<Float32Array>;
  search(embedding: Float32Array, policy?: Partial<DecisionPolicy>): { match: GalleryMatch; decision: Decision };
}

export function createRecogniser(pipeline: FacePipeline, gallery: FaceGallery, site: DecisionPolicy): Recogniser {
  const search = (embedding: Float32Array, policy: Partial<DecisionPolicy> = {}) => {
    const match = gallery.search(embedding);
    const size = { people: match.people, templates: match.templates };
    return { match, decision: decide(match, size, { ...site, ...policy }) };
  };
  return {
    model: pipeline.model,
    gallery,
    search,
    async inspect(image, box, thresholds) {
      const shape = await pipeline.shape(image, box);
      return { shape, reason: judgeQuality(shape.quality, thresholds) };
    },
    embed: (image, shape) => pipeline.embed(image, shape.five),
    async recognise(image, shape, policy) {
      const embedding = await pipeline.embed(image, shape.five);
      return { shape, embedding, ...search(embedding, policy) };
    },
  };
}

/** Fills a gallery from the store's templates of the gallery's model. Returns how many. */
export function loadGallery(store: Pick<Store, 'templates'>, gallery: FaceGallery, model: string): number {
  let count = 0;
  for (const template of store.templates(model)) {
    gallery.add(template.id, template.person, template.embedding);
    count++;
  }
  return count;
}
