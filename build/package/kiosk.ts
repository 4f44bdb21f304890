import { PRODUCT } from '../../sync/protocol/wire/release.ts';
import { nodeRuntime } from './components.ts';
import { ROOT } from './files.ts';
import { type KioskBuild, type KioskBuildOptions, NODE, sealBuild, thisPlatform } from './seal.ts';
import { stageProgram } from './stage.ts';

/** Entry points of a packaged kiosk: its program, and the process that runs the core. */
const ENTRIES = ['electron/cli/kiosk.ts', 'electron/host-browser/core-child.ts'];

/** Packages the browser-host kiosk for this machine's platform: a self-contained folder, and its archive. */
export function packageKiosk(options: KioskBuildOptions): Promise<KioskBuild> {
  return sealBuild(options, 'browser', (folder) =>
    stageProgram({
      ...options,
      folder,
      platform: thisPlatform(),
      entries: ENTRIES,
      product: PRODUCT,
      runtime: nodeRuntime(ROOT, NODE),
      screens: ['kiosk'],
      models: 'node and browser',
      own: ['bin/'],
    }),
  );
}
