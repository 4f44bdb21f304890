import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxModel } from '../../build/models/onnx.ts';
import type { PassiveLivenessEntry } from '../../models/rules/recipe.ts';

/**
 * A stand-in for a liveness model: it takes anything brighter than mid-grey for live, with two logits (attack, live). It shows
 * how the product uses a model, and is useless as one.
 */
export function brightnessModel(side = 80): Uint8Array {
  const weights = Float32Array.from([-20 / 3, 20 / 3, -20 / 3, 20 / 3, -20 / 3, 20 / 3]);
  return onnxModel(
    {
      name: 'brightness',
      input: { name: 'picture', shape: [1, 3, side, side] },
      output: { name: 'logits', shape: [1, 2] },
      nodes: [
        { op: 'GlobalAveragePool', inputs: ['picture'], output: 'means' },
        { op: 'Flatten', inputs: ['means'], output: 'flat', attributes: { axis: 1 } },
        { op: 'MatMul', inputs: ['flat', 'weights'], output: 'sums' },
        { op: 'Add', inputs: ['sums', 'bias'], output: 'logits' },
      ],
      initializers: [
        { name: 'weights', shape: [3, 2], values: weights },
        { name: 'bias', shape: [2], values: Float32Array.from([10, -10]) },
      ],
    },
    'test',
  );
}

/** Its entry in the list of models. */
export const brightnessEntry = (change: Partial<PassiveLivenessEntry> = {}): PassiveLivenessEntry => ({
  file: 'brightness.onnx',
  sha256: createHash('sha256').update(brightnessModel()).digest('hex'),
  input: 'picture',
  output: 'logits',
  length: 2,
  recipe: { side: 80, channels: 'RGB', layout: 'NCHW', mean: [0, 0, 0], std: [255, 255, 255], margin: 1 },
  live: 1,
  scores: 'logits',
  threshold: 0.5,
  licence: 'ours',
  provenance: 'made by hand, trained on nothing',
  limits: [],
  ...change,
});

/** Writes both into a folder that `models add` takes. */
export function writeBrightness(folder: string, entry: unknown = brightnessEntry()): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'brightness.onnx'), brightnessModel());
  writeFileSync(join(folder, 'passive-liveness.json'), JSON.stringify(entry));
  return folder;
}
