import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DLIB_ENTRY, makeDlibEmbedder } from '../../build/models/dlib-embedder.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { EMBEDDER, EMBEDDER_ID, embedderId } from '../rules/manifest.ts';
import type { EmbedderEntry } from '../rules/recipe.ts';
import { addModels } from './add-models.ts';
import { EMBEDDERS_FILE, embedderOf, embeddersIn } from './embedders.ts';
import { openPipeline } from './pipeline.ts';

let root: string;
let weights: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'embedders-'));
  ({ weights } = await prepareModels());
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
/** A folder with these entries. */
function folderWith(entries: unknown): string {
  const folder = join(root, `${folders++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, EMBEDDERS_FILE), JSON.stringify(entries));
  return folder;
}
const changed = (change: object) => ({ ...structuredClone(DLIB_ENTRY), ...change });
const recipe = (change: object) => changed({ recipe: { ...DLIB_ENTRY.recipe, ...change } });
const calibration = (change: object) => changed({ calibration: { ...DLIB_ENTRY.calibration, ...change } });

it('an entry is read with its recipe, length and calibration; without a file there is only the embedder that ships', () => {
  expect(embeddersIn(join(root, 'none'))).toEqual([EMBEDDER]);
  const folder = folderWith([DLIB_ENTRY]);
  expect(embedderOf(folder, embedderId(DLIB_ENTRY))).toMatchObject({
    input: { name: 'input', shape: [1, 3, 150, 150] },
    outputs: [{ name: 'output', shape: [1, 128] }],
    calibration: DLIB_ENTRY.calibration,
  });
  expect(embedderOf(folder, EMBEDDER_ID)).toBe(EMBEDDER);
  expect(() => embedderOf(folder, 'other@000000000000')).toThrow(expect.objectContaining({ code: 'model-unknown' }));
});

it.each<[string, unknown]>([
  ['something other than a list', DLIB_ENTRY],
  ['an unknown field', [changed({ normalise: true })]],
  ['no recipe', [changed({ recipe: undefined })]],
  ['no calibration', [changed({ calibration: undefined })]],
  ['an embedding too long for the gallery', [changed({ length: 1024 })]],
  ['a path for a file', [changed({ file: '../other.onnx' })]],
  ['an unknown order of channels', [recipe({ channels: 'GRB' })]],
  ['a deviation of zero', [recipe({ std: [128, 0, 128] })]],
  ['an unknown crop', [recipe({ crop: { template: 'square' } })]],
  [
    'rates that rise',
    [calibration({ curve: [...DLIB_ENTRY.calibration.curve].map((p, i) => ({ ...p, fmr: (i + 1) / 10 })) })],
  ],
  ['one point of a curve', [calibration({ curve: DLIB_ENTRY.calibration.curve.slice(1) })]],
  ['a threshold that nobody reaches', [calibration({ verification: 1 })]],
  ['the same embedder twice', [DLIB_ENTRY, DLIB_ENTRY]],
])('%s is rejected', (_, entries) => {
  expect(() => embeddersIn(folderWith(entries))).toThrow(expect.objectContaining({ code: 'model-refused' }));
});

it.each<[string, Partial<EmbedderEntry>]>([
  ['another side', { recipe: { ...DLIB_ENTRY.recipe, side: 112 } }],
  ['another layout', { recipe: { ...DLIB_ENTRY.recipe, layout: 'NHWC' } }],
  ['another length', { length: 512 }],
  ['another input', { input: 'data' }],
  ['another output', { output: 'embedding' }],
])('a file whose tensors don’t match its entry (%s) is neither loaded nor added', async (_, change) => {
  const folder = folderWith([changed(change)]);
  writeFileSync(join(folder, DLIB_ENTRY.file), makeDlibEmbedder());
  const wrong = { code: 'model-refused', message: expect.stringContaining('its entry says') };
  await expect(openPipeline(weights, embedderId(DLIB_ENTRY), folder)).rejects.toMatchObject(wrong);
  const to = join(root, `to-${folders}`);
  await expect(addModels(folder, to, true)).rejects.toMatchObject(wrong);
  expect(existsSync(to)).toBe(false);
});

it('a file can’t have the name of one that ships, which it would replace', async () => {
  const wrong = { code: 'model-refused', message: expect.stringContaining('another name') };
  for (const file of [EMBEDDER.file, 'fr_detect.onnx']) {
    const from = folderWith([changed({ file })]);
    writeFileSync(join(from, file), makeDlibEmbedder());
    await expect(addModels(from, join(root, 'to-own'), true)).rejects.toMatchObject(wrong);
  }
  expect(existsSync(join(root, 'to-own'))).toBe(false);
});

it('a folder’s embedders are added completely or not at all, and never overwrite another’s file', async () => {
  const from = folderWith([DLIB_ENTRY]);
  const to = join(root, 'to');
  await expect(addModels(from, to, true)).rejects.toMatchObject({ code: 'model-missing' });
  const bytes = makeDlibEmbedder();
  writeFileSync(join(from, DLIB_ENTRY.file), bytes);
  expect(await addModels(from, to, true)).toEqual([embedderId(DLIB_ENTRY)]);
  // The embedder that ships, as an operator's own: BGR, 512 values.
  const arcface: EmbedderEntry = {
    file: 'arcface.onnx',
    sha256: EMBEDDER.sha256,
    input: 'input',
    output: 'output',
    length: 512,
    recipe: EMBEDDER.recipe,
    calibration: EMBEDDER.calibration,
    licence: EMBEDDER.licence,
    provenance: EMBEDDER.provenance,
    limits: [],
  };
  const second = folderWith([arcface]);
  cpSync(join(weights, EMBEDDER.file), join(second, arcface.file));
  await addModels(second, to, true);
  expect(embeddersIn(to).map(embedderId)).toEqual([EMBEDDER_ID, embedderId(DLIB_ENTRY), embedderId(arcface)]);
  // Another file with dlib's name: a byte after the last message is an unknown field, which the runtime ignores. Templates of the
  // previous one would be left without an embedder.
  const later = Buffer.concat([bytes, Buffer.from([0x78, 0x01])]);
  const entry = changed({ sha256: createHash('sha256').update(later).digest('hex') });
  const third = folderWith([entry]);
  writeFileSync(join(third, entry.file), later);
  await expect(addModels(third, to, true)).rejects.toMatchObject({ code: 'model-refused' });
  expect(readFileSync(join(to, entry.file)).equals(bytes)).toBe(true);
  const renamed = { ...entry, file: 'later.onnx' };
  const fourth = folderWith([renamed]);
  writeFileSync(join(fourth, renamed.file), later);
  await addModels(fourth, to, true);
  const ids = [DLIB_ENTRY, arcface, renamed].map(embedderId);
  expect(embeddersIn(to).map(embedderId)).toEqual([EMBEDDER_ID, ...ids]);
  for (const id of ids) await (await openPipeline(weights, id, to)).close();
});
