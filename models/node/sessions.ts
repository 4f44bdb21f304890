import './no-telemetry.ts';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { EMBEDDER, FACE_BOX_NODE, LANDMARKS_NODE, type WeightFile } from '../rules/manifest.ts';
import { ModelProblem } from '../rules/problem.ts';
import { withoutNegligible } from './negligible.ts';
import { DEFAULT_WEIGHTS } from './weights.ts';

/** A loaded model: one float32 tensor in, named float32 arrays out. */
export interface Model {
  readonly weight: WeightFile;
  /**
   * Runs the model once. `input` is read when the run starts, which is after this call returns: don't touch it until
   * the promise is settled. The arrays of the answer are the caller's own.
   */
  run(input: Float32Array): Promise<Record<string, Float32Array>>;
  close(): Promise<void>;
}

export interface Models {
  readonly detector: Model;
  readonly landmarks: Model;
  readonly embedder: Model;
}

/**
 * Loads the three models of the Node pipeline from `folder`.
 *
 * @param embedding which embedder (embedders.ts)
 * @throws ModelProblem `model-missing`, `model-altered` (bytes differ from the manifest) or `model-refused` (the
 *   runtime can't load it, or its shapes are not the manifest's). Nothing is loaded from bytes that were not verified.
 */
export async function loadModels(folder = DEFAULT_WEIGHTS, embedding: WeightFile = EMBEDDER): Promise<Models> {
  const loaded: Model[] = [];
  try {
    for (const weight of [FACE_BOX_NODE, LANDMARKS_NODE, embedding]) loaded.push(await loadModel(folder, weight));
  } catch (error) {
    await Promise.all(loaded.map((model) => model.close()));
    throw error;
  }
  const [detector, landmarks, embedder] = loaded as [Model, Model, Model];
  return { detector, landmarks, embedder };
}

/** Reads and verifies one weight file: the bytes given back are the bytes that were hashed. */
export async function readWeight(folder: string, weight: WeightFile): Promise<Uint8Array> {
  const path = join(folder, weight.file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ModelProblem(
      'model-missing',
      `The weights ${path} can't be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
      'Run npm run prepare:models, or reinstall the kiosk.',
      { cause },
    );
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== weight.sha256) {
    throw new ModelProblem(
      'model-altered',
      `The weights ${path} have SHA-256 ${found}, expected ${weight.sha256}; they were not loaded.`,
      'Run npm run prepare:models, or reinstall the kiosk; find out who changed the file.',
    );
  }
  return bytes;
}

async function loadModel(folder: string, weight: WeightFile): Promise<Model> {
  const bytes = await readWeight(folder, weight);
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(withoutNegligible(bytes), {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw new ModelProblem('model-refused', `onnxruntime can't load ${weight.file}.`, 'Report this as a defect.', {
      cause,
    });
  }
  const shapes = [...session.inputMetadata, ...session.outputMetadata].map((m) =>
    m.isTensor ? `${m.name}:${m.shape}` : m.name,
  );
  const expected = [weight.input, ...weight.outputs].map((t) => `${t.name}:${t.shape}`);
  if (shapes.join(' ') !== expected.join(' ')) {
    await session.release();
    throw new ModelProblem(
      'model-refused',
      `${weight.file} has tensors ${shapes.join(' ')}, the manifest says ${expected.join(' ')}.`,
      'Mend the entry in models/rules/manifest.ts.',
    );
  }
  return {
    weight,
    async run(input) {
      const answer = await session.run({ [weight.input.name]: new Tensor('float32', input, weight.input.shape) });
      return Object.fromEntries(weight.outputs.map(({ name }) => [name, answer[name]!.data as Float32Array]));
    },
    close: () => session.release(),
  };
}
