import { makeUsable } from '../../sync/disk/folder.ts';
import { Problem } from '../../sync/errors/problem.ts';

/**
 * Creates a folder of ours (0700) with its parents, or checks that the existing one is usable.
 * @throws Problem `home-not-usable`, `storage-full`
 */
export function makeOwnFolder(path: string): void {
  try {
    makeUsable(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new Problem('storage-full', { cause });
    throw new Problem('home-not-usable', { path, reason: code ?? message, cause });
  }
}
