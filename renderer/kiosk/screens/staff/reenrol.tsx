import { useSignal } from '@preact/signals';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { keyOr, t } from '../../i18n.ts';
import { NameAndNumber, PersonItem, RowButton, StaffList } from '../../parts/rows.tsx';
import { EnrolScreen } from './enrol.tsx';
import { usePolled } from './polled.ts';
import { useStaff } from './session.ts';

/** The server checks once a minute, so the list changes no more often. */
const EVERY_MS = 60_000;

const message = (reason: string): string => t(keyOr(`reenrol.reason.${reason}`, 'reenrol.reason.other'));

/**
 * The people to enrol or enrol again, and why, one after the other. People from an import are asked here in person, and
 * their face is taken again: the server sends kiosks no picture of someone who has not agreed.
 */
export function ReenrolScreen() {
  const { core } = useStaff();
  const enrolling = useSignal<PersonRow | null>(null);
  const list = usePolled(() => core.reenrolments({}), EVERY_MS);
  if (enrolling.value)
    return (
      <EnrolScreen
        known={enrolling.value}
        close={() => {
          enrolling.value = null;
          list.renew();
        }}
      />
    );
  const people = list.value?.people ?? null;
  return (
    <StaffList
      label={t('reenrol.title')}
      status={
        list.error ||
        (people ? t(people.length === 0 ? 'reenrol.nobody' : 'reenrol.count', { count: people.length }) : '')
      }
    >
      {people?.map(({ person, reason }) => (
        <PersonItem key={person.id} name={<NameAndNumber {...person} />} facts={message(reason)}>
          <RowButton
            kind="primary"
            label={t(person.templates > 0 ? 'people.reenrol' : 'people.enrol')}
            of={person.name}
            onClick={() => (enrolling.value = person)}
          />
        </PersonItem>
      ))}
    </StaffList>
  );
}
