import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { decodePicture } from '../../../models/node/decode.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { isPictureName, photoFiles } from '../../core/commands/import-folders.ts';

/** Longest video that is read, s. */
const LONGEST = 3_600;

type Frames = AsyncGenerator<{ image: RgbImage; at: number }>;

/**
 * Yields the frames of a video, or of a folder with frames in the natural order of their names, with their time, s.
 * @throws Problem `file-not-found`, `footage-not-readable`, or the error of a frame with its name
 */
export async function* framesOf(file: string, fps: number): Frames {
  const there = statSync(file, { throwIfNoEntry: false });
  if (!there) throw new Problem('file-not-found', { path: file });
  const folder = there.isDirectory();
  let frames = 0;
  for await (const frame of folder ? framesIn(file, fps) : framesOfVideo(file, fps)) {
    frames++;
    yield frame;
  }
  if (frames === 0) throw unreadable(file, folder ? 'there is no picture in the folder' : 'there is no frame in it');
}

const unreadable = (path: string, why: string, cause?: unknown): Problem =>
  new Problem('footage-not-readable', { path, why, cause });

async function* framesIn(folder: string, fps: number): Frames {
  const pictures = await photoFiles({ path: folder, alone: false });
  const { compare } = new Intl.Collator('en', { numeric: true });
  for (const [i, picture] of pictures.sort(compare).entries()) {
    const image = await decodePicture(picture).catch((cause: unknown) => {
      if (!(cause instanceof Problem)) throw cause;
      const { code, message, nextStep } = cause;
      throw Problem.from({ code, message: `${basename(picture)}: ${message}`, nextStep }, cause);
    });
    yield { image, at: i / fps };
  }
}

async function* framesOfVideo(file: string, fps: number): Frames {
  // ffmpeg would repeat a picture for the longest allowed duration.
  if (isPictureName(file)) throw unreadable(file, 'it is one picture, not a video');
  try {
    const { readFrames } = await videoReader(file);
    yield* readFrames(file, { fps, seconds: LONGEST });
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause;
    const { code, params } = cause;
    if (code === 'footage-ffmpeg') throw unreadable(file, String(params.output).split('\n').at(-1)!, cause);
    if (code === 'footage-missing') throw unreadable(file, String(params.what), cause);
    throw cause;
  }
}

/** The video decoder only exists in a checkout. */
async function videoReader(file: string): Promise<typeof import('../demo/footage.ts')> {
  try {
    return await import('../demo/footage.ts');
  } catch (cause) {
    throw unreadable(file, 'an installed build has no decoder for videos', cause);
  }
}
