import type { BenchGroup } from './types.ts';
import { buildLines } from './update-build.ts';

/** What an update is made of: the build itself, how long it takes to start, and to get. */
export const group: BenchGroup = {
  name: 'update',
  describe: 'Size of a packaged kiosk by its parts, and its start against that of the sources.',
  async *run(ctx) {
    yield* buildLines(ctx);
  },
};
