import { beforeAll, expect, test } from 'vitest';
import { prepareModels } from '../../../build/models/prepare.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { openPipeline } from '../../../models/node/pipeline.ts';
import { packMatch, unpackMatch } from './records.ts';
import { seesTheSame, selfMatch } from './test-face.ts';

let pipeline: FacePipeline;
beforeAll(async () => {
  pipeline = await openPipeline((await prepareModels()).weights);
  return () => pipeline.close();
});

test('the kiosk recognises the drawn face again, with the same result as the previous build', async () => {
  const first = await selfMatch(pipeline);
  const second = await selfMatch(pipeline);
  expect(first).not.toBeNull();
  expect(seesTheSame(second!, unpackMatch(packMatch(first)))).toBe(true);
});

test('a pipeline with red and blue swapped, or with another crop, gets a different result', async () => {
  const before = (await selfMatch(pipeline))!;
  const swapped: FacePipeline = {
    ...pipeline,
    embed(image, five) {
      const data = Uint8Array.from(image.data);
      for (let i = 0; i < data.length; i += 3) [data[i], data[i + 2]] = [data[i + 2]!, data[i]!];
      return pipeline.embed({ ...image, data }, five);
    },
  };
  const shifted: FacePipeline = {
    ...pipeline,
    embed: (image, [a, b, c, d, e]) => pipeline.embed(image, [[a[0] + 12, a[1]], [b[0] + 12, b[1]], c, d, e]),
  };
  for (const broken of [swapped, shifted]) {
    const now = await selfMatch(broken);
    expect(now).not.toBeNull();
    expect(seesTheSame(now!, before)).toBe(false);
  }
});

test('a pipeline with random answers fails the self-test', async () => {
  let index = 0;
  const random: FacePipeline = {
    ...pipeline,
    embed: async () => {
      const embedding = new Float32Array(512);
      embedding[index++] = 1;
      return embedding;
    },
  };
  expect(await selfMatch(random)).toBeNull();
});
