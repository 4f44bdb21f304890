import { makeUsable } from '../../disk/folder.ts';
import { Problem } from '../../errors/problem.ts';

/**
 * Creates the server home (0700) and its parent folders, or checks that it is usable.
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
