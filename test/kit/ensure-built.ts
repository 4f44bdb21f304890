import { prepareModels } from '../../build/models/prepare.ts';
import { ensureScreens } from '../../electron/cli/start/build-screens.ts';

/** Brings everything that is generated from sources up to date: model files and screens. Fast if nothing changed. */
export async function ensureBuilt(say: (line: string) => void): Promise<void> {
  await prepareModels();
  await ensureScreens(say);
}
