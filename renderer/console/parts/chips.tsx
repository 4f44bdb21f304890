import { IconIn, IconOut } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';

/** Colour, shape and word say the same. */
export const DirectionChip = ({ direction }: { direction: 'in' | 'out' }) => (
  <span class="chip" data-direction={direction}>
    {direction === 'in' ? <IconIn /> : <IconOut />}
    {t(`direction.${direction}`)}
  </span>
);

export const directionOptions = () => (['in', 'out'] as const).map((d) => [d, t(`direction.${d}`)] as const);
