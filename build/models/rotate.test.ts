import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodePicture } from '../../models/node/decode.ts';
import { EMBEDDERS_FILE } from '../../models/node/embedders.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { dot } from '../../models/rules/cosine.ts';
import { EMBEDDER, embedderId } from '../../models/rules/manifest.ts';
import { stillsOfA } from '../../test/footage/index.ts';
import { prepareModels } from './prepare.ts';
import { rotatedEmbedder } from './rotate.ts';

let folder: string;
let id: string;
beforeAll(async () => {
  const { weights } = await prepareModels();
  folder = mkdtempSync(join(tmpdir(), 'embedders-'));
  cpSync(weights, folder, { recursive: true });
  const { bytes, entry } = rotatedEmbedder(readFileSync(join(weights, EMBEDDER.file)));
  const made = entry as { file: string; sha256: string };
  writeFileSync(join(folder, made.file), bytes);
  writeFileSync(join(folder, EMBEDDERS_FILE), JSON.stringify([entry]));
  id = embedderId(made);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('another embedder is an entry and a file: its own id, cosines as before within, none across', async () => {
  const [old, turned] = [await openPipeline(folder), await openPipeline(folder, id)];
  expect([old.model, turned.model]).toEqual([embedderId(EMBEDDER), id]);
  const embed = async (pipeline: typeof old, file: string) => {
    const image = await decodePicture(file);
    const { box } = (await pipeline.detect(image))[0]!;
    return pipeline.embed(image, (await pipeline.shape(image, box)).five);
  };
  const [a, b] = stillsOfA();
  const [a1, b1, a2, b2] = [
    await embed(old, a!),
    await embed(old, b!),
    await embed(turned, a!),
    await embed(turned, b!),
  ];
  expect(dot(a2, b2)).toBeCloseTo(dot(a1, b1), 4);
  expect(Math.abs(dot(a1, a2))).toBeLessThan(0.3);
  await Promise.all([old.close(), turned.close()]);
  await expect(openPipeline(folder, 'other@000000000000')).rejects.toMatchObject({ code: 'model-unknown' });
});
