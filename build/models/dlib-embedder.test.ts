import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../models/node/decode.ts';
import { EMBEDDERS_FILE, embedderOf } from '../../models/node/embedders.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { loadModel } from '../../models/node/sessions.ts';
import { dot } from '../../models/rules/cosine.ts';
import { EMBEDDER_ID, embedderId } from '../../models/rules/manifest.ts';
import { groupPhotos, stillsOfA } from '../../test/footage/index.ts';
import { DLIB_ENTRY, makeDlibEmbedder } from './dlib-embedder.ts';
import { prepareModels } from './prepare.ts';
import { dlibPictures } from './testdata/dlib-pictures.ts';

interface Vectors {
  readonly pictures: readonly { readonly sha256: string; readonly embedding: readonly number[] }[];
}
const VECTORS: Vectors = JSON.parse(readFileSync(new URL('testdata/dlib-vectors.json', import.meta.url), 'utf8'));

let folder: string;
const id = embedderId(DLIB_ENTRY);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'embedders-'));
  cpSync((await prepareModels()).weights, folder, { recursive: true });
  writeFileSync(join(folder, DLIB_ENTRY.file), makeDlibEmbedder());
  writeFileSync(join(folder, EMBEDDERS_FILE), JSON.stringify([DLIB_ENTRY]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('dlib’s embedder, made from face-api’s weights', () => {
  it('returns the same embeddings as face-api’s own implementation', async () => {
    const model = await loadModel(folder, embedderOf(folder, id));
    const { mean } = DLIB_ENTRY.recipe;
    for (const [i, rgb] of dlibPictures().entries()) {
      const { sha256, embedding } = VECTORS.pictures[i]!;
      expect(createHash('sha256').update(rgb).digest('hex')).toBe(sha256);
      // One channel after the other. face-api divides by 255; dlib and the entry divide by 256.
      const plane = 150 * 150;
      const input = Float32Array.from({ length: 3 * plane }, (_, at) => {
        const c = Math.floor(at / plane);
        return (rgb[(at % plane) * 3 + c]! - mean[c]!) / 255;
      });
      const { output } = await model.run(input);
      expect(output).toHaveLength(128);
      for (const [k, value] of embedding.entries()) expect(Math.abs(output![k]! - value)).toBeLessThan(1e-5);
    }
    await model.close();
  });

  it('matches a man in different stills, and does not match women in group photos with him or each other', async () => {
    const [shipped, other] = [await openPipeline(folder), await openPipeline(folder, id)];
    expect([shipped.model, shipped.length, other.model, other.length]).toEqual([EMBEDDER_ID, 512, id, 128]);
    const faces = async (file: string) => {
      const image = await decodePicture(file);
      const found = await other.detect(image);
      return Promise.all(found.map(async ({ box }) => other.embed(image, (await other.shape(image, box)).five)));
    };
    const his = (await Promise.all(stillsOfA().map(faces))).map(([largest]) => largest!);
    const theirs = await Promise.all(groupPhotos().map(faces));
    const { verification } = other.calibration;
    for (const [i, a] of his.entries())
      for (const b of his.slice(0, i)) expect(dot(a, b)).toBeGreaterThan(verification);
    // Two faces in one photo are never the same person.
    for (const photo of theirs)
      for (const [i, a] of photo.entries()) {
        for (const b of photo.slice(0, i)) expect(dot(a, b)).toBeLessThan(verification);
        for (const b of his) expect(dot(a, b)).toBeLessThan(verification);
      }
    await Promise.all([shipped.close(), other.close()]);
  });
});
