import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FacePipeline } from '../../../models/node/interface.ts';
import type { Sample } from '../../../models/rules/calibration/pairs.ts';
import { meanOf } from '../../../models/rules/cosine.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import { codeOf } from '../../core/commands/error-text.ts';
import { personFolders } from '../../core/commands/import-folders.ts';
import type { Found, Watch } from './evaluate.ts';
import { framesOf } from './footage.ts';

/** Samples per second. */
const FPS = 8;
/** Number of samples. A visit's are its first frames with a face; an enrolment's are further apart. */
const SAMPLES = { visit: 3, enrolment: 4 } as const;
/** Number of frames of an enrolment that are searched: four seconds. */
const FRAMES = 32;

/** Other files in a person's folder are not visits. */
const VIDEO = /\.(avi|m4v|mjpe?g|mkv|mov|mp4|webm)$/i;

/**
 * Reads the visits in a folder of people: in each person's folder, a video or a folder of frames is a visit. It is represented
 * by the mean of its embeddings, as at a kiosk (quality is not enforced). A person's first visit by name is the enrolment,
 * which includes the mirrored face.
 */
export async function samplesOfVisits(pipeline: FacePipeline, folder: string, watch: Watch): Promise<Found> {
  const refused: Record<string, number> = {};
  const visits = await visitsOf(folder, refused);
  const samples: Sample[] = [];
  let noFace = 0;
  for (const [i, { person, path, first }] of visits.entries()) {
    try {
      const embeddings = await (first ? enrolment : visit)(pipeline, path);
      if (embeddings.length > 0) samples.push({ person, embedding: meanOf(embeddings) });
      else noFace++;
    } catch (cause) {
      const code = codeOf(cause, 'internal');
      refused[code] = (refused[code] ?? 0) + 1;
    }
    watch('visits', i + 1, visits.length);
  }
  return { samples, counts: { found: visits.length, used: samples.length, noFace, refused } };
}

/** A person's folder that can't be read counts into `refused`. */
async function visitsOf(
  folder: string,
  refused: Record<string, number>,
): Promise<{ person: string; path: string; first: boolean }[]> {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const found: { person: string; path: string; first: boolean }[] = [];
  for (const { folder: person, path, alone } of await personFolders(folder)) {
    if (alone) continue;
    const names = await readdir(path).catch(() => null);
    if (!names) refused['folder-not-readable'] = (refused['folder-not-readable'] ?? 0) + 1;
    const visits = (names ?? []).filter((name) => !name.startsWith('.') && isVisit(join(path, name))).sort(compare);
    for (const [i, name] of visits.entries()) found.push({ person, path: join(path, name), first: i === 0 });
  }
  return found;
}

const isVisit = (path: string): boolean =>
  VIDEO.test(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

async function visit(pipeline: FacePipeline, path: string): Promise<Float32Array[]> {
  const embeddings: Float32Array[] = [];
  for await (const { image } of framesOf(path, FPS)) {
    const embedding = await embed(pipeline, image, false);
    if (embedding) embeddings.push(embedding);
    if (embeddings.length === SAMPLES.visit) break;
  }
  return embeddings;
}

async function enrolment(pipeline: FacePipeline, path: string): Promise<Float32Array[]> {
  const frames: RgbImage[] = [];
  for await (const { image } of framesOf(path, FPS)) {
    frames.push(image);
    if (frames.length === FRAMES) break;
  }
  const apart = Math.max(1, (frames.length - 1) / (SAMPLES.enrolment - 1));
  const embeddings: Float32Array[] = [];
  for (let at = 0; Math.round(at) < frames.length; at += apart) {
    const embedding = await embed(pipeline, frames[Math.round(at)]!, true);
    if (embedding) embeddings.push(embedding);
  }
  return embeddings;
}

/** Embeds the largest face; null if there is none. */
async function embed(pipeline: FacePipeline, image: RgbImage, mirrored: boolean): Promise<Float32Array | null> {
  const [face] = await pipeline.detect(image);
  if (!face) return null;
  const { five } = await pipeline.shape(image, face.box);
  return pipeline.embed(image, five, { mirrored });
}
