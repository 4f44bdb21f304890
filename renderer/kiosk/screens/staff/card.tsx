import type { Output } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { Qr } from '../../../shared/qr.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { Title } from '../../parts/title.tsx';
import { Print } from './print.tsx';

export type Card = NonNullable<Output<'enrolFinish'>['card']>;

/** How long the longest word of a name is. */
function lettersOf(name: string): 'few' | 'many' | 'most' {
  const longest = Math.max(...name.split(/[\s-]+/).map((word) => word.length));
  return longest > 15 ? 'most' : longest > 10 ? 'many' : 'few';
}

interface CardScreenProps {
  card: Card;
  message: string;
  done: () => void;
}

/** A card at the size of a bank card, to print or to photograph. What its code holds is shown this once. */
export function CardScreen({ card, message, done }: CardScreenProps) {
  const { link } = useKiosk();
  return (
    <section class="issued" data-end="card">
      <div role="status">
        <Title>{t('card.title')}</Title>
        <p class="lead">{message}</p>
      </div>
      <article class="printed" aria-label={t('card.card')}>
        <div class="printed-words">
          <p class="printed-site">{link.status.value?.settings.site}</p>
          <p class="printed-name" dir="auto" data-letters={lettersOf(card.name)}>
            {card.name}
          </p>
          {card.number !== null && (
            <p class="tabular" dir="ltr">
              {card.number}
            </p>
          )}
        </div>
        <Qr text={card.text} label={t('card.qr')} ecc="quartile" />
      </article>
      <p class="hint">{t('card.once')}</p>
      <div class="actions">
        <Print size="big" instead={t('card.notPrinted')} />
        <Button label={t('card.done')} kind="primary" size="big" onClick={done} />
      </div>
    </section>
  );
}
