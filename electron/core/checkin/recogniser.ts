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

/** Overrides the site's requirements for one decision. Never how scores are read, which depends on the embedder. */
export type Demands = Partial<Omit<DecisionPolicy, 'calibration'>>;

/**
 * Landmarks → quality → embedding → exact 1:N search → decision: the one place where a face becomes an identity. The
 * check-in, `faces identify` and the duplicate check of an enrolment all go through it.
 */
export interface Recogniser {
  readonly model: string;
  /** Numbers of an embedding of that model, and how its scores are read. */
  readonly length: number;
  readonly calibration: Calibration;
  /** As the pipeline's. */
  readonly passive: PassiveLiveness | null;
  /** How much is searched. Only `know` decides what is in it. */
  readonly gallery: Pick<FaceGallery, 'people' | 'templates'>;
  /**
   * Memory follows the store: the mean of a person's newest templates takes the place of what they were searched by; none:
   * they are not found any more. One that is no embedding came from another kiosk, broken or stolen: it is left out, and
   * keeps nobody from being recognised.
   * @param templates in the order in which they came
   * @returns how many were left out
   */
  know(person: string, templates: readonly Pick<Template, 'embedding'>[]): number;
  /** Why there is no face recognition, when there is none. */
  readonly off: Problem | null;
  /** More people are enrolled than a search over all of them was calibrated for: a number is needed first. */
  tooManyPeople(): boolean;
  /** Shape and quality verdict; the cheap half. */
  inspect(
    image: RgbImage,
    box: Box,
    thresholds: QualityThresholds,
  ): Promise<{ shape: FaceShape; reason: QualityReason | null }>;
  /** As the pipeline's: an enrolment always takes the mirrored face too. */
  embed(image: RgbImage, shape: FaceShape, options?: Parameters<FacePipeline['embed']>[2]): Promise<Float32Array>;
  /** The exact 1:N search and what it comes to; `policy` overrides the site's for this one. */
  search(probe: Float32Array, policy?: Demands): { match: GalleryMatch; decision: Decision };
  /**
   * 1:1: whether this is the face of the person whose number was typed.
   * @param person null when nobody has that number: then nothing is near, and the answer is that of a stranger
   */
  verify(embedding: Float32Array, person: string | null): { score: number | null; decision: VerificationDecision };
  /** 1:1 with templates that the person brought on their card, as `verify`. */
  compare(
    embedding: Float32Array,
    templates: readonly Float32Array[],
  ): { score: number | null; decision: VerificationDecision };
}

/** So many of a person's templates are averaged: those of one enrolment at a kiosk. What a new enrolment replaces has no part in it. */
const NEWEST = 4;

/**
 * @param site what the site demands; how scores are read, the embedder says, and nobody else
 * @param inPair asked at every search, so that a pair counts from the moment when it is stored
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
      // A score is the mean of cosines, not the cosine of means, so the length of the mean counts: also for who is second.
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
 * Used when the models could not be loaded: whatever needs a face is refused with the reason, and whatever does
 * not (check-in by PIN, deleting a person) works as always. Nothing is ever recognised by it.
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

/** Recognises no one while `off` gives a reason, and is `inner` otherwise: the kiosk's lease may end and start again. */
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

/** The kiosk's own recogniser, which knows no one yet (`knowEverybody`) and follows the pairs of lookalikes. */
export function openRecogniser(
  store: { readonly lookalikes: Pick<Store['lookalikes'], 'has'> },
  pipeline: FacePipeline,
  site: Omit<DecisionPolicy, 'calibration'>,
): Recogniser {
  const inPair = (person: string) => store.lookalikes.has(person);
  return createRecogniser(pipeline, new ExactGallery(pipeline.length), site, inPair);
}

/** How long the gallery is filled before other work gets its turn, ms. */
const PIECE_MS = 20;

/**
 * Fills the gallery from the store's templates of the recogniser's model, in pieces. Each person is read as the store has them
 * at that moment, so whatever changes meanwhile is in it as well.
 *
 * @param closing aborted: it is left, and with only some in it the gallery must not be used
 * @returns how many were left out (`know`)
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
