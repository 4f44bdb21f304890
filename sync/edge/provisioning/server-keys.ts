import type { ServerKeys } from '../../protocol/wire/keys.ts';
import type { ServerBundle } from '../../protocol/wire/provisioning.ts';

/**
 * The bundle with the server's newer keys. Only ever with keys out of a page that verified: the trusted server
 * introduces the successor. A serial that is not higher changes nothing, so that no old page brings retired keys back.
 *
 * @returns the same object when nothing changed
 */
export function applyServerKeys(bundle: ServerBundle, keys: ServerKeys): ServerBundle {
  return keys.serial > bundle.keys.serial ? { ...bundle, keys } : bundle;
}
