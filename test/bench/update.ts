import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectVersion, ROOT } from '../../build/package/files.ts';
import { packageKiosk } from '../../build/package/kiosk.ts';
import { readSource } from '../../build/package/source.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import type { BenchGroup } from './types.ts';
import { buildLines } from './update-build.ts';
import { updateLines } from './update-time.ts';

/** What an update consists of: the build itself, its start time, and the time to download it. */
export const group: BenchGroup = {
  name: 'update',
  describe: 'Size and start of a packaged kiosk; time and bytes of an update of it, over HTTPS.',
  leavesOut: 'the network and the trial of the new build; it is downloaded from this machine',
  async *run(ctx) {
    if (!existsSync('/usr/bin/chromium')) throw new Error('it needs /usr/bin/chromium (Debian package chromium)');
    await ensureBuilt((line) => ctx.note(line));
    const out = mkdtempSync(join(tmpdir(), 'sp-bench-update-'));
    try {
      const source = readSource(ROOT);
      const version = projectVersion();
      ctx.note('packages the kiosk');
      const build = await packageKiosk({ out, version, ...source });
      yield* buildLines(build, ctx);
      ctx.note('packages the kiosk as its next version');
      const next = await packageKiosk({ out, version: nextOf(version), ...source });
      yield* updateLines(build, next, ctx);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  },
};

/** The next minor version. */
const nextOf = (version: string): string => version.replace(/\.(\d+)\..*$/, (_, minor) => `.${Number(minor) + 1}.0`);
