import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveName, BuildManifest, BuildPlatform, MANIFEST_FILE, PRODUCT } from '../../sync/protocol/wire/release.ts';
import { nodeRuntime } from './components.ts';
import { ROOT } from './files.ts';
import { placeLauncher, placeNode } from './launcher.ts';
import { type BuildIdentity, stageProgram, storeSchema } from './stage.ts';
import { packFolder } from './tar.ts';

/** What is started by itself in a packaged kiosk: its program, and the process that holds the core. */
const ENTRIES = ['electron/cli/kiosk.ts', 'electron/host-browser/core-child.ts'];
const ENTRY = 'bin/kiosk';
const COMMAND = 'bin/smartpresence';
/** The pinned Node. */
const NODE = 'runtime/node';

export interface KioskBuildOptions extends BuildIdentity {
  /** Folder that gets the build's folder and its archive. */
  readonly out: string;
}

export interface KioskBuild {
  readonly folder: string;
  readonly archive: string;
  readonly manifest: BuildManifest;
}

/**
 * Packages the browser-host kiosk for this machine's platform: a folder that runs by itself, and its archive. The same
 * commit, version and packages give the same bytes.
 */
export async function packageKiosk(options: KioskBuildOptions): Promise<KioskBuild> {
  const { version, commit } = options;
  const platform = BuildPlatform.parse(`${process.platform}-${process.arch}`);
  const archive = join(options.out, archiveName({ version, platform }));
  const folder = archive.replace(/\.tar\.gz$/, '');
  const work = `${folder}.${process.pid}.tmp`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    await stageProgram({
      ...options,
      folder: work,
      platform,
      entries: ENTRIES,
      product: PRODUCT,
      runtime: nodeRuntime(ROOT, NODE),
      screens: ['kiosk'],
      models: 'node and browser',
      own: ['bin/'],
    });
    placeNode(join(work, NODE));
    // One program under two names: what the launcher starts, and what a person types.
    for (const name of [ENTRY, COMMAND]) placeLauncher(work, name, NODE, 'electron/cli/kiosk.js');

    const manifest = BuildManifest.parse({
      product: PRODUCT,
      version,
      commit,
      platform,
      host: 'browser',
      ...(await storeSchema(work)),
      node: process.versions.node,
      entry: ENTRY,
      files: await hashes(work),
      links: {},
    });
    writeFileSync(join(work, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    await packFolder(folder, `${archive}.tmp`, options.at);
    renameSync(`${archive}.tmp`, archive);
    return { folder, archive, manifest };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** SHA-256 of every file below `folder`, by path, in order. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  const found: Record<string, string> = {};
  for (const path of paths) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk as Buffer);
    found[path] = hash.digest('hex');
  }
  return found;
}
