import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { EMBEDDER, type EmbedderFile, embedderId, WEIGHTS } from '../rules/manifest.ts';
import { type EmbedderEntry, inputShape, type PassiveLivenessEntry } from '../rules/recipe.ts';
import { ModelProblem } from './problem.ts';

/**
 * Embedders that a machine may load: the one that ships, and those that an operator has put into a folder (that of the weights,
 * or a kiosk's own) with an entry in `embedders.json`. A template carries its embedder's id and is never compared across
 * embedders. The entry is described in docs/operate/embedders.md.
 */

/** File name of the operator's entries. */
export const EMBEDDERS_FILE = 'embedders.json';

/** Maximum length of an embedding in a gallery (gallery/kernel/layout.ts). Shorter ones are padded with zeros there. */
export const MAX_EMBEDDING = 512;

const number = z.number().refine(Number.isFinite);
const OfChannels = z.tuple([number, number, number]);
const Crop = z.discriminatedUnion('template', [
  z.strictObject({ template: z.literal('arcface') }),
  z.strictObject({ template: z.literal('face-chip'), padding: z.number().min(0).max(2) }),
]);
export const PIXELS = {
  side: z.number().int().min(32).max(512),
  channels: z.enum(['RGB', 'BGR']),
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
  mean: OfChannels,
  std: OfChannels.refine((std) => std.every((s) => s > 0), 'must be above 0'),
};
const Recipe = z.strictObject({ ...PIXELS, crop: Crop });
const Calibration = z.strictObject({
  verification: z.number().gt(-1).lt(1),
  curve: z
    .array(z.strictObject({ threshold: z.number().min(-1).max(1), fmr: z.number().gt(0).lt(1) }))
    .min(2)
    .max(100)
    .refine(
      (curve) => curve.every((q, i) => i === 0 || (q.threshold > curve[i - 1]!.threshold && q.fmr < curve[i - 1]!.fmr)),
      'thresholds must rise and rates fall',
    ),
});

/** Fields of every operator entry. */
export const OWN_FILE = {
  file: z.string().regex(/^[\w-][\w.-]*\.onnx$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  input: z.string().min(1),
  output: z.string().min(1),
  licence: z.string().min(1),
  provenance: z.string().min(1),
  limits: z.array(z.string()).default([]),
};
const Entry = z.strictObject({
  ...OWN_FILE,
  length: z.number().int().min(16).max(MAX_EMBEDDING),
  recipe: Recipe,
  calibration: Calibration,
});

/** Fields common to every operator file, which is used unchanged. */
export const ownFile = (entry: EmbedderEntry | PassiveLivenessEntry, meaning: string) => {
  const { input, output, length, recipe } = entry;
  return {
    runs: 'node',
    source: { package: '', version: '', path: entry.file, sha256: entry.sha256 },
    prepare: { step: 'copy' },
    input: { name: input, shape: inputShape(recipe), meaning: `${recipe.channels} of the face` },
    outputs: [{ name: output, shape: [1, length], meaning }],
    normalisation: `(v − ${recipe.mean}) / ${recipe.std}, ${recipe.channels}`,
  } as const;
};

const refuse = (file: string, why: string, cause?: unknown) => new ModelProblem('model-refused', { file, why, cause });

/**
 * Reads an operator's file of entries; null if it doesn't exist.
 * @throws ModelProblem `model-refused` with every wrong value
 */
export function readOwn<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> | null {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw refuse(path, cause instanceof SyntaxError ? 'it is not valid JSON' : "it can't be read", cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw refuse(path, z.prettifyError(parsed.error));
  return parsed.data;
}

/**
 * Reads the operator's entries; an empty list if the file doesn't exist.
 * @throws ModelProblem `model-refused` with every wrong value
 */
export function readEntries(folder: string): readonly EmbedderEntry[] {
  const path = join(folder, EMBEDDERS_FILE);
  const entries = readOwn(path, z.array(Entry)) ?? [];
  const ids = [EMBEDDER, ...entries].map(embedderId);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice) throw refuse(path, `${twice} is listed twice, or has the ID of a built-in embedder`);
  // On a server they share a folder: importing this one would overwrite a built-in file, which would then fail to load.
  const own = entries.find(({ file }) => WEIGHTS.some((weight) => weight.file === file));
  if (own) throw refuse(path, `a built-in file is called ${own.file}: give yours another name`);
  return entries;
}

/** @throws ModelProblem `model-refused` */
export function embeddersIn(folder: string): readonly EmbedderFile[] {
  const files = readEntries(folder).map(
    (entry): EmbedderFile => ({ ...entry, ...ownFile(entry, 'embedding'), task: 'embedding' }),
  );
  return [EMBEDDER, ...files];
}

/** @throws ModelProblem `model-unknown`, `model-refused` */
export function embedderOf(folder: string, id: string): EmbedderFile {
  const found = embeddersIn(folder).find((weight) => embedderId(weight) === id);
  if (found) return found;
  throw new ModelProblem('model-unknown', { id, list: EMBEDDERS_FILE, folder });
}
