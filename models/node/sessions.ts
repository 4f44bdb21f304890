import './no-telemetry.ts';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  EMBEDDER,
  type EmbedderFile,
  FACE_BOX_NODE,
  LANDMARKS_NODE,
  type PassiveLivenessFile,
  type WeightFile,
} from '../rules/manifest.ts';
import { ModelProblem } from './problem.ts';
import { withoutSubnormals } from './subnormal.ts';
import { DEFAULT_WEIGHTS } from './weights.ts';

/** A loaded model: one float32 tensor in, named float32 arrays out. */
export interface Model<Weight extends WeightFile = WeightFile> {
  readonly weight: Weight;
  /**
   * Runs the model once. `input` is read when the run starts, which is after this call returns: don't modify it until the promise
   * is settled. The returned arrays belong to the caller.
   */
  run(input: Float32Array): Promise<Record<string, Float32Array>>;
  close(): Promise<void>;
}

export interface Models {
  readonly detector: Model;
  readonly landmarks: Model;
  readonly embedder: Model<EmbedderFile>;
}

/** The models, with the operator's liveness model if they have one. */
export interface LoadedModels extends Models {
  readonly passive: Model<PassiveLivenessFile> | null;
}

/** The operator's own models, and their folder (embedders.ts, passive-liveness.ts). */
export interface OwnModels {
  readonly folder: string;
  /** Replaces the built-in one. */
  readonly embedder: EmbedderFile | null;
  readonly passive: PassiveLivenessFile | null;
}

/**
 * Loads the models of the Node pipeline from `folder`.
 *
 * @param own the operator's models; none by default
 * @throws ModelProblem `model-missing`, `model-altered` (bytes differ from the manifest) or `model-refused` (the runtime can't
 * load it, or its shapes are not the manifest's). Nothing is loaded from unverified bytes.
 */
export async function loadModels(folder = DEFAULT_WEIGHTS, own?: OwnModels): Promise<LoadedModels> {
  const loaded: Model[] = [];
  const load = async <Weight extends WeightFile>(from: string, weight: Weight): Promise<Model<Weight>> => {
    const model = await loadModel(from, weight);
    loaded.push(model);
    return model;
  };
  try {
    return {
      detector: await load(folder, FACE_BOX_NODE),
      landmarks: await load(folder, LANDMARKS_NODE),
      embedder: await (own?.embedder ? load(own.folder, own.embedder) : load(folder, EMBEDDER)),
      passive: own?.passive ? await load(own.folder, own.passive) : null,
    };
  } catch (error) {
    await Promise.all(loaded.map((model) => model.close()));
    throw error;
  }
}

/** Reads and verifies one weight file. The bytes returned are the bytes that were hashed. */
export async function readWeight(folder: string, weight: WeightFile): Promise<Uint8Array> {
  const path = join(folder, weight.file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ModelProblem('model-missing', {
      path,
      why: (cause as NodeJS.ErrnoException).code ?? 'unknown error',
      cause,
    });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== weight.sha256) {
    throw new ModelProblem('model-altered', { path, found, expected: weight.sha256 });
  }
  return bytes;
}

/**
 * Loads one verified file.
 * @throws ModelProblem as loadModels
 */
export async function loadModel<Weight extends WeightFile>(folder: string, weight: Weight): Promise<Model<Weight>> {
  const bytes = await readWeight(folder, weight);
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(withoutSubnormals(bytes), {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      enableCpuMemArena: false,
    });
  } catch (cause) {
    throw new ModelProblem('model-refused', { file: weight.file, why: "onnxruntime can't load it", cause });
  }
  const wrong = mismatch(session, weight);
  if (wrong) {
    await session.release();
    throw new ModelProblem('model-refused', { file: weight.file, why: wrong });
  }
  const names = weight.outputs.map(({ name }) => name);
  return {
    weight,
    async run(input) {
      const answer = await session.run(
        { [weight.input.name]: new Tensor('float32', input, weight.input.shape) },
        names,
      );
      return Object.fromEntries(names.map((name) => [name, answer[name]!.data as Float32Array]));
    },
    close: () => session.release(),
  };
}

/** Returns how the file's tensors differ from the entry; null: they don't. A file may have additional outputs. */
function mismatch({ inputMetadata, outputMetadata }: InferenceSession, { input, outputs }: WeightFile): string | null {
  const describe = (m: InferenceSession.ValueMetadata) => (m.isTensor ? `${m.name}:${m.type}[${m.shape}]` : m.name);
  const wanted = (t: WeightFile['input']) => `${t.name}:float32[${t.shape}]`;
  const fits = (t: WeightFile['input'], m: InferenceSession.ValueMetadata | undefined) =>
    m?.isTensor &&
    m.name === t.name &&
    m.type === 'float32' &&
    m.shape.length === t.shape.length &&
    // A batch size that an exporter left open, as a name, includes a batch of one.
    m.shape.every((size, i) => size === t.shape[i] || (i === 0 && typeof size === 'string'));
  if (inputMetadata.length !== 1 || !fits(input, inputMetadata[0]))
    return `takes ${inputMetadata.map(describe).join(' ')}, its entry says ${wanted(input)}`;
  for (const output of outputs)
    if (
      !fits(
        output,
        outputMetadata.find((m) => m.name === output.name),
      )
    )
      return `gives ${outputMetadata.map(describe).join(' ')}, its entry says ${wanted(output)}`;
  return null;
}
