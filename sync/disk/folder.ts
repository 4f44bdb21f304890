import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from './replace.ts';

/**
 * File and folder operations shared by the kiosk, its hosts, the server and the build. They are not part of the protocol, so
 * they are beside `sync/protocol/`. They depend on none of our code, and anything that runs on Node may import them.
 */

/**
 * Creates a folder for this user alone (0700) and its parents, or checks that it is usable. New folders are durable: a power
 * cut removes no folder that contains something.
 *
 * @throws the system's error; the caller says which folder it was and what to do
 */
export function makeUsable(path: string): void {
  makeWithParents(path);
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
}

/** Creates folders one by one: mkdir's `recursive` never returns if the system reports ENOENT for an existing folder (/proc). */
function makeWithParents(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeWithParents(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (!isFolder(path)) throw cause; // else another process created it meanwhile
  }
  flushNames(dirname(path));
}

/** Flushes a folder, unless we can't open it: we may be allowed to create a folder in it, but not to read it. */
function flushNames(folder: string): void {
  try {
    syncFolder(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') throw cause;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
