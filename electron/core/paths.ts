import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Returns the folder of all data of this installation: `SMARTPRESENCE_HOME`, else `$XDG_DATA_HOME/smartpresence`, else
 * `~/.local/share/smartpresence` (XDG Base Directory Specification 0.8). An empty variable counts as unset.
 */
export function dataHome(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SMARTPRESENCE_HOME) return resolve(env.SMARTPRESENCE_HOME);
  const data = env.XDG_DATA_HOME || join(homedir(), '.local', 'share');
  return resolve(data, 'smartpresence');
}

/** Returns the kiosk's own folder: store, key slots, photos, site settings. */
export function kioskHome(env?: NodeJS.ProcessEnv): string {
  return join(dataHome(env), 'kiosk');
}

/** Returns the folder of a server that runs beside the kiosk. */
export function serverHome(env?: NodeJS.ProcessEnv): string {
  return join(dataHome(env), 'server');
}
