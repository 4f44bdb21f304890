import { isAbsolute } from 'node:path';
import { Problem } from '../../sync/errors/problem.ts';
import { kioskHome } from '../core/paths.ts';

export interface HostArguments {
  readonly home: string;
  readonly demo: boolean;
  /** Allows the device secret in a 0600 file if there is no other place for it. A demo always does. */
  readonly secretInFile: boolean;
  /** Footage instead of a camera; only in a demo. */
  readonly footage: string | null;
  /** Whether an installed kiosk without a launcher starts when its user logs in. */
  readonly autostart: boolean;
}

/**
 * Reads the command line of the packaged program, `--home=DIR --demo --secret-in-file --footage=FILE --no-autostart`, and the
 * variables that a unit sets as for the browser host: `SMARTPRESENCE_HOME`, `SMARTPRESENCE_DEVICE_SECRET=file`.
 *
 * @param fallbackHome Electron's own data folder for this program
 * @throws Problem `bad-argument`
 */
export function readArguments(argv: readonly string[], env: NodeJS.ProcessEnv, fallbackHome: string): HostArguments {
  const value = (name: string): string | null => {
    const prefix = `--${name}=`;
    return argv.find((a) => a.startsWith(prefix))?.slice(prefix.length) ?? null;
  };
  const demo = argv.includes('--demo');
  const footage = value('footage');
  const home = value('home') ?? (env.SMARTPRESENCE_HOME ? kioskHome(env) : fallbackHome);
  if (!isAbsolute(home)) throw new Problem('bad-argument', { reason: `--home must be an absolute path: ${home}` });
  if (footage !== null && !demo) {
    throw new Problem('bad-argument', { reason: '--footage works only in a demo: add --demo.' });
  }
  const inFile = argv.includes('--secret-in-file') || env.SMARTPRESENCE_DEVICE_SECRET === 'file';
  return { home, demo, secretInFile: demo || inFile, footage, autostart: !argv.includes('--no-autostart') };
}
