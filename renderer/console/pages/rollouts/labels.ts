import type { Ring, RingId } from '../../../../sync/protocol/api/rollouts.ts';
import { t } from '../../../shared/i18n.ts';
import { codeWords } from '../../parts/labels.ts';

/** What a ring is called here: as somebody called it, else in the reader's language. */
export const ringName = (rings: readonly Ring[], id: RingId): string =>
  rings.find((ring) => ring.id === id)?.name ?? t(`rollouts.ring.${id}`);

/** Why a kiosk went back, in words: `trial-deadline: camera, match`. */
export function reasonWords(reason: string): string {
  const [code = '', missing] = reason.split(': ');
  const shown = missing?.split(', ').map((check) => codeWords('rollouts.check', check));
  return `${codeWords('rollouts.reason', code)}${shown ? `: ${shown.join(', ')}` : ''}`;
}
