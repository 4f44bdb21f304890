import type { Ring, RingId } from '../../../../sync/protocol/api/rollouts.ts';
import { t } from '../../i18n.ts';
import { codeLabel } from '../../parts/labels.ts';

/** What a ring is called here: as someone called it, else in the reader's language. */
export const ringName = (rings: readonly Ring[], id: RingId): string =>
  rings.find((ring) => ring.id === id)?.name ?? t(`rollouts.ring.${id}`);

/** Why a kiosk went back, in words: `trial-deadline: camera, match`. */
export function reasonText(reason: string): string {
  const [code = '', missing] = reason.split(': ');
  const shown = missing?.split(', ').map((check) => codeLabel('rollouts.check', check));
  return `${codeLabel('rollouts.reason', code)}${shown ? `: ${shown.join(', ')}` : ''}`;
}
