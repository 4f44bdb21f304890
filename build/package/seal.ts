import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  archiveName,
  BuildManifest,
  BuildPlatform,
  MANIFEST_FILE,
  PRODUCT,
  UPDATE_FORMAT,
} from '../../sync/protocol/wire/release.ts';
import { filesBelow } from './files.ts';
import { placeLauncher, placeNode } from './launcher.ts';
import { type BuildIdentity, storeSchema } from './stage.ts';
import { packFolder } from './tar.ts';

/* The build that a kiosk's launcher starts, for either host: a folder with its manifest, and the archive of that folder. */

export const ENTRY = 'bin/kiosk';
const COMMAND = 'bin/smartpresence';
const PROGRAM = 'electron/cli/kiosk.js';
export const NODE = 'runtime/node';

export interface KioskBuildOptions extends BuildIdentity {
  /** Folder for the build's folder and its archive. */
  readonly out: string;
}

export interface KioskBuild {
  readonly folder: string;
  readonly archive: string;
  readonly manifest: BuildManifest;
}

export const thisPlatform = (): BuildPlatform => BuildPlatform.parse(`${process.platform}-${process.arch}`);

/**
 * Makes a build for this machine's platform: the files that `fill` writes to a folder, the pinned Node, launchers and the
 * manifest. The same content gives the same bytes.
 *
 * @param fill may write its own entry launcher; otherwise the command line is the entry
 */
export async function sealBuild(
  options: KioskBuildOptions,
  host: BuildManifest['host'],
  fill: (folder: string) => Promise<void>,
): Promise<KioskBuild> {
  const { version, commit } = options;
  const platform = thisPlatform();
  const format = UPDATE_FORMAT[host];
  const archive = join(options.out, archiveName({ version, platform }, format));
  const folder = archive.slice(0, -`.${format}`.length) + (host === 'browser' ? '' : `-${host}`);
  const work = `${folder}.${process.pid}.tmp`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    placeNode(join(work, NODE));
    // The same program under two names.
    for (const name of [ENTRY, COMMAND]) placeLauncher(work, name, NODE, PROGRAM);
    await fill(work);

    const manifest = BuildManifest.parse({
      product: PRODUCT,
      version,
      commit,
      platform,
      host,
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

/** Returns the SHA-256 of every file below `folder`, by path and sorted. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of filesBelow(folder)) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk as Buffer);
    found[path] = hash.digest('hex');
  }
  return found;
}
