import { setImmediate } from 'node:timers/promises';
import { ExactGallery } from '../../../models/node/gallery/gallery.ts';
import type {
  FaceGallery,
  FacePipeline,
  FaceShape,
  GalleryMatch,
  PassiveLiveness,
} from '../../../models/node/interface.ts';
import { directionOf, dot, isNormalised, meanOf } from '../../../models/rules/cosine.ts';
import {
  type Calibration,
  type Decision,
  type DecisionPolicy,
  decide,
  decideVerification,
  type InPair,
  type VerificationDecision,
} from '../../../models/rules/decision.ts';
import type { Box, RgbImage } from '../../../models/rules/image.ts';
import { EMBEDDER, EMBEDDER_ID } from '../../../models/rules/manifest.ts';
import { judgeQuality, type QualityThresholds } from '../../../models/rules/quality.ts';
import type { QualityReason } from '../../../models/rules/reasons.ts';
import type { Problem } from '../../../sync/errors/problem.ts';
import type { Store, Template } from '../store/interface.ts';

/** Overrides the site's requirements for one decision. Never overrides how scores are read, which depends on the embedder. */
export type Demands = Partial<Omit<DecisionPolicy, 'calibration'>>;

/**
 * Landmarks → quality → embedding → exact 1:N search → decision: the one place where a face becomes an identity. Used by the
 * check-in, `faces identify` and the duplicate check of an enrolment.
 */
export interface Recogniser {
  readonly model: string;
  /** Dimension of that model's embeddings; `calibration` is how their scores are read. */
  readonly length: number;
  readonly calibration: Calibration;
  /** The pipeline's passive liveness model. */
  readonly passive: PassiveLiveness | null;
  /** Size of the gallery. Only `know` changes its content. */
  readonly gallery: Pick<FaceGallery, 'people' | 'templates'>;
  /**
   * Updates the gallery from the store: the mean of a person's newest templates replaces the one searched so far. Without
   * templates they are no longer found. A template that is not a valid embedding came from another kiosk, broken or stolen. It is
   * left out and keeps nobody from being recognised.
   * @param templates in the order in which they arrived
   * @returns how many were left out
   */
  know(person: string, templates: readonly Pick<Template, 'embedding'>[]): number;
  /** Why face recognition is off; null if it is on. */
  readonly off: Problem | null;
  /** True if more people are enrolled than a search among all of them was calibrated for: a number is needed first. */
  tooManyPeople(): boolean;
  /** Returns shape and quality verdict; much cheaper than `embed`. */
  inspect(
    image: RgbImage,
    box: Box,
    thresholds: QualityThresholds,
  ): Promise<{ shape: FaceShape; reason: QualityReason | null }>;
  /** As the pipeline's `embed`. An enrolment always includes the mirrored face. */
  embed(image: RgbImage, shape: FaceShape, options?: Parameters<FacePipeline['embed']>[2]): Promise<Float32Array>;
  /** Searches exactly, 1:N, and decides; `policy` overrides the site's for this search. */
  search(probe: Float32Array, policy?: Demands): { match: GalleryMatch; decision: Decision };
  /**
   * Compares 1:1 with the person whose number was typed.
   * @param person null if nobody has that number: then nothing matches, and the answer is the same as for a stranger
   */
  verify(embedding: Float32Array, person: string | null): { score: number | null; decision: VerificationDecision };
  /** Compares 1:1 with the templates on the person's card, like `verify`. */
  compare(
    embedding: Float32Array,
    templates: readonly Float32Array[],
  ): { score: number | null; decision: VerificationDecision };
}

/** How many of a person's newest templates are averaged: those of one enrolment at a kiosk. After a smaller one, earlier templates fill up. */
const NEWEST = 4;

/**
 * @param site the site's requirements; how scores are read is decided only by the embedder
 * @param inPair asked at every search, so that a pair counts from the moment it is stored
 */
export function createRecogniser(
  pipeline: FacePipeline,
  gallery: FaceGallery,
  site: Omit<DecisionPolicy, 'calibration'>,
  inPair?: InPair,
): Recogniser {
  const { model, length, calibration } = pipeline;
  const partsOf = (probe: Float32Array) => directionOf(probe) ?? { direction: probe, length: 1 };
  const search = (probe: Float32Array, policy: Demands = {}) => {
    const { direction, length } = partsOf(probe);
    const found = gallery.search(direction);
    const scored = <T extends { score: number }>(one: T | null): T | null =>
      one && { ...one, score: one.score * length };
    const match = { ...found, best: scored(found.best), second: scored(found.second) };
    const size = { people: match.people, templates: match.templates };
    return { match, decision: decide(match, size, { ...site, ...policy, calibration }, inPair) };
  };
  const verified = (person: string, probe: Float32Array): number | null => {
    const { direction, length } = partsOf(probe);
    const score = gallery.verify(person, direction);
    return score && score * length;
  };
  return {
    model,
    length,
    calibration,
    passive: pipeline.passive,
    gallery,
    off: null,
    know(person, templates) {
      const fit = templates.map((one) => one.embedding).filter((one) => one.length === length && isNormalised(one));
      gallery.removePerson(person);
      // A score is the mean of cosines, not the cosine of means, so the length of the mean matters, for the second person too.
      const mean = directionOf(meanOf(fit.slice(-NEWEST)));
      if (mean) gallery.add(person, person, mean.direction, Math.min(1, mean.length));
      return templates.length - fit.length;
    },
    tooManyPeople: () => gallery.people > site.calibratedPeople,
    search,
    verify(embedding, person) {
      const score = person === null ? null : verified(person, embedding);
      return { score, decision: decideVerification(score, calibration) };
    },
    compare(embedding, templates) {
      const score = templates.length > 0 ? dot(meanOf(templates), embedding) : null;
      return { score, decision: decideVerification(score, calibration) };
    },
    async inspect(image, box, thresholds) {
      const shape = await pipeline.shape(image, box);
      return { shape, reason: judgeQuality(shape.quality, thresholds) };
    },
    embed: (image, shape, options) => pipeline.embed(image, shape.five, options),
  };
}

/**
 * Returns the recogniser used when the models could not be loaded: anything that needs a face is refused with the reason, and
 * everything else (check-in by PIN, deleting a person) works as usual. It never recognises anyone.
 */
export function faceOff(problem: Problem): Recogniser {
  const refuse = () => {
    throw problem;
  };
  const refuseLater = () => Promise.reject(problem);
  return {
    model: EMBEDDER_ID,
    length: EMBEDDER.length,
    calibration: EMBEDDER.calibration,
    passive: null,
    gallery: { people: 0, templates: 0 },
    off: problem,
    know: () => 0,
    tooManyPeople: () => false,
    inspect: refuseLater,
    embed: refuseLater,
    search: refuse,
    verify: refuse,
    compare: refuse,
  };
}

/** Recognises nobody while `off` returns a reason; otherwise delegates to `inner`. The kiosk's lease may end and start again. */
export function recogniserWhile(inner: Recogniser, off: () => Problem | null): Recogniser {
  const guarded =
    <A extends unknown[], R>(method: (...args: A) => R) =>
    (...args: A): R => {
      const problem = off();
      if (problem) throw problem;
      return method(...args);
    };
  return {
    ...inner,
    get off() {
      return inner.off ?? off();
    },
    inspect: guarded(inner.inspect),
    embed: guarded(inner.embed),
    search: guarded(inner.search),
    verify: guarded(inner.verify),
    compare: guarded(inner.compare),
  };
}

/** Returns the kiosk's own recogniser. Its gallery is still empty (`knowEverybody`), and it follows the pairs of lookalikes. */
export function openRecogniser(
  store: { readonly lookalikes: Pick<Store['lookalikes'], 'has'> },
  pipeline: FacePipeline,
  site: Omit<DecisionPolicy, 'calibration'>,
): Recogniser {
  const inPair = (person: string) => store.lookalikes.has(person);
  return createRecogniser(pipeline, new ExactGallery(pipeline.length), site, inPair);
}

/** How long filling the gallery runs before other work gets its turn, ms. */
const PIECE_MS = 20;

/**
 * Fills the gallery, in pieces, from the store's templates of the recogniser's model. Each person is read as the store has them
 * at that moment, so changes made meanwhile are included.
 *
 * @param closing aborts the filling; a partly filled gallery must not be used
 * @returns how many templates were left out (`know`)
 * @throws AbortError
 */
export async function knowEverybody(
  { know, model }: Pick<Recogniser, 'model' | 'know'>,
  store: { readonly people: Pick<Store['people'], 'all'>; readonly templates: Pick<Store['templates'], 'of'> },
  closing?: AbortSignal,
): Promise<number> {
  let unfit = 0;
  let until = performance.now() + PIECE_MS;
  for (const { id } of store.people.all()) {
    unfit += know(id, store.templates.of(id, model));
    if (performance.now() < until) continue;
    await setImmediate();
    closing?.throwIfAborted();
    until = performance.now() + PIECE_MS;
  }
  return unfit;
}
