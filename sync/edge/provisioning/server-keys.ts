import type { ServerKeys } from '../../protocol/wire/keys.ts';
import type { ServerBundle } from '../../protocol/wire/provisioning.ts';

/**
 * Returns the bundle with the server's newer keys. Use it only with keys from a verified page: a trusted server introduces its
 * successor. A serial that is not higher changes nothing, so an old page can't restore retired keys.
 *
 * @returns the same object if nothing changed
 */
export function applyServerKeys(bundle: ServerBundle, keys: ServerKeys): ServerBundle {
  return keys.serial > bundle.keys.serial ? { ...bundle, keys } : bundle;
}
