import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { LookalikeRow, Output } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { dayOf } from '../../../shared/i18n.ts';
import { IconFace } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { SessionOver, type StaffSession, staffErrorText } from './session.ts';

const namesOf = ({ people }: LookalikeRow): { name: string; other: string } => ({
  name: people[0]?.name ?? '',
  other: people[1]?.name ?? '–',
});

/** Pairs of people who say who they are before their face is compared: why, since when, and the way back. */
export function LookalikesScreen({ session }: { session: StaffSession }) {
  const { core } = useKiosk();
  const list = useSignal<Output<'lookalikeList'> | null>(null);
  const asking = useSignal<LookalikeRow | null>(null);
  const said = useSignal('');
  const title = useRef<HTMLHeadingElement>(null);
  const status = useRef<HTMLParagraphElement>(null);
  const fail = (cause: unknown): void => {
    if (!(cause instanceof SessionOver)) said.value = staffErrorText(cause);
  };
  const load = (): Promise<void> =>
    session
      .run((token) => core.lookalikeList({ token }))
      .then((next) => {
        list.value = next;
      })
      .catch(fail);
  useEffect(() => void load(), []);
  useEffect(() => title.current?.focus(), [asking.value]);

  async function remove(pair: LookalikeRow): Promise<void> {
    try {
      await session.run((token) => core.lookalikeRemove({ token, ids: [...pair.ids] }));
      said.value = t('lookalikes.removed', namesOf(pair));
    } catch (cause) {
      fail(cause);
    }
    asking.value = null;
    await load();
    status.current?.focus();
  }

  const pair = asking.value;
  if (pair)
    return (
      <div class="confirm">
        <span class="confirm-icon" data-tone="bad">
          <IconFace />
        </span>
        <h2 class="title" ref={title} tabIndex={-1}>
          {t('lookalikes.removeAsk', namesOf(pair))}
        </h2>
        <p class="lead">{t('lookalikes.removeMore')}</p>
        <div class="actions">
          <Button size="big" onClick={() => (asking.value = null)}>
            {t('cancel')}
          </Button>
          <Button kind="primary-danger" size="big" data-do="remove" onClick={() => void remove(pair)}>
            {t('lookalikes.remove')}
          </Button>
        </div>
      </div>
    );
  const shown = list.value;
  return (
    <section class="staff-list" data-list="lookalikes">
      <p class="hint" role="status" ref={status} tabIndex={-1}>
        {said.value || t(shown?.pairs.length === 0 ? 'lookalikes.none' : 'lookalikes.lead')}
      </p>
      {/* It scrolls when there are many, so it must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take the focus */}
      <ul tabIndex={0} aria-label={t('lookalikes.title')}>
        {shown?.pairs.map((one) => (
          <li key={one.ids.join()} class="person">
            <div class="person-words">
              {one.people.map((person) => (
                <p key={person.id} class="person-name">
                  <bdi>{person.name}</bdi>
                  {person.number !== null && (
                    <span class="tabular"> · {t('people.number', { number: person.number })}</span>
                  )}
                </p>
              ))}
              <p class="person-facts">
                {t(`lookalikes.reason.${one.reason}`)} · {dayOf(new Date(one.at))} ·{' '}
                {t(`lookalikes.where.${one.where}`)}
                {one.by !== null && (
                  <>
                    {' · '}
                    <bdi>{one.by}</bdi>
                  </>
                )}
              </p>
            </div>
            {shown.mayRemove && (
              <Button aria-label={t('lookalikes.removeAsk', namesOf(one))} onClick={() => (asking.value = one)}>
                {t('lookalikes.remove')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
