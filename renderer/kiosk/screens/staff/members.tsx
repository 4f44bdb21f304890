import { useSignal } from '@preact/signals';
import { weakPin } from '../../../../electron/contract/pin.ts';
import type { StaffRow } from '../../../../electron/contract/staff.ts';
import { isReadableName } from '../../../../sync/protocol/wire/name.ts';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { IconAddPerson, IconKey, IconLock, IconTrash } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import {
  bound,
  Choice,
  NameField,
  PinField,
  STAFF_PIN_SHAPE,
  TextField,
  useChecked,
  type Wrong,
} from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { PersonItem, RowButton } from '../../parts/rows.tsx';
import { Title } from '../../parts/title.tsx';
import { ConfirmRemove } from './confirm-remove.tsx';
import { PinForm } from './pin-form.tsx';
import { usePolled } from './polled.ts';
import { useAction, useStaff } from './session.ts';

const BADGE_SHAPE = /^\S{1,80}$/;

type Doing = { kind: 'list' } | { kind: 'add' } | { kind: 'seal' } | { kind: 'pin' | 'remove'; member: StaffRow };

/** The kiosk's staff, for a supervisor: add, change a PIN, remove, and make a new emergency PIN. */
export function MembersScreen({ first }: { first: boolean }) {
  const { core } = useStaff();
  const doing = useSignal<Doing>(first ? { kind: 'add' } : { kind: 'list' });
  const done = useSignal('');
  const back = (message = ''): void => {
    done.value = message;
    doing.value = { kind: 'list' };
  };
  const now = doing.value;
  if (now.kind === 'add') return <Add back={back} />;
  if (now.kind === 'pin')
    return (
      <PinForm
        label={t('people.newPin', { name: now.member.name })}
        shape={STAFF_PIN_SHAPE}
        misshapen={t('staff.pinShape')}
        note={t('staff.pinShape')}
        save={async (pin) => {
          await core.staffReset({ member: now.member.id, pin });
          back(t('people.pinSaved', { name: now.member.name }));
        }}
        cancel={() => back()}
      />
    );
  if (now.kind === 'remove')
    return (
      <ConfirmRemove
        title={t('members.removeAsk', { name: now.member.name })}
        text={t('members.removeText')}
        yes={t('members.remove')}
        remove={async () => {
          await core.staffRemove({ member: now.member.id });
          back(t('members.removed', { name: now.member.name }));
        }}
        cancel={() => back()}
      />
    );
  if (now.kind === 'seal') return <Seal back={back} />;
  return <List done={done.value} choose={(next) => (doing.value = next)} />;
}

function List({ done, choose }: { done: string; choose: (next: Doing) => void }) {
  const { core } = useStaff();
  const { value, error } = usePolled(() => core.staffList({}));
  return (
    <section class="people staff-members">
      <div class="actions">
        <Button icon={<IconAddPerson />} kind="primary" data-do="add" onClick={() => choose({ kind: 'add' })}>
          {t('members.add')}
        </Button>
        <Button label={t('members.seal')} icon={<IconKey />} data-do="seal" onClick={() => choose({ kind: 'seal' })} />
      </div>
      <div class="people-found">
        <p class="hint" role="status">
          {error || done || (value?.staff.length === 0 ? t('members.nobody') : t('members.hint'))}
        </p>
        <ul>
          {value?.staff.map((member) => (
            <PersonItem
              key={member.id}
              data-member={member.id}
              name={<bdi>{member.name}</bdi>}
              facts={[
                t(`staff.role.${member.role}`),
                t(`members.pin.${member.pin}`),
                ...(member.badge ? [t('members.badge')] : []),
                ...(member.from === 'server' ? [t('members.server')] : []),
              ].join(' · ')}
            >
              {member.from === 'kiosk' && (
                <>
                  <RowButton
                    label={t('members.newPin')}
                    of={member.name}
                    onClick={() => choose({ kind: 'pin', member })}
                  />
                  <RowButton
                    kind="danger"
                    icon={<IconTrash />}
                    label={t('members.remove')}
                    of={member.name}
                    onClick={() => choose({ kind: 'remove', member })}
                  />
                </>
              )}
            </PersonItem>
          ))}
        </ul>
      </div>
    </section>
  );
}

function Add({ back }: { back: (message?: string) => void }) {
  const { core } = useStaff();
  const name = useSignal('');
  const pin = useSignal('');
  const badge = useSignal('');
  const role = useSignal<'desk' | 'supervisor'>('desk');
  const { error, run } = useAction();
  const { wrong, passes } = useChecked(error);
  const first = useFocus<HTMLInputElement>();

  function found(): Wrong | null {
    const given = name.value.trim();
    if (given === '' || given.length > 60) return { key: 'enrol.nameMissing', field: 'member-name' };
    if (!isReadableName(given)) return { key: 'enrol.nameUnreadable', field: 'member-name' };
    if (pin.value === '' && badge.value.trim() === '') return { key: 'error.staff-without-key', field: 'member-pin' };
    if (pin.value !== '' && !STAFF_PIN_SHAPE.test(pin.value)) return { key: 'staff.pinShape', field: 'member-pin' };
    if (pin.value !== '' && weakPin(pin.value)) return { key: 'enrol.error.pin-weak', field: 'member-pin' };
    if (badge.value.trim() !== '' && !BADGE_SHAPE.test(badge.value.trim()))
      return { key: 'members.badgeShape', field: 'member-badge' };
    return null;
  }

  function submit(form: HTMLFormElement): void {
    if (!passes(form, found())) return;
    const member = {
      name: name.value.trim(),
      role: role.value,
      pin: pin.value || null,
      badge: badge.value.trim() || null,
    };
    void run(async () => {
      await core.staffAdd(member);
      back(t('members.added', { name: member.name }));
    });
  }

  return (
    <TypedForm class="enrol-details" onSubmit={submit}>
      <p class="steps">{t('members.addHint')}</p>
      <div class="enrol-fields">
        <NameField
          label={t('enrol.name')}
          name="member-name"
          maxLength={60}
          {...bound(name)}
          input={first}
          invalid={wrong === 'member-name'}
        />
        <PinField label={t('members.ownPin')} name="member-pin" {...bound(pin)} invalid={wrong === 'member-pin'} />
        <TextField
          label={t('members.badgeNumber')}
          class="tabular"
          name="member-badge"
          dir="ltr"
          maxLength={80}
          {...bound(badge)}
          invalid={wrong === 'member-badge'}
        />
        <Choice
          legend={t('members.role')}
          name="role"
          value={role.value}
          options={(['desk', 'supervisor'] as const).map((one) => [one, t(`staff.role.${one}`)])}
          choose={(next) => (role.value = next)}
        />
      </div>
      <FormError message={error.value} note={t(`members.may.${role.value}`)} />
      <Keyboard />
      <div class="actions">
        <Button label={t('members.save')} submit kind="primary" />
        <Button onClick={() => back()}>{t('cancel')}</Button>
      </div>
    </TypedForm>
  );
}

/** Shows a new emergency PIN once, to be written down and sealed. */
function Seal({ back }: { back: (message?: string) => void }) {
  const { core } = useStaff();
  const pin = useSignal<string | null>(null);
  const { error, run } = useAction();
  const make = () =>
    run(async () => {
      pin.value = (await core.staffSealPin({})).pin;
    });
  return (
    <section class="confirm">
      {pin.value === null && (
        <span class="confirm-icon">
          <IconLock />
        </span>
      )}
      <Title at={pin.value}>{t(pin.value === null ? 'members.sealAsk' : 'members.sealed')}</Title>
      {pin.value !== null && (
        <p class="sealed-pin tabular" dir="ltr" data-sealed>
          {pin.value}
        </p>
      )}
      <p class="lead">{t(pin.value === null ? 'members.sealText' : 'members.sealedText')}</p>
      <FormError message={error.value} />
      <div class="actions">
        {pin.value === null ? (
          <>
            <Button label={t('cancel')} size="big" onClick={() => back()} />
            <Button label={t('members.sealYes')} kind="primary" size="big" onClick={() => void make()} />
          </>
        ) : (
          <Button kind="primary" size="big" onClick={() => back(t('members.sealDone'))}>
            {t('members.sealWritten')}
          </Button>
        )}
      </div>
    </section>
  );
}
