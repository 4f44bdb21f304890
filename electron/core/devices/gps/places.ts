import { type Position, sealPosition } from '../../../../sync/protocol/seal/position.ts';
import type { X25519PublicJwk } from '../../../../sync/protocol/wire/batch.ts';
import type { CoreOptions } from '../../interface.ts';
import type { Person } from '../../store/interface.ts';

/** The place of a person's check-in, sealed to the server; null where there is none to be kept. */
export type SealedPlace = (person: Pick<Person, 'id' | 'gpsOptOut'>) => Promise<string | null>;

/**
 * Seals the place of this moment for one record. Who opted out is not located at all: no fix is read. Without a server there
 * is nobody to seal it to, and nothing is kept. That it can't be sealed keeps nobody out.
 *
 * @param key the server's sealing key as it is pinned now; null without a server
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
