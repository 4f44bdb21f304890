/**
 * From scores to an identity. Pure; the same code decides at the kiosk, in `faces identify` and in the duplicate check
 * of an enrolment.
 *
 * The threshold of a 1:N search depends on how many templates are searched, one a person, because each is one more chance for a
 * stranger to look like someone. What is known of the embedder is a curve FMR(t): the chance that one comparison of
 * two different people scores t or more. A search of N templates then lets a stranger in with
 *
 *     FPIR ≤ 1 − (1 − FMR(t))^N   (equal when comparisons are independent; at most N · FMR(t) whatever they are)
 *
 * and the threshold is the least t for which the right side is the FPIR that the site wants. A kiosk's scores are means of
 * cosines, which are spread no wider than the single ones that a curve was measured on (models/rules/cosine.ts).
 *
 * This is an estimate. A curve is from pictures that are not this site's, and beyond its last point the tail is
 * carried on as an exponential (the usual first guess of extreme-value theory: a generalised Pareto tail of shape 0).
 * Lookalikes make real tails heavier. `faces eval` measures a site's own curve, which an embedder's entry may then carry.
 */

/** One point of FMR(t): the share of comparisons of different people that score `threshold` or more. */
export interface FmrPoint {
  readonly threshold: number;
  readonly fmr: number;
}

/**
 * What is known of one embedder's scores. Cosines of two embedders lie differently (dlib's network puts strangers at 0.8, the one
 * that ships at 0.1), so every rule that reads a score takes this of the embedder that made it (FacePipeline.calibration).
 */
export interface Calibration {
  /** Threshold of 1:1, and the least that any threshold can be; below 1. */
  readonly verification: number;
  /** FMR, thresholds rising and rates falling; two points or more. */
  readonly curve: readonly FmrPoint[];
}

/**
 * What was measured of fr_feature (see the manifest). The first two points: 78,000 comparisons of AT&T faces. The last
 * two: a hard set of small grey pictures where strangers searched against 4,000 people were let in at 3 % (0.50) and
 * 1 % (0.547), turned into FMR by the formula above. 1:1: FMR about 6e-5.
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
 * A score as the embedder that ships would put it, by the same proportion as `leeway`: what follows scores over time, and
 * people who read them, then need one scale alone.
 */
export const onShippedScale = (score: number, { verification }: Calibration): number =>
  1 - ((1 - score) * (1 - FR_FEATURE.verification)) / (1 - verification);

export interface DecisionPolicy {
  /** Wanted share of strangers who are let in as someone, 0..1 exclusive; the default of a site is 0.001. */
  readonly targetFpir: number;
  /** Most people that 1:N was calibrated for; a larger gallery asks who it is first and compares 1:1. */
  readonly calibratedPeople: number;
  /** Least lead of the best person over the second; absent: what `leeway` says. */
  readonly margin?: number;
  /** Of the embedder that made probe and templates. */
  readonly calibration: Calibration;
}

/** Distances between scores of one embedder, and scores that follow from them. */
export interface Leeway {
  /** How far below the threshold a face counts as uncertain rather than unknown. */
  readonly near: number;
  /** Two people nearer to each other than this are not distinguished by the best score alone. */
  readonly margin: number;
  /** Least score of a person's face at the end of a head turn. */
  readonly turned: number;
  /** Score from which two people are shown to staff as possibly the same. */
  readonly alike: number;
  /** Score above which two pictures are one picture. */
  readonly samePicture: number;
}

/**
 * Of the embedder that ships they are 0.1, 0.08, 0.4, 0.6 and 0.9995, at a threshold of 0.45. For another they are in proportion to
 * how far its threshold lies from a perfect score: 1 − cosine is half the squared distance of two embeddings, so an embedder
 * whose faces lie three times as near to each other gets a third. A guess by scale, which no measurement of its own backs.
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

/** The part of a gallery's answer that a decision needs; scores are cosines. */
export interface Scores {
  readonly best: { readonly score: number; readonly person?: string } | null;
  /** Best score of any *other* person. */
  readonly second: { readonly score: number } | null;
}

/** Whether a person is one of a marked pair of lookalikes: no face alone says which of the two it is. */
export type InPair = (person: string) => boolean;

export interface Decision {
  /**
   * `accept`: the best person it is. `uncertain`: near the threshold, or two people too near each other. `unknown`:
   * nobody here. `too-many-people`: the gallery is larger than 1:N was calibrated for, so nobody is accepted by it.
   * `claim-first`: it is like one of a pair of lookalikes, so the person has to say first who they are (number, code or
   * badge), and is then compared with that one person.
   */
  readonly kind: 'accept' | 'uncertain' | 'unknown' | 'too-many-people' | 'claim-first';
  readonly threshold: number;
  /** Best minus second person; null when there is no second. */
  readonly margin: number | null;
}

/** FMR per comparison at which a search of `n` independent ones lets in `fpir`. */
function perComparison(fpir: number, n: number): number {
  return -Math.expm1(Math.log1p(-fpir) / n);
}

/** Share of strangers let in by a search of `n` templates, by the formula above. */
export function estimatedFpir(threshold: number, n: number, curve: readonly FmrPoint[]): number {
  return -Math.expm1(n * Math.log1p(-Math.min(1, fmrAt(threshold, curve))));
}

/** FMR at a threshold: log-linear between the points of the curve, and on with its outer slopes; at most 1. */
export function fmrAt(threshold: number, curve: readonly FmrPoint[]): number {
  const [p, q] = segment(curve, (next) => threshold <= next.threshold);
  const slope = Math.log(q.fmr / p.fmr) / (q.threshold - p.threshold);
  return Math.min(1, p.fmr * Math.exp(slope * (threshold - p.threshold)));
}

/** The threshold at which FMR is `fmr`: the inverse of fmrAt. */
export function thresholdAt(fmr: number, curve: readonly FmrPoint[]): number {
  const [p, q] = segment(curve, (next) => fmr >= next.fmr);
  const slope = Math.log(q.fmr / p.fmr) / (q.threshold - p.threshold);
  return p.threshold + Math.log(fmr / p.fmr) / slope;
}

/**
 * The 1:N threshold for a gallery of this size, between the 1:1 threshold and 1.
 * @throws RangeError when the policy makes no sense: a kiosk must not decide by it
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

/** Whose face it is in a 1:N search, if anyone's. Scores that are not numbers never accept, and no score identifies one of a pair. */
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

/** Answer of a 1:1 comparison: as Decision, for the one person that was claimed. */
export interface VerificationDecision {
  readonly kind: 'accept' | 'uncertain' | 'unknown';
  readonly threshold: number;
}

/**
 * Whether the face belongs to the person who says so (badge, QR or number first).
 * @param score mean cosine with that person's templates; null when there are none
 */
export function decideVerification(score: number | null, calibration: Calibration): VerificationDecision {
  const threshold = calibration.verification;
  if (score === null || !(score >= threshold - leeway(calibration).near)) return { kind: 'unknown', threshold };
  return { kind: score >= threshold ? 'accept' : 'uncertain', threshold };
}

/** The neighbouring points of the curve where `reached` first holds of the second; else the last two. */
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
