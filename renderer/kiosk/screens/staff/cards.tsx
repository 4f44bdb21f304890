import { useSignal } from '@preact/signals';
import { Button } from '../../../shared/button.tsx';
import { IconBadge } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { type Card, CardScreen } from './card.tsx';
import { type OfPerson, useAction, useStaff } from './session.ts';

/** A card that lets in anyone who holds it: printed, in place of those of before, or all of them revoked. */
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
      <span class="confirm-icon" data-tone="good">
        <IconBadge />
      </span>
      <div>
        <Title>{t('card.of', { name: person.name })}</Title>
        <p class="lead">{person.cards === 0 ? t('card.none') : t('card.some', { count: person.cards })}</p>
      </div>
      <FormError message={error.value} />
      <div class="actions">
        <Button label={t('cancel')} size="big" onClick={() => back()} />
        {person.cards > 0 && (
          <Button kind="danger" size="big" disabled={busy.value} onClick={() => void revoke()}>
            {t('card.revoke')}
          </Button>
        )}
        {person.cards > 0 && (
          <Button label={t('card.replace')} size="big" disabled={busy.value} onClick={() => void issue(true)} />
        )}
        <Button kind="primary" size="big" disabled={busy.value} onClick={() => void issue(false)}>
          {t(person.cards === 0 ? 'card.issue' : 'card.another')}
        </Button>
      </div>
    </section>
  );
}
