import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from './replace.ts';

/**
 * What a kiosk, its hosts, the server and the build do alike with files and folders of their own, and none of which is a
 * part of the protocol: it sits beside `sync/protocol/`, knows nothing of ours, and anything that runs on Node may
 * import it.
 */

/**
 * Makes a folder for this user alone (0700) with those above it, or finds it usable. What is made is durable: a power cut
 * takes no folder away that has something in it.
 *
 * @throws what the system says; each program says in its own words which folder it was and what to do
 */
export function makeUsable(path: string): void {
  makeWithParents(path);
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
}

/** Step by step: mkdir's `recursive` never returns if the system reports ENOENT for an existing folder (/proc). */
function makeWithParents(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeWithParents(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (!isFolder(path)) throw cause; // else another process has made it meanwhile
  }
  flushNames(dirname(path));
}

/** A folder in which we may make another one, and which we may not read, can't be opened to be flushed. */
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
