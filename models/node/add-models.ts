import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedderId } from '../rules/manifest.ts';
import { EMBEDDERS_FILE, embedderOf, readEntries } from './embedders.ts';
import { PASSIVE_LIVENESS_FILE, passiveLivenessIn, readPassiveLiveness } from './passive-liveness.ts';
import { ModelProblem } from './problem.ts';
import { loadModel, readWeight } from './sessions.ts';

/**
 * Copies the models of a folder (ONNX files with their `embedders.json`, `passive-liveness.json` or both) into the folder of a
 * server or kiosk. Each is loaded and run once before anything is written. An entry replaces the one with the same id, and a
 * liveness model the previous one. The file of another embedder is never overwritten: people's templates may depend on it.
 *
 * @param kiosk false: a server's folder, where a liveness model has no use
 * @returns their ids
 * @throws ModelProblem `model-refused`, `model-missing`, `model-altered`; nothing has changed then
 */
export async function addModels(from: string, to: string, kiosk: boolean): Promise<readonly string[]> {
  const entries = readEntries(from);
  const there = readEntries(to);
  const passive = passiveLivenessIn(from);
  if (passive && !kiosk) {
    const file = join(from, PASSIVE_LIVENESS_FILE);
    throw new ModelProblem('model-refused', { file, why: 'only kiosks use a liveness model (--kiosk)' });
  }
  const weights = [...entries.map((entry) => embedderOf(from, embedderId(entry))), ...(passive ? [passive] : [])];
  for (const { file, sha256 } of weights)
    if (there.some((held) => held.file === file && held.sha256 !== sha256))
      throw new ModelProblem('model-refused', {
        file: join(from, file),
        why: 'another embedder’s file is called so: give yours another name',
      });
  const files: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  for (const weight of weights) {
    const model = await loadModel(from, weight);
    try {
      await model.run(new Float32Array(weight.input.shape.reduce((product, n) => product * n, 1)));
    } finally {
      await model.close();
    }
    files.push({ name: weight.file, bytes: await readWeight(from, weight) });
  }
  mkdirSync(to, { recursive: true, mode: 0o755 });
  for (const { name, bytes } of files) put(join(to, name), bytes);
  const names = new Set(entries.map(({ file }) => file));
  const all = [...there.filter(({ file }) => !names.has(file)), ...entries];
  const list = (name: string, value: unknown) =>
    put(join(to, name), Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
  if (entries.length > 0) list(EMBEDDERS_FILE, all);
  if (passive) list(PASSIVE_LIVENESS_FILE, readPassiveLiveness(from));
  return weights.map(embedderId);
}

/** Replaces a file atomically: another process sees the old file or the new one, never a part. */
function put(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, bytes, { mode: 0o644, flush: true });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
