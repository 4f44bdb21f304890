import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Arch, build, Platform } from 'electron-builder';
import { z } from 'zod';
import { BuildVersion, MANIFEST_FILE, PRODUCT } from '../../sync/protocol/wire/release.ts';
import { buildPreload } from '../electron/app.ts';
import { electronRuntime } from './components.ts';
import { projectVersion, ROOT } from './files.ts';
import { fuseFaults } from './fuses.ts';
import { readSource } from './source.ts';
import { type BuildIdentity, stageProgram, storeSchema } from './stage.ts';

/*
 * npm run package:electron [-- --target dir|AppImage|deb|nsis … --version V --dirty]
 *
 * Packages the Electron kiosk by electron-builder.yml, for the platform it runs on. `dir` needs nothing from a network
 * where Electron's own program is there; installers fetch their tools (build/package/networked.sh, docs/packaging.md).
 */

const ENTRIES = ['electron/host-electron/main.ts', 'electron/host-electron/core-child.ts'];

const BUILDER_CONFIG = join(ROOT, 'electron-builder.yml');

export type ElectronTarget = 'dir' | 'AppImage' | 'deb' | 'nsis';

export interface ElectronBuildOptions extends BuildIdentity {
  /** Folder that gets what is made. */
  readonly out: string;
  readonly targets: readonly ElectronTarget[];
  /** Folder with Electron's program in place of the one that electron-builder finds or fetches. */
  readonly electronDist?: string;
}

/**
 * Packages the Electron kiosk, and reads the fuses back from the program that came out.
 *
 * @returns files of the targets, and the unpacked folder
 * @throws when a fuse of the artefact is not as it should be
 */
export async function packageElectron(options: ElectronBuildOptions): Promise<{ folder: string; files: string[] }> {
  const { out } = options;
  const app = join(out, 'app');
  rmSync(app, { recursive: true, force: true });
  mkdirSync(app, { recursive: true });
  await stageElectronApp(app, options);
  const platform = process.platform === 'win32' ? Platform.WINDOWS : Platform.LINUX;
  let packed: { folder: string; fuses: Record<string, boolean> } | null = null;
  const files = await build({
    // Not the checkout: electron-builder would take the packages of its package.json, the server's too.
    projectDir: app,
    targets: platform.createTarget([...options.targets], process.arch === 'arm64' ? Arch.arm64 : Arch.x64),
    publish: 'never',
    config: {
      extends: BUILDER_CONFIG,
      directories: { output: out },
      ...(options.electronDist && { electronDist: options.electronDist }),
      // Somebody who gave a certificate wants no installer that lacks its signature.
      ...((process.env.CSC_LINK || process.env.WIN_CSC_LINK) &&
        platform === Platform.WINDOWS && { forceCodeSigning: true }),
      // Called before the fuses are set, with the configuration that they are set by.
      afterPack({ appOutDir, packager }) {
        packed = { folder: appOutDir, fuses: Fuses.parse(packager.config.electronFuses) };
      },
    },
  });
  const { folder, fuses } = Packed.parse(packed);
  const program = join(folder, process.platform === 'win32' ? 'SmartPresence.exe' : PRODUCT);
  const faults = fuseFaults(program, fuses);
  if (faults.length > 0) {
    // What must not be shipped is not left lying about.
    for (const made of [folder, ...files]) rmSync(made, { recursive: true, force: true });
    throw new Error(`the fuses of ${program} are not as they should be:\n${faults.join('\n')}`);
  }
  return { folder, files };
}

const Fuses = z.record(z.string(), z.boolean());
const Packed = z.object({ folder: z.string(), fuses: Fuses });

/** The folder that becomes the archive: what the host and its core run, and nothing else. */
async function stageElectronApp(app: string, identity: BuildIdentity): Promise<void> {
  const { version, commit } = identity;
  const platform = `${process.platform}-${process.arch}`;
  await stageProgram({
    ...identity,
    folder: app,
    platform,
    entries: ENTRIES,
    product: PRODUCT,
    runtime: electronRuntime(ROOT),
    screens: ['kiosk'],
    models: 'node and browser',
    packageJson: {
      main: 'electron/host-electron/main.js',
      author: 'SmartPresence maintainers',
      description: 'Face check-in for building entrances: the kiosk.',
      license: 'Apache-2.0',
    },
  });
  await buildPreload(app);
  // What version.ts reads. Not a BuildManifest: an installer is verified as a whole, by its signature and by TUF.
  const facts = { product: PRODUCT, version, commit, platform, host: 'electron', ...(await storeSchema(app)) };
  writeFileSync(join(app, MANIFEST_FILE), `${JSON.stringify(facts)}\n`);
}

const USAGE = `npm run package:electron [-- OPTIONS]

  --target T      dir (default), AppImage, deb, nsis; may be given more than once
  --out DIR       where it goes. Default: dist/packages/electron
  --version V     semantic version. Default: that of package.json
  --dirty         package although the working tree differs from its commit`;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    options: { target: { ...text, multiple: true }, out: text, version: text, dirty: flag, help: flag },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const asked = z
    .object({ targets: z.array(z.enum(['dir', 'AppImage', 'deb', 'nsis'])), version: BuildVersion })
    .safeParse({ targets: values.target ?? ['dir'], version: values.version ?? projectVersion() });
  if (!asked.success) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const { commit, at, changed } = readSource(ROOT);
  if (changed.length > 0 && !values.dirty) {
    process.stderr.write(
      `package: the working tree differs from commit ${commit.slice(0, 12)}: commit first, or --dirty.\n`,
    );
    return 1;
  }
  const out = resolve(values.out ?? join(ROOT, 'dist/packages/electron'));
  const { folder, files } = await packageElectron({ ...asked.data, out, commit, at });
  process.stdout.write(`${[folder, ...files].join('\n')}\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
