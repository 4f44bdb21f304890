import { makeUsable } from '../../disk/folder.ts';
import { Problem } from '../../protocol/wire/problem.ts';

/**
 * Makes the server's home (0700) with the folders above it, or finds it usable.
 *
 * @throws Problem `server-home-not-usable`
 */
export function makeServerHome(path: string): void {
  try {
    makeUsable(path);
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
