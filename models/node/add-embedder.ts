import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedderId } from '../rules/manifest.ts';
import { EMBEDDERS_FILE, embedderOf, readEntries } from './embedders.ts';
import { loadModel, readWeight } from './sessions.ts';

/**
 * Takes the embedders of a folder (ONNX files and their `embedders.json`) into the folder of a server or kiosk. Each is loaded and
 * run once before anything is written; an entry of the same id takes the place of the one there.
 *
 * @returns their ids
 * @throws ModelProblem `model-refused`, `model-missing`, `model-altered`; then nothing has changed
 */
export async function addEmbedders(from: string, to: string): Promise<readonly string[]> {
  const entries = readEntries(from);
  const there = readEntries(to);
  const ids = entries.map(embedderId);
  const files: { readonly name: string; readonly bytes: Uint8Array }[] = [];
  for (const [i, { file }] of entries.entries()) {
    const weight = embedderOf(from, ids[i]!);
    const model = await loadModel(from, weight);
    try {
      await model.run(new Float32Array(weight.input.shape.reduce((product, n) => product * n, 1)));
    } finally {
      await model.close();
    }
    files.push({ name: file, bytes: await readWeight(from, weight) });
  }
  mkdirSync(to, { recursive: true, mode: 0o755 });
  for (const { name, bytes } of files) put(join(to, name), bytes);
  // Of one file name there is one file, so its former entry has gone with the file.
  const names = new Set(entries.map(({ file }) => file));
  const all = [...there.filter(({ file }) => !names.has(file)), ...entries];
  put(join(to, EMBEDDERS_FILE), Buffer.from(`${JSON.stringify(all, null, 2)}\n`));
  return ids;
}

/** Another process sees the old file or the new one, never a part. */
function put(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, bytes, { mode: 0o644, flush: true });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
