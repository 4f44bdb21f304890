import type { Ring, RingId } from '../../../../sync/protocol/api/rollouts.ts';
import { t } from '../../../shared/i18n.ts';

/** What a ring is called here: as somebody called it, else in the reader's language. */
export const ringName = (rings: readonly Ring[], id: RingId): string =>
  rings.find((ring) => ring.id === id)?.name ?? t(`rollouts.ring.${id}`);
