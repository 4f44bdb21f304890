import { makeUsable } from '../../disk/folder.ts';
import { Problem } from '../../errors/problem.ts';

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
    throw new Problem('server-home-not-usable', { path, reason: code ?? message, cause });
  }
}
