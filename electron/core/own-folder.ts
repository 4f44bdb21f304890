import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Problem } from '../../sync/protocol/wire/problem.ts';

/**
 * Makes a folder of ours (0700) with those above it, or finds it usable.
 * @throws Problem `home-not-usable`, `storage-full`
 */
export function makeOwnFolder(path: string): void {
  try {
    makeWithParents(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new Problem('storage-full', `the disk of ${path} is full`, 'Make room on it.', { cause });
    throw new Problem(
      'home-not-usable',
      `the data folder ${path} can’t be made or written to (${code ?? message})`,
      'Give this user the right to it, or name another folder: SMARTPRESENCE_HOME=/some/other/folder',
      { cause },
    );
  }
}

/** Step by step: mkdir's own `recursive` never comes back where the system says ENOENT of a folder that is there (/proc). */
function makeWithParents(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeWithParents(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (!isFolder(path)) throw cause; // else somebody else has made it meanwhile
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
