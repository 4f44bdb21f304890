import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { LookalikeRow } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { dayOf, labelled, listed } from '../../../shared/i18n.ts';
import { IconFace } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { NameAndNumber, StaffList } from '../../parts/rows.tsx';
import { ConfirmRemove } from './confirm-remove.tsx';
import { usePolled } from './polled.ts';
import { useStaff } from './session.ts';

const namesOf = ({ people }: LookalikeRow): { name: string; other: string } => ({
  name: people[0]?.name ?? '',
  other: people[1]?.name ?? '–',
});

/** Pairs of people who have to say who they are before their face is compared: why, since when, and how to end it. */
export function LookalikesScreen() {
  const { core } = useStaff();
  const list = usePolled(() => core.lookalikeList({}));
  const asking = useSignal<LookalikeRow | null>(null);
  const said = useSignal('');
  const status = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    if (said.value !== '') status.current?.focus();
  }, [said.value, asking.value]);

  const pair = asking.value;
  if (pair)
    return (
      <ConfirmRemove
        icon={<IconFace />}
        title={t('lookalikes.removeAsk', namesOf(pair))}
        text={t('lookalikes.removeMore')}
        yes={t('lookalikes.remove')}
        remove={async () => {
          await core.lookalikeRemove({ ids: [...pair.ids] });
          said.value = t('lookalikes.removed', namesOf(pair));
          asking.value = null;
          list.renew();
        }}
        cancel={() => (asking.value = null)}
      />
    );
  const shown = list.value;
  return (
    <StaffList
      name="lookalikes"
      label={t('lookalikes.title')}
      status={list.error || said.value || t(shown?.pairs.length === 0 ? 'lookalikes.none' : 'lookalikes.lead')}
      statusRef={status}
    >
      {shown?.pairs.map((one) => (
        <li key={one.ids.join()} class="person">
          <div class="person-words">
            {one.people.map((person) => (
              <p key={person.id} class="person-name">
                <NameAndNumber {...person} />
              </p>
            ))}
            <p class="person-facts">
              {t(`lookalikes.reason.${one.reason}`)} · {dayOf(new Date(one.at))} · {t(`lookalikes.where.${one.where}`)}
              {one.by !== null && (
                <>
                  {' · '}
                  <bdi>{one.by}</bdi>
                </>
              )}
            </p>
          </div>
          {shown.mayRemove && (
            <Button
              label={t('lookalikes.remove')}
              aria-label={labelled(t('lookalikes.remove'), listed(Object.values(namesOf(one))))}
              onClick={() => (asking.value = one)}
            />
          )}
        </li>
      ))}
    </StaffList>
  );
}
