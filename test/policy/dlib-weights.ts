import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DLIB_ENTRY, makeDlibEmbedder } from '../../build/models/dlib-embedder.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { EMBEDDERS_FILE } from '../../models/node/embedders.ts';
import { embedderId } from '../../models/rules/manifest.ts';

/** Id of dlib's embedder: a different network, length and range of scores. */
export const DLIB = embedderId(DLIB_ENTRY);

/** Puts dlib's embedder and its entry into `folder`, as `models add` does. */
export function putDlib(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, DLIB_ENTRY.file), makeDlibEmbedder());
  writeFileSync(join(folder, EMBEDDERS_FILE), JSON.stringify([DLIB_ENTRY]));
}

/** A server's weights: the shipped ones and dlib's embedder. */
export async function weightsWithDlib(): Promise<{ readonly weights: string; remove(): void }> {
  const weights = mkdtempSync(join(tmpdir(), 'embedders-'));
  cpSync((await prepareModels()).weights, weights, { recursive: true });
  putDlib(weights);
  return { weights, remove: () => rmSync(weights, { recursive: true, force: true }) };
}
