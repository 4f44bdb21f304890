import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { brightnessEntry, writeBrightness } from '../../test/kit/brightness-model.ts';
import type { RgbImage } from '../rules/image.ts';
import { EMBEDDER_ID, embedderId } from '../rules/manifest.ts';
import type { PassiveLivenessEntry } from '../rules/recipe.ts';
import { addModels } from './add-models.ts';
import type { PassiveLiveness } from './interface.ts';
import { createPassiveLiveness, passiveLivenessIn } from './passive-liveness.ts';
import { openPipeline } from './pipeline.ts';
import { loadModel } from './sessions.ts';

let root: string;
let weights: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'passive-'));
  ({ weights } = await prepareModels());
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const folderWith = (entry: unknown) => writeBrightness(join(root, `${folders++}`), entry);
const entry = (change: Partial<PassiveLivenessEntry>) => brightnessEntry(change);
const recipe = (change: object) => entry({ recipe: { ...brightnessEntry().recipe, ...change } });

async function withModel<T>(made: PassiveLivenessEntry, work: (passive: PassiveLiveness) => Promise<T>): Promise<T> {
  const folder = folderWith(made);
  const model = await loadModel(folder, passiveLivenessIn(folder)!);
  try {
    return await work(createPassiveLiveness(model));
  } finally {
    await model.close();
  }
}

/** A bright square in the middle of a dark 200 × 200 picture, and its box. */
const BOX = [50, 50, 100, 100] as const;
function square(bright: number, around = 0): RgbImage {
  const data = new Uint8Array(200 * 200 * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % 200, Math.floor(i / 600)];
    data[i] = x >= 50 && x < 150 && y >= 50 && y < 150 ? bright : around;
  }
  return { width: 200, height: 200, data };
}

it('a face is judged by the square around its box, by the probability of the live class', async () => {
  await withModel(brightnessEntry(), async (passive) => {
    expect(passive.model).toBe(embedderId(brightnessEntry()));
    expect(await passive.isLive(square(140), BOX)).toBe(true);
    expect(await passive.isLive(square(115), BOX)).toBe(false);
    // With a margin of 1, it ignores what is around the box …
    expect(await passive.isLive(square(140, 0), BOX)).toBe(true);
    expect(await passive.isLive(square(115, 255), BOX)).toBe(false);
  });
  // … and with 1.8, that is more than two thirds of what it sees.
  await withModel(recipe({ margin: 1.8 }), async (passive) => {
    expect(await passive.isLive(square(140, 0), BOX)).toBe(false);
    expect(await passive.isLive(square(115, 255), BOX)).toBe(true);
    // Beyond a frame that ends with the face, everything is black.
    expect(await passive.isLive({ width: 2, height: 2, data: new Uint8Array(12).fill(255) }, [0, 0, 2, 2])).toBe(false);
  });
});

it('threshold, class and kind of scores come from the entry', async () => {
  // Mean 140 of 255 is a logit of ±0.98: 0.877 by softmax.
  const says = (change: Partial<PassiveLivenessEntry>, bright: number) =>
    withModel(entry(change), (passive) => passive.isLive(square(bright), BOX));
  expect(await says({ threshold: 0.87 }, 140)).toBe(true);
  expect(await says({ threshold: 0.88 }, 140)).toBe(false);
  expect(await says({ live: 0 }, 140)).toBe(false);
  expect(await says({ live: 0 }, 100)).toBe(true);
  expect(await says({ scores: 'probabilities', threshold: 0.97 }, 140)).toBe(true);
  expect(await says({ scores: 'probabilities', threshold: 0.99 }, 140)).toBe(false);
});

it('a NaN score is not a live face', async () => {
  const nan = await withModel(entry({ recipe: { ...brightnessEntry().recipe, mean: [0, 0, Number.MAX_VALUE] } }), (p) =>
    p.isLive(square(140), BOX),
  );
  expect(nan).toBe(false);
});

it.each<[string, unknown]>([
  ['a list', [brightnessEntry()]],
  ['an unknown field', { ...brightnessEntry(), veto: false }],
  ['no licence', entry({ licence: '' })],
  ['a class that the output does not have', entry({ live: 2 })],
  ['a threshold that nothing reaches', entry({ threshold: 1 })],
  ['a threshold that everything reaches', entry({ threshold: 0 })],
  ['more around the face than a kiosk sends', recipe({ margin: 2.7 })],
  ['a path for a file', entry({ file: '../a.onnx' })],
])('an entry with %s is rejected', (_, made) => {
  expect(() => passiveLivenessIn(folderWith(made))).toThrow(expect.objectContaining({ code: 'model-refused' }));
});

it.each<[string, PassiveLivenessEntry, string]>([
  ['of another side', recipe({ side: 112 }), 'model-refused'],
  ['with another number of classes', entry({ length: 3 }), 'model-refused'],
  ['without that output', entry({ output: 'scores' }), 'model-refused'],
  ['with another hash', entry({ sha256: '0'.repeat(64) }), 'model-altered'],
  ['that is not there', entry({ file: 'none.onnx' }), 'model-missing'],
])('a file %s is neither loaded nor added, and no face is judged without it', async (_, made, code) => {
  const folder = folderWith(made);
  await expect(openPipeline(weights, EMBEDDER_ID, folder)).rejects.toMatchObject({ code });
  const to = join(root, `to-${folders}`);
  await expect(addModels(folder, to, true)).rejects.toMatchObject({ code });
  expect(existsSync(to)).toBe(false);
});

it('a kiosk adds it to its embedders and loads it, a server rejects it, and without one there is none', async () => {
  const from = folderWith(brightnessEntry());
  const to = join(root, 'own');
  const server = addModels(from, to, false);
  await expect(server).rejects.toMatchObject({ code: 'model-refused', message: expect.stringContaining('kiosk') });
  expect(existsSync(to)).toBe(false);
  expect(await addModels(from, to, true)).toEqual([embedderId(brightnessEntry())]);
  expect(JSON.parse(readFileSync(join(to, 'passive-liveness.json'), 'utf8'))).toEqual(brightnessEntry());
  expect(existsSync(join(to, 'embedders.json'))).toBe(false);
  for (const [folder, model] of [
    [to, embedderId(brightnessEntry())],
    [join(root, 'nothing'), undefined],
  ] as const) {
    const pipeline = await openPipeline(weights, EMBEDDER_ID, folder);
    expect(pipeline.passive?.model).toBe(model);
    await pipeline.close();
  }
});
