import { useSignal } from '@preact/signals';
import type { Output, PersonRow } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { keyOr, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { EnrolScreen } from './enrol.tsx';
import { usePolled } from './polled.ts';
import type { StaffSession } from './session.ts';

/** The server looks once a minute; the list here changes no oftener. */
const EVERY_MS = 60_000;

const message = (reason: string): string => t(keyOr(`reenrol.reason.${reason}`, 'reenrol.reason.other'));

/**
 * Who to enrol, or to enrol again, and why: one after the other. People an import brought are asked here, in person,
 * and their face is taken again: the server sends no kiosk a picture of someone who has not agreed.
 */
export function ReenrolScreen({ session, alive }: { session: StaffSession; alive: () => void }) {
  const { core } = useKiosk();
  const enrolling = useSignal<PersonRow | null>(null);
  const ask = (token: string): Promise<Output<'reenrolments'>> => core.reenrolments({ token });
  const list = usePolled(session, ask, ask, EVERY_MS);
  if (enrolling.value)
    return (
      <EnrolScreen
        session={session}
        known={enrolling.value}
        close={() => {
          enrolling.value = null;
          list.renew();
        }}
        alive={alive}
      />
    );
  const people = list.value?.people ?? null;
  return (
    <section class="staff-list">
      <p class="hint" role="status">
        {list.error ||
          (people === null
            ? ''
            : t(people.length === 0 ? 'reenrol.nobody' : 'reenrol.count', { count: people.length }))}
      </p>
      {/* It scrolls when there are many, so it must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take the focus */}
      <ul tabIndex={0} aria-label={t('reenrol.title')}>
        {people?.map(({ person, reason }) => {
          const verb = person.templates > 0 ? 'people.reenrol' : 'people.enrol';
          return (
            <li key={person.id} class="person">
              <div class="person-words">
                <p class="person-name">
                  <bdi>{person.name}</bdi>
                  {person.number !== null && (
                    <span class="tabular"> · {t('people.number', { number: person.number })}</span>
                  )}
                </p>
                <p class="person-facts">{message(reason)}</p>
              </div>
              <Button
                kind="primary"
                aria-label={`${t(verb)}: ${person.name}`}
                onClick={() => {
                  enrolling.value = person;
                }}
              >
                {t(verb)}
              </Button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
