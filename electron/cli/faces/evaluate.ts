import type { FacePipeline } from '../../../models/node/interface.ts';
import {
  gallerySizes,
  type Identification,
  measureIdentification,
  rankOne,
} from '../../../models/rules/calibration/identification.ts';
import { comparePairs, type Sample } from '../../../models/rules/calibration/pairs.ts';
import { measureVerification, resolves, type Verification } from '../../../models/rules/calibration/verification.ts';
import { type FmrPoint, thresholdFor } from '../../../models/rules/decision.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { codeOf } from '../../core/commands/error-text.ts';
import { personFolders, photoFiles } from '../../core/commands/import-folders.ts';
import { embedFiles } from './embed.ts';
import { foundText } from './evaluation-text.ts';
import { type Groups, measureGroups } from './groups.ts';
import { samplesOfVisits } from './visits.ts';

export type Evaluation = Awaited<ReturnType<typeof evaluateFolder>>;

export interface PickedThresholds {
  /** Threshold for 1:1 at FMR 1e-3 (at the EER if that is not resolved); null if neither is. */
  readonly verification: number | null;
  /**
   * Thresholds for 1:N at an estimated FPIR of 0.1 % by gallery size, from this set's own FMR curve. `resolved` is false if
   * extrapolated.
   */
  readonly identification: readonly {
    readonly templates: number;
    readonly threshold: number | null;
    readonly resolved: boolean;
  }[];
  /** The curve itself, as in an embedder's entry (docs/operate/embedders.md); empty if it has fewer than two points. */
  readonly curve: readonly FmrPoint[];
}

const TARGET_FPIR = 1e-3;
/** How far below the lowest resolved FMR the curve is extrapolated, as a factor. */
const FURTHEST = 30;
const SIZES = [10, 100, 1000, 5000];

export type Watch = (stage: 'pictures' | 'visits' | 'comparisons' | 'searches', done: number, total: number) => void;

export interface Found {
  readonly samples: readonly Sample[];
  readonly counts: {
    readonly found: number;
    readonly used: number;
    readonly noFace: number;
    /** Number of refused files by error code. */
    readonly refused: Readonly<Record<string, number>>;
  };
}

/**
 * Evaluates a folder with one folder per person.
 *
 * @param how.visits each video or folder of frames is a visit (visits.ts); otherwise each picture counts on its own, by its
 *   largest face, and its quality is not enforced
 * @param how.groups also gives rates by group of people
 * @throws Problem `too-few-people` if there is nobody to compare with; those of personFolders
 */
export async function evaluateFolder(
  pipeline: FacePipeline,
  folder: string,
  random: () => number,
  watch: Watch,
  how: { readonly visits?: boolean; readonly groups?: Groups } = {},
) {
  const of = how.visits ? ('visits' as const) : ('pictures' as const);
  const { samples, counts } = await (how.visits ? samplesOfVisits : samplesOfPictures)(pipeline, folder, watch);
  if (new Set(samples.map((s) => s.person)).size < 2)
    throw new Problem('too-few-people', { folder, found: foundText(of, counts) });
  const pairs = comparePairs(samples, random, (share) => watch('comparisons', Math.round(share * 100), 100));
  const threshold = pipeline.calibration.verification;
  const verification = measureVerification(pairs, threshold, random);
  const sizes = gallerySizes(pairs.picturesOf.length);
  const identification: Identification[] = [];
  for (const [i, size] of sizes.entries()) {
    identification.push(measureIdentification(samples, size, random));
    watch('searches', i + 1, sizes.length + 1);
  }
  const first = rankOne(samples, random);
  watch('searches', sizes.length + 1, sizes.length + 1);
  return {
    model: pipeline.model,
    folder,
    of,
    pictures: counts,
    verification,
    rankOne: first,
    identification,
    thresholds: pickThresholds(verification),
    ...(how.groups && { groups: measureGroups(samples, how.groups, threshold, random) }),
  };
}

async function samplesOfPictures(pipeline: FacePipeline, folder: string, watch: Watch): Promise<Found> {
  const refused: Record<string, number> = {};
  const files = await picturesOf(folder, refused);
  const samples: Sample[] = [];
  let noFace = 0;
  let done = 0;
  for await (const line of embedFiles(
    pipeline,
    files.map((f) => f.path),
  )) {
    const person = files[done++]!.person;
    if ('error' in line) refused[line.error.code] = (refused[line.error.code] ?? 0) + 1;
    else if (line.faces.length === 0) noFace++;
    else samples.push({ person, embedding: embeddingOf(line.faces[0]!.embedding) });
    watch('pictures', done, files.length);
  }
  return { samples, counts: { found: files.length, used: samples.length, noFace, refused } };
}

/** Picks thresholds from the measured rates alone. What they don't resolve is null, or marked as extrapolated. */
export function pickThresholds(verification: Verification): PickedThresholds {
  const { det, impostorPairs, tarAtFar, eer } = verification;
  // Points in the tail that the impostor pairs resolve, some distance apart. decision.ts interpolates between them.
  const curve: FmrPoint[] = [];
  for (const { threshold, fmr } of det) {
    if (fmr > 0.02 || !(fmr > 0) || !resolves(impostorPairs, fmr)) continue;
    const last = curve.at(-1);
    if (!last || (fmr < last.fmr * 0.6 && threshold > last.threshold)) curve.push({ threshold, fmr });
  }
  const usable = curve.length >= 2;
  const least = curve.at(-1)?.fmr ?? 1;
  return {
    verification: tarAtFar.find((t) => t.far === 1e-3)?.threshold ?? eer?.threshold ?? null,
    identification: SIZES.map((templates) => ({
      templates,
      threshold:
        usable && TARGET_FPIR / templates >= least / FURTHEST
          ? thresholdFor(
              { people: templates, templates },
              { targetFpir: TARGET_FPIR, calibration: { curve, verification: -1 } },
            )
          : null,
      resolved: usable && TARGET_FPIR / templates >= least,
    })),
    curve: usable ? curve : [],
  };
}

/** Finds each person's pictures by the rules of `people import`. A folder that can't be read counts into `refused`. */
async function picturesOf(
  folder: string,
  refused: Record<string, number>,
): Promise<{ person: string; path: string }[]> {
  const found: { person: string; path: string }[] = [];
  for (const one of await personFolders(folder)) {
    if (one.alone) continue;
    try {
      for (const path of await photoFiles(one)) found.push({ person: one.folder, path });
    } catch (cause) {
      const code = codeOf(cause, 'folder-not-readable');
      refused[code] = (refused[code] ?? 0) + 1;
    }
  }
  return found;
}

function embeddingOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
