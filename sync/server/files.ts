import {
  accessSync,
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Problem } from '../protocol/wire/problem.ts';

/**
 * Makes the server's home (0700) with the folders above it, or finds it usable.
 *
 * @throws Problem `server-home-not-usable`
 */
export function makeServerHome(path: string): void {
  try {
    makeWithParents(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Problem(
      'server-home-not-usable',
      `The server home ${path} can’t be made or written to (${code ?? message}).`,
      'Give the server’s user the right to it, make room on its disk if that is full, or name another folder: SMARTPRESENCE_SERVER_HOME=/some/other/folder',
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

/**
 * Writes a 0600 file so that a crash leaves the old content or the new, never half: temporary file, fsync, rename, fsync of the folder.
 *
 * @param owner whose it is to be; ours by default
 */
export function writeAtomically(path: string, content: string, owner?: { uid: number; gid: number }): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, content);
    if (owner) fchownSync(file, owner.uid, owner.gid);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
