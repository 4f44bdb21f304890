import { useSignal } from '@preact/signals';
import type { Output } from '../../../../electron/contract/methods.ts';
import { Button, type ButtonProps } from '../../../shared/button.tsx';
import { IconBadge } from '../../../shared/icons.tsx';
import { Qr } from '../../../shared/qr.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { Print } from './print.tsx';
import { type OfPerson, useAction, useStaff } from './session.ts';

/** Prints a card that checks in anyone who holds it and replaces earlier ones, or revokes all of the person's cards. */
export function CardsScreen({ person, back }: OfPerson) {
  const { sounds } = useKiosk();
  const { core } = useStaff();
  const card = useSignal<Card | null>(null);
  const { busy, error, run } = useAction();

  const issue = (replace: boolean) =>
    run(async () => {
      const made = await core.cardIssue({ person: person.id, replace });
      sounds.play('in');
      card.value = made.card;
    });
  const revoke = () =>
    run(async () => {
      const { revoked } = await core.cardRevoke({ person: person.id });
      back(t('card.revoked', { name: person.name, count: revoked }));
    });

  const button = (label: string, act: () => Promise<void>, kind?: ButtonProps['kind']) => (
    <Button label={label} kind={kind} size="big" disabled={busy.value} onClick={() => void act()} />
  );

  if (card.value)
    return (
      <CardScreen
        card={card.value}
        message={t('card.bearer')}
        done={() => back(t('card.issued', { name: person.name }))}
      />
    );
  return (
    <section class="confirm">
      <span class="confirm-icon tone-good">
        <IconBadge />
      </span>
      <div>
        <Title>{t('card.of', { name: person.name })}</Title>
        <p class="lead">{person.cards === 0 ? t('card.none') : t('card.some', { count: person.cards })}</p>
      </div>
      <FormError message={error.value} />
      <div class="actions">
        <Button label={t('cancel')} size="big" onClick={() => back()} />
        {person.cards > 0 && button(t('card.revoke'), revoke, 'danger')}
        {person.cards > 0 && button(t('card.replace'), () => issue(true))}
        {button(t(person.cards === 0 ? 'card.issue' : 'card.another'), () => issue(false), 'primary')}
      </div>
    </section>
  );
}

export type Card = NonNullable<Output<'enrolFinish'>['card']>;

/** How long a name's longest part is. */
function lettersOf(name: string): 'few' | 'many' | 'most' {
  const longest = Math.max(...name.split(/[\s-]+/).map((word) => word.length));
  return longest > 15 ? 'most' : longest > 10 ? 'many' : 'few';
}

/** A card of bank card size, to print or photograph. The contents of its code are shown only this once. */
export function CardScreen({ card, message, done }: { card: Card; message: string; done: () => void }) {
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
          {card.id !== null && (
            <p class="printed-id" dir="ltr">
              {card.id.slice(-8)}
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
