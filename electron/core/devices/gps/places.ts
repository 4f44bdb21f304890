import { type Position, sealPosition } from '../../../../sync/protocol/seal/position.ts';
import type { X25519PublicJwk } from '../../../../sync/protocol/wire/batch.ts';
import type { CoreOptions } from '../../interface.ts';
import type { Person } from '../../store/interface.ts';

/** Returns the place of a person's check-in, encrypted to the server; null if no place is kept. */
export type SealedPlace = (person: Pick<Person, 'id' | 'gpsOptOut'>) => Promise<string | null>;

/**
 * Encrypts the current place for one record. A person who opted out is not located at all: no fix is read. Without a server there
 * is no key to encrypt to, and nothing is kept. A failed encryption keeps nobody out.
 *
 * @param key the server's sealing key as currently pinned; null without a server
 */
export function sealedPlaces(deps: {
  readonly device: string;
  readonly position: () => Position | null;
  readonly key: () => X25519PublicJwk | null;
  readonly log: CoreOptions['log'];
}): SealedPlace {
  return async ({ id, gpsOptOut }) => {
    const key = gpsOptOut ? null : deps.key();
    const position = key && deps.position();
    if (!key || !position) return null;
    try {
      return await sealPosition(position, { device: deps.device, person: id }, key);
    } catch (error) {
      deps.log('error', 'check-in: the place could not be sealed; recorded without it', { error });
      return null;
    }
  };
}
