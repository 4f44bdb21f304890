import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { embedderOf } from '../../../../models/node/embedders.ts';
import { ModelProblem } from '../../../../models/node/problem.ts';
import { readWeight } from '../../../../models/node/sessions.ts';
import { FACE_BOX_NODE, LANDMARKS_NODE, type WeightFile } from '../../../../models/rules/manifest.ts';
import { modelsCode, presentEmbedder } from '../../features/embedders/faces.ts';
import { check, MINUTE_MS, opened } from './check.ts';

/** Files that had the right hash, by path, with their time and size then, so that 50 MB are not read every minute. */
const known = new Map<string, string>();

/** Checks that the face models exist and have the hashes that this build expects. */
export const modelsCheck = check({
  name: 'models',
  of: 'process',
  everyMs: MINUTE_MS,
  outcomes: {
    'models-missing': {
      level: 'degrades',
      says: 'Face model files are missing here: no one can be enrolled from a picture.',
      next: 'Install this version of the server again; from sources run `npm run prepare:models`. Check SMARTPRESENCE_WEIGHTS.',
    },
    'models-altered': {
      level: 'degrades',
      says: 'A face model file is not the one this build expects: it is not used, and no one can be enrolled from a picture.',
      next: 'Find out who changed it, then install this version of the server again.',
    },
  },
  async inspect(subject) {
    const { weights } = subject.config;
    try {
      const embedder = embedderOf(weights, await presentEmbedder(opened(subject).db));
      for (const weight of [FACE_BOX_NODE, LANDMARKS_NODE, embedder]) await requireWhole(weights, weight);
      return null;
    } catch (cause) {
      if (cause instanceof ModelProblem) return { code: modelsCode(cause), detail: `${cause.code}: ${cause.message}` };
      throw cause;
    }
  },
  judge: (problem) => (problem ? { [problem.code]: problem.detail } : {}),
});

async function requireWhole(folder: string, weight: WeightFile): Promise<void> {
  const path = join(folder, weight.file);
  const found = await stat(path).catch(() => null);
  const mark = `${weight.sha256} ${found?.size} ${found?.mtimeMs} ${found?.ino}`;
  if (found && known.get(path) === mark) return;
  known.delete(path);
  await readWeight(folder, weight);
  known.set(path, mark);
}
