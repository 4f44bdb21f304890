import { statSync } from 'node:fs';
import { decodePicture } from '../../../models/node/decode.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { photoFiles } from '../../core/commands/import-folders.ts';

/** Longest film that is read, s. */
const LONGEST = 3_600;

/**
 * Frames of a film, or of a folder that holds them in the natural order of their names, and when they were taken, s.
 * @throws Problem `file-not-found`, `footage-missing`
 */
export async function* framesOf(file: string, fps: number): AsyncGenerator<{ image: RgbImage; at: number }> {
  const there = statSync(file, { throwIfNoEntry: false });
  if (!there) throw new Problem('file-not-found', { path: file });
  if (!there.isDirectory()) {
    const { readFrames } = await filmReader();
    yield* readFrames(file, { fps, seconds: LONGEST });
    return;
  }
  const pictures = await photoFiles({ path: file, alone: false });
  const { compare } = new Intl.Collator('en', { numeric: true });
  for (const [i, picture] of pictures.sort(compare).entries())
    yield { image: await decodePicture(picture), at: i / fps };
}

/** What decodes films is only in a checkout. @throws Problem `footage-missing` in an installed build */
async function filmReader(): Promise<typeof import('../demo/footage.ts')> {
  try {
    return await import('../demo/footage.ts');
  } catch (cause) {
    const what = 'an installed build has no decoder for films; give a folder of frames';
    throw new Problem('footage-missing', { what, cause });
  }
}
