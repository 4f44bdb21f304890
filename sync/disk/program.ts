import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns how the command line is called: as an installed program, whose launcher is beside the source folder
 * (`bin/smartpresence` and `app/`) or in it (a kiosk's `bin/kiosk`), or from the sources through npm. Also works in the
 * processes of server and kiosk, no matter who started them.
 */
export function programAt(root: string): { readonly name: string; readonly call: string } {
  const has = (launcher: string) =>
    [join(root, '..'), root].some((folder) => existsSync(join(folder, 'bin', launcher)));
  const name = ['smartpresence', 'kiosk'].find(has);
  return name ? { name, call: name } : { name: 'sp', call: 'npm run -s sp --' };
}

/** `name` is how it calls itself; `call` is what to type. */
export const PROGRAM = programAt(join(import.meta.dirname, '../..'));

/** Returns a command as it can be typed on this machine, for texts that recommend one. */
export const command = (line: string): string => `${PROGRAM.call} ${line}`;
