import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { EMBEDDER, embedderId, type WeightFile } from '../rules/manifest.ts';
import { ModelProblem } from '../rules/problem.ts';

/**
 * Embedders that a machine may load: the one that ships, and those that an operator has put into the folder of the weights
 * with an entry in `embedders.json` beside them. A template carries its embedder's id and is never compared across.
 */

/** Name of the operator's entries in the folder of the weights. */
export const EMBEDDERS_FILE = 'embedders.json';

const Tensor = z.strictObject({ name: z.string(), shape: z.array(z.number().int()), meaning: z.string() });
/** One entry, as WeightFile of the manifest: 112×112 in, 512 numbers out. */
const Entry = z.strictObject({
  file: z.string().regex(/^[\w.-]+\.onnx$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  input: Tensor,
  outputs: z.array(Tensor).min(1),
  /** Which output is the embedding; absent: the first. */
  embedding: z.string().optional(),
  licence: z.string().min(1),
  provenance: z.string().min(1),
});

/** @throws ModelProblem `model-refused` where `embedders.json` can't be read */
export function embeddersIn(folder: string): readonly WeightFile[] {
  let text: string;
  try {
    text = readFileSync(join(folder, EMBEDDERS_FILE), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [EMBEDDER];
    throw cause;
  }
  try {
    const entries = z.array(Entry).parse(JSON.parse(text));
    return [
      EMBEDDER,
      ...entries.map(
        ({ embedding, ...entry }): WeightFile => ({
          ...EMBEDDER,
          ...entry,
          ...(embedding && { embedding }),
          limits: [],
        }),
      ),
    ];
  } catch (cause) {
    throw new ModelProblem(
      'model-refused',
      `${join(folder, EMBEDDERS_FILE)} is not a list of embedders.`,
      'Mend it as docs/models.md says.',
      { cause },
    );
  }
}

/** @throws ModelProblem `model-unknown` */
export function embedderOf(folder: string, id: string): WeightFile {
  const found = embeddersIn(folder).find((weight) => embedderId(weight) === id);
  if (found) return found;
  throw new ModelProblem(
    'model-unknown',
    `There is no embedder ${id} here.`,
    `Put its file and its entry of ${EMBEDDERS_FILE} into ${folder}.`,
  );
}
