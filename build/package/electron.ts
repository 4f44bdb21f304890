import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BuildVersion, MANIFEST_FILE, PRODUCT } from '../../sync/protocol/wire/release.ts';
import { buildPreload } from '../electron/app.ts';
import { installTools } from '../fetch/tools.ts';
import { electronRuntime, nodeRuntime } from './components.ts';
import { projectVersion, ROOT } from './files.ts';
import { fuseFaults } from './fuses.ts';
import { ENTRY, type KioskBuild, NODE, sealBuild, thisPlatform } from './seal.ts';
import { sourceFor } from './source.ts';
import { type BuildIdentity, stageProgram, storeSchema } from './stage.ts';

/*
 * npm run package:electron [-- --target dir|archive|AppImage|deb|nsis … --version V --dirty]
 *
 * Packages the Electron kiosk by electron-builder.yml, for the platform it runs on. If Electron's program is installed, `dir`
 * and `archive` (which a kiosk's launcher and updater use) need no network. Installers download their tools
 * (build/package/networked.sh, docs/develop/packages.md).
 */

const ENTRIES = ['electron/host-electron/main.ts', 'electron/host-electron/core-child.ts'];

const BUILDER_CONFIG = join(ROOT, 'electron-builder.yml');

const TARGETS = ['dir', 'AppImage', 'deb', 'nsis'] as const;
export type ElectronTarget = (typeof TARGETS)[number];

export interface ElectronBuildOptions extends BuildIdentity {
  readonly out: string;
  readonly targets: readonly ElectronTarget[];
  /** Folder with Electron's program, used instead of the one that electron-builder finds or downloads. */
  readonly electronDist?: string;
  /** Default: the platform of this machine. */
  readonly platform?: 'linux' | 'win32';
}

/**
 * Packages the Electron kiosk, and reads the fuses back from the resulting program.
 *
 * @returns files of the targets, and the unpacked folder
 * @throws when a fuse of the resulting program has the wrong state
 */
export async function packageElectron(options: ElectronBuildOptions): Promise<{ folder: string; files: string[] }> {
  installTools('build/package');
  const { Arch, build, Platform } = await import('electron-builder');
  const { out } = options;
  const app = join(out, 'app');
  rmSync(app, { recursive: true, force: true });
  mkdirSync(app, { recursive: true });
  await stageElectronApp(app, options);
  const windows = (options.platform ?? process.platform) === 'win32';
  const platform = windows ? Platform.WINDOWS : Platform.LINUX;
  let packed: z.input<typeof Packed> | null = null;
  const files = await build({
    // Not the checkout, because electron-builder would include all packages of its package.json, the server's too.
    projectDir: app,
    targets: platform.createTarget([...options.targets], process.arch === 'arm64' ? Arch.arm64 : Arch.x64),
    publish: 'never',
    config: {
      extends: BUILDER_CONFIG,
      directories: { output: out, buildResources: join(ROOT, 'build/electron') },
      // The tool that edits a Windows executable only runs on Windows.
      ...(windows && process.platform !== 'win32' && { win: { signAndEditExecutable: false } }),
      ...(options.electronDist && { electronDist: options.electronDist }),
      // With a certificate given, an installer that could not be signed must be an error.
      ...((process.env.CSC_LINK || process.env.WIN_CSC_LINK) && windows && { forceCodeSigning: true }),
      // Called before the fuses are set, with the same configuration.
      afterPack({ appOutDir, packager }) {
        const { electronFuses: fuses } = packager.config;
        packed = { folder: appOutDir, name: packager.appInfo.productFilename, fuses: Fuses.parse(fuses) };
      },
    },
  });
  const { folder, name, fuses } = Packed.parse(packed);
  const program = join(folder, windows ? `${name}.exe` : name);
  const faults = fuseFaults(program, fuses);
  if (faults.length > 0) {
    // Delete a build that must not be shipped.
    for (const made of [folder, ...files]) rmSync(made, { recursive: true, force: true });
    throw new Error(`${program} does not have the expected fuses:\n${faults.join('\n')}`);
  }
  return { folder, files };
}

/**
 * `run` opens the kiosk in Electron. All other commands run in the Node beside it, because Electron's fuses keep it from running
 * as Node, and the updater runs as another user without a display. Both use the same data folder.
 */
const LAUNCHER = `#!/bin/sh
# SmartPresence kiosk: see "kiosk --help" and docs/develop/packages.md.
here=$(dirname "$(readlink -f "$0")")
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE ELECTRON_RUN_AS_NODE
SMARTPRESENCE_HOME=\${SMARTPRESENCE_HOME:-\${XDG_DATA_HOME:-$HOME/.local/share}/smartpresence}
export SMARTPRESENCE_HOME
if [ "\${1:-}" = run ]; then
  shift
  exec "$here/../program/${PRODUCT}" "$@"
fi
exec "$here/../${NODE}" "$here/../electron/cli/kiosk.js" "$@"
`;

/**
 * Packages the Electron kiosk in the form that an installed kiosk's launcher starts and its updater accepts: Electron's folder
 * as electron-builder makes it, and beside it the command line, which contains the updater, with the pinned Node.
 */
export async function packageElectronArchive(
  options: Omit<ElectronBuildOptions, 'targets' | 'platform'>,
): Promise<KioskBuild> {
  const { version, commit, at } = options;
  return sealBuild(options, 'electron', async (folder) => {
    const temporary = mkdtempSync(join(tmpdir(), 'sp-electron-'));
    try {
      const { folder: program } = await packageElectron({ ...options, out: temporary, targets: ['dir'] });
      await stageProgram({
        version,
        commit,
        at,
        folder,
        platform: thisPlatform(),
        entries: ['electron/cli/kiosk.ts'],
        product: PRODUCT,
        runtime: nodeRuntime(ROOT, NODE),
        screens: [],
        models: 'none',
        own: ['bin/', 'program/'],
      });
      cpSync(program, join(folder, 'program'), { recursive: true });
      writeFileSync(join(folder, ENTRY), LAUNCHER, { mode: 0o755 });
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}

const Fuses = z.record(z.string(), z.boolean());
const Packed = z.object({ folder: z.string(), name: z.string(), fuses: Fuses });

/** Fills the folder that becomes the app's archive, only with the files that the host and its core run. */
async function stageElectronApp(app: string, identity: ElectronBuildOptions): Promise<void> {
  const { version, commit } = identity;
  const platform = `${identity.platform ?? process.platform}-${process.arch}`;
  await stageProgram({
    version,
    commit,
    at: identity.at,
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
  // Read by version.ts. Not a BuildManifest, because an installer is verified as a whole, by its signature and by TUF.
  const facts = { product: PRODUCT, version, commit, platform, host: 'electron', ...(await storeSchema(app)) };
  writeFileSync(join(app, MANIFEST_FILE), `${JSON.stringify(facts)}\n`);
}

const USAGE = `npm run package:electron [-- OPTIONS]

  --target T      dir (default), archive, AppImage, deb, nsis; may be given more than once. archive: what an installed kiosk's
                  launcher starts and its updater takes, on Linux
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
    .object({ targets: z.array(z.enum(['archive', ...TARGETS])), version: BuildVersion })
    .safeParse({ targets: values.target ?? ['dir'], version: values.version ?? projectVersion() });
  if (!asked.success) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const source = sourceFor({ dirty: values.dirty ?? false });
  if (source === null) return 1;
  const { commit, at } = source;
  const out = resolve(values.out ?? join(ROOT, 'dist/packages/electron'));
  const { version } = asked.data;
  const targets = asked.data.targets.filter((target) => target !== 'archive');
  const made: string[] = [];
  if (targets.length > 0) {
    const { folder, files } = await packageElectron({ version, targets, out, commit, at });
    made.push(folder, ...files);
  }
  if (targets.length < asked.data.targets.length) {
    const { folder, archive } = await packageElectronArchive({ version, out, commit, at });
    made.push(folder, archive);
  }
  process.stdout.write(`${made.join('\n')}\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
