import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { WEIGHTS } from '../rules/manifest.ts';
import { ModelProblem } from './problem.ts';
import { loadModels } from './sessions.ts';

let weights: string;
let folder: string;
beforeAll(async () => {
  weights = (await prepareModels()).weights;
  folder = mkdtempSync(join(tmpdir(), 'weights-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('loads the verified weights, whose tensors are those of the manifest', async () => {
  const models = await loadModels(weights);
  const loaded = [models.detector, models.landmarks, models.embedder];
  expect(models.passive).toBeNull();
  expect(loaded.map((m) => m.weight.file)).toEqual(['fr_detect.onnx', 'fr_landmark.onnx', 'fr_feature.onnx']);
  await Promise.all(loaded.map((m) => m.close()));
});

it.each(WEIGHTS.filter((w) => w.runs === 'node').map((w) => w.file))(
  'loads nothing if one bit of %s is flipped',
  async (file) => {
    cpSync(weights, folder, { recursive: true });
    const bytes = readFileSync(join(folder, file));
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(join(folder, file), bytes);
    const error = await loadModels(folder).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ModelProblem);
    expect(error).toMatchObject({ code: 'model-altered' });
    expect((error as ModelProblem).message).toContain(WEIGHTS.find((w) => w.file === file)!.sha256);
  },
);

it('names the missing file and what to run', async () => {
  const error = await loadModels(join(folder, 'none')).then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ code: 'model-missing' });
  expect((error as ModelProblem).nextStep).toContain('prepare:models');
});
