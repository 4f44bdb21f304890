import { join } from 'node:path';
import { prepareModels } from '../../../build/models/prepare.ts';
import { ensureScreens } from './build-screens.ts';

const root = join(import.meta.dirname, '../../..');

/** Brings everything that is made from sources up to date: model files, search kernel, screens. Fast when it is. */
export async function ensureBuilt(say: (line: string) => void): Promise<void> {
  await prepareModels();
  if ((await ensureScreens(root)) === 'built') say('Built the screens.');
}
