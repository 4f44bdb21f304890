import { execFile } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { BuildVersion, compareVersions } from '../../../sync/protocol/wire/release.ts';
import type { BuildFacts } from '../../../sync/server/app/checks/upgrade.ts';

/** Server builds on disk: an archive, a package, or a folder with `bin/smartpresence`. */

const run = promisify(execFile);
const COMMAND = 'bin/smartpresence';
/** Only guards against hanging: on a busy machine a valid build may take minutes to start. */
const DESCRIBE_MS = 600_000;
const Facts = z.object({
  build: z.string(),
  migrations: z.array(z.object({ name: z.string(), expands: z.boolean() })).min(1),
});

/**
 * Unpacks a build into a temporary folder unless it is a folder already, runs `work` on it, and removes it again.
 *
 * @throws Problem `upgrade-not-a-build`
 */
export async function withBuild<T>(path: string, work: (folder: string) => Promise<T>): Promise<T> {
  const from = resolve(path);
  if (!existsSync(from)) throw notABuild(from, 'it does not exist');
  if (statSync(from).isDirectory()) return work(folderOf(from));
  const unpacked = mkdtempSync(join(tmpdir(), 'smartpresence-upgrade-'));
  try {
    const [program, args] = from.endsWith('.deb')
      ? (['dpkg-deb', ['-x', from, unpacked]] as const)
      : (['tar', ['-xzf', from, '-C', unpacked]] as const);
    await run(program, [...args]).catch((cause: unknown) => {
      throw notABuild(from, `${program} can’t unpack it`, cause);
    });
    return await work(folderOf(unpacked));
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** Finds the build: in a package under /opt/smartpresence/VERSION, in an archive in its single top folder. */
function folderOf(folder: string): string {
  if (existsSync(join(folder, COMMAND))) return folder;
  const inside = join(folder, 'opt/smartpresence');
  const parent = existsSync(inside) ? inside : folder;
  const builds = readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((one) => !lstatSync(one).isSymbolicLink() && existsSync(join(one, COMMAND)));
  if (builds.length === 1) return builds[0]!;
  throw notABuild(folder, `it does not contain ${COMMAND}`);
}

const notABuild = (path: string, why: string, cause?: unknown) =>
  new Problem('upgrade-not-a-build', { path, reason: why, cause });

/** Runs a build to have it describe itself. @throws Problem `upgrade-not-a-build` */
export async function describeBuild(folder: string): Promise<BuildFacts> {
  try {
    const { stdout } = await run(join(folder, COMMAND), ['upgrade', 'describe', '--json'], {
      timeout: DESCRIBE_MS,
      // Without this server's environment, since it only has to describe itself.
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    });
    return Facts.parse(JSON.parse(stdout));
  } catch (cause) {
    throw notABuild(folder, `it does not say what it is (\`${command('upgrade describe')}\`)`, cause);
  }
}

/** Returns the installed versions, newest first, and the current one. */
export function installed(root: string): { readonly current: string | null; readonly versions: readonly string[] } {
  const link = join(root, 'current');
  const target = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ? basename(readlinkSync(link)) : null;
  const versions = existsSync(root)
    ? readdirSync(root).filter((name) => BuildVersion.safeParse(name).success && existsSync(join(root, name, COMMAND)))
    : [];
  return { current: target, versions: versions.sort((a, b) => compareVersions(b, a)) };
}

/** Makes another version the current one, with a single rename. */
export function switchTo(root: string, version: string): void {
  const next = join(root, `.current-${process.pid}`);
  rmSync(next, { force: true });
  symlinkSync(version, next);
  renameSync(next, join(root, 'current'));
}

/** Returns the size of a folder's contents in bytes. */
export function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  return bytes;
}
