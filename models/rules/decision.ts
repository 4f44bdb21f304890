/**
 * From scores to an identity. Pure. The same code decides at the kiosk, in `faces identify`, and in the duplicate check of an
 * enrolment.
 *
 * The threshold of a 1:N search depends on the number of templates searched, one per person, because each is another chance for a
 * stranger to resemble someone. An embedder is described by a curve FMR(t): the probability that one comparison of two different
 * people scores t or more. A search of N templates then accepts a stranger with
 *
 *     FPIR ≤ 1 − (1 − FMR(t))^N   (equal if comparisons are independent; never more than N · FMR(t))
 *
 * and the threshold is the smallest t for which the right side is the FPIR that the site wants. A kiosk's scores are means of
 * cosines, whose spread is no wider than that of the single ones the curve was measured with (models/rules/cosine.ts).
 *
 * This is an estimate. A curve comes from pictures that are not this site's, and beyond its last point the tail is extrapolated
 * as an exponential (the usual first guess of extreme-value theory: a generalised Pareto tail of shape 0). Lookalikes make real
 * tails heavier. `faces eval` measures a site's own curve, which can be put into an embedder's entry.
 */

/** One point of FMR(t): the share of comparisons of different people that score `threshold` or more. */
export interface FmrPoint {
  readonly threshold: number;
  readonly fmr: number;
}

/**
 * What is known about one embedder's scores. Embedders differ in where their cosines lie (strangers score 0.8 with dlib's
 * network, 0.1 with the one that ships), so every rule that reads a score takes the calibration of the embedder that produced it
 * (FacePipeline.calibration).
 */
export interface Calibration {
  /** 1:1 threshold, and the minimum of any threshold; below 1. */
  readonly verification: number;
  /** FMR curve, with rising thresholds and falling rates; at least two points. */
  readonly curve: readonly FmrPoint[];
}

/**
 * Measurements of fr_feature (see the manifest). First two points: 78,000 comparisons of AT&T faces. Last two: a hard set of
 * small grey pictures, in which strangers searched against 4,000 people were accepted at 3 % (0.50) and 1 % (0.547), converted to
 * FMR by the formula above. 1:1: FMR about 6e-5.
 */
export const FR_FEATURE: Calibration = {
  verification: 0.45,
  curve: [
    { threshold: 0.4, fmr: 77 / 78_000 },
    { threshold: 0.45, fmr: 5 / 78_000 },
    { threshold: 0.5, fmr: perComparison(0.03, 4000) },
    { threshold: 0.547, fmr: perComparison(0.01, 4000) },
  ],
};

/**
 * Converts a score to the scale of the embedder that ships, in the same proportion as `leeway`, so that trends over time and
 * people reading scores need only one scale.
 */
export const onShippedScale = (score: number, { verification }: Calibration): number =>
  1 - ((1 - score) * (1 - FR_FEATURE.verification)) / (1 - verification);

export interface DecisionPolicy {
  /** Target share of strangers accepted as someone, 0..1 exclusive; a site's default is 0.001. */
  readonly targetFpir: number;
  /** Maximum number of people that 1:N was calibrated for. With more, a kiosk asks who it is first and compares 1:1. */
  readonly calibratedPeople: number;
  /** Minimum lead of the best person over the second; absent: as `leeway` says. */
  readonly margin?: number;
  /** Calibration of the embedder that made probe and templates. */
  readonly calibration: Calibration;
}

/** Score differences of one embedder, and scores derived from them. */
export interface Leeway {
  /** How far below the threshold a face counts as uncertain rather than unknown. */
  readonly near: number;
  /** Two people whose scores differ by less than this are not distinguished by the best score alone. */
  readonly margin: number;
  /** Minimum score of a person's face at the end of a head turn. */
  readonly turned: number;
  /** Score from which two people are shown to staff as possibly the same. */
  readonly alike: number;
  /** Score above which two pictures are considered the same picture. */
  readonly samePicture: number;
}

/**
 * Returns the leeway of an embedder. For the one that ships: 0.1, 0.08, 0.4, 0.6 and 0.9995, at a threshold of 0.45. For another
 * they scale with the distance of its threshold from a perfect score: 1 − cosine is half the squared distance of two embeddings,
 * so an embedder whose faces are three times as close together gets a third. An unmeasured estimate.
 */
export function leeway({ verification }: Calibration): Leeway {
  const scale = (1 - verification) / (1 - FR_FEATURE.verification);
  return {
    near: 0.1 * scale,
    margin: 0.08 * scale,
    turned: verification - 0.05 * scale,
    alike: 1 - 0.4 * scale,
    samePicture: 1 - 0.0005 * scale,
  };
}

export interface GallerySize {
  readonly people: number;
  readonly templates: number;
}

/** The part of a gallery's result that a decision needs; scores are cosines. */
export interface Scores {
  readonly best: { readonly score: number; readonly person?: string } | null;
  /** Best score of any *other* person. */
  readonly second: { readonly score: number } | null;
}

/** Returns whether a person is in a marked pair of lookalikes, who can't be distinguished by face alone. */
export type InPair = (person: string) => boolean;

export interface Decision {
  /**
   * `accept`: it is the best person. `uncertain`: near the threshold, or two people too close to each other. `unknown`: not known
   * here. `too-many-people`: the gallery is larger than 1:N was calibrated for, so it accepts nobody. `claim-first`: the best
   * person is in a pair of lookalikes, so the person first has to state who they are (number, code or badge), and is then
   * compared with that one person.
   */
  readonly kind: 'accept' | 'uncertain' | 'unknown' | 'too-many-people' | 'claim-first';
  readonly threshold: number;
  /** Best minus second person; null if there is no second. */
  readonly margin: number | null;
}

/** Returns the FMR per comparison at which a search of `n` independent ones has an FPIR of `fpir`. */
function perComparison(fpir: number, n: number): number {
  return -Math.expm1(Math.log1p(-fpir) / n);
}

/** Returns the share of strangers accepted by a search of `n` templates, by the formula above. */
export function estimatedFpir(threshold: number, n: number, curve: readonly FmrPoint[]): number {
  return -Math.expm1(n * Math.log1p(-Math.min(1, fmrAt(threshold, curve))));
}

/** Returns the FMR at a threshold: log-linear between the curve's points, extrapolated with its outer slopes; at most 1. */
export function fmrAt(threshold: number, curve: readonly FmrPoint[]): number {
  const [p, q] = segment(curve, (next) => threshold <= next.threshold);
  const slope = Math.log(q.fmr / p.fmr) / (q.threshold - p.threshold);
  return Math.min(1, p.fmr * Math.exp(slope * (threshold - p.threshold)));
}

/** Returns the threshold at which the FMR is `fmr`: the inverse of fmrAt. */
export function thresholdAt(fmr: number, curve: readonly FmrPoint[]): number {
  const [p, q] = segment(curve, (next) => fmr >= next.fmr);
  const slope = Math.log(q.fmr / p.fmr) / (q.threshold - p.threshold);
  return p.threshold + Math.log(fmr / p.fmr) / slope;
}

/**
 * Returns the 1:N threshold for a gallery of this size, between the 1:1 threshold and 1.
 * @throws RangeError if the policy is invalid: a kiosk must not decide by it
 */
export function thresholdFor(
  gallery: GallerySize,
  { targetFpir, calibration: { curve, verification } }: Pick<DecisionPolicy, 'targetFpir' | 'calibration'>,
): number {
  if (!(targetFpir > 0 && targetFpir < 1))
    throw new RangeError(`targetFpir must lie between 0 and 1, got ${targetFpir}`);
  const searched = Math.max(1, gallery.templates, gallery.people);
  if (!Number.isFinite(searched)) throw new RangeError(`a gallery of ${searched} templates`);
  return Math.min(1, Math.max(verification, thresholdAt(perComparison(targetFpir, searched), curve)));
}

/** Decides whose face it is in a 1:N search, if anyone's. A NaN score is never accepted, and no score identifies one of a pair. */
export function decide(match: Scores, gallery: GallerySize, policy: DecisionPolicy, inPair?: InPair): Decision {
  const threshold = thresholdFor(gallery, policy);
  const { best, second } = match;
  const allowed = leeway(policy.calibration);
  const margin = best && second ? best.score - second.score : null;
  if (!(gallery.people <= policy.calibratedPeople)) return { kind: 'too-many-people', threshold, margin };
  if (!best || !(best.score >= threshold - allowed.near)) return { kind: 'unknown', threshold, margin };
  if (best.person !== undefined && inPair?.(best.person)) return { kind: 'claim-first', threshold, margin };
  const apart = margin === null || margin >= (policy.margin ?? allowed.margin);
  return { kind: best.score >= threshold && apart ? 'accept' : 'uncertain', threshold, margin };
}

/** Result of a 1:1 comparison: like Decision, for the one person claimed. */
export interface VerificationDecision {
  readonly kind: 'accept' | 'uncertain' | 'unknown';
  readonly threshold: number;
}

/**
 * Decides whether the face belongs to the person claimed (by badge, QR code or number).
 * @param score mean cosine with that person's templates; null if there are none
 */
export function decideVerification(score: number | null, calibration: Calibration): VerificationDecision {
  const threshold = calibration.verification;
  if (score === null || !(score >= threshold - leeway(calibration).near)) return { kind: 'unknown', threshold };
  return { kind: score >= threshold ? 'accept' : 'uncertain', threshold };
}

/** Returns the neighbouring points of the curve where `reached` first holds for the second; otherwise the last two. */
function segment(curve: readonly FmrPoint[], reached: (next: FmrPoint) => boolean): [FmrPoint, FmrPoint] {
  if (curve.length < 2) throw new RangeError('a curve of FMR needs two points or more');
  for (let i = 1; i < curve.length; i++) {
    const [p, q] = [curve[i - 1]!, curve[i]!];
    if (!(q.threshold > p.threshold && q.fmr < p.fmr && q.fmr > 0)) {
      throw new RangeError('along a curve of FMR thresholds must rise and rates fall');
    }
    if (reached(q)) return [p, q];
  }
  return [curve.at(-2)!, curve.at(-1)!];
}
