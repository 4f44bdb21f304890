import { makeUsable } from '../../sync/disk/folder.ts';
import { Problem } from '../../sync/protocol/wire/problem.ts';

/**
 * Makes a folder of ours (0700) with those above it, or finds it usable.
 * @throws Problem `home-not-usable`, `storage-full`
 */
export function makeOwnFolder(path: string): void {
  try {
    makeUsable(path);
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
