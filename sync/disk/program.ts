import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How the command line is called where this file is: as an installed program, which has its launcher beside the folder of
 * the sources (`bin/smartpresence` and `app/`) or in it (a kiosk's `bin/kiosk`), or from the sources by npm. The server's process and the kiosk's
 * know it too, no matter who started them.
 */
export function programAt(root: string): { readonly name: string; readonly call: string } {
  const has = (launcher: string) =>
    [join(root, '..'), root].some((folder) => existsSync(join(folder, 'bin', launcher)));
  const name = ['smartpresence', 'kiosk'].find(has);
  return name ? { name, call: name } : { name: 'sp', call: 'npm run -s sp --' };
}

/** `name` begins what it says of itself; `call` is what to type. */
export const PROGRAM = programAt(join(import.meta.dirname, '../..'));

/** A command as it can be typed on this machine, for anything that advises one. */
export const command = (line: string): string => `${PROGRAM.call} ${line}`;
