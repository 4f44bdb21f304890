import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import type { StaffChoice, Unlocked } from '../../../../electron/contract/staff.ts';
import { Button } from '../../../shared/button.tsx';
import { secondOf } from '../../../shared/i18n.ts';
import { IconKey } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { PIN_SHAPE, PinField, STAFF_PIN_SHAPE } from '../../parts/fields.tsx';
import { Idle } from '../../parts/idle.tsx';
import { FormError, KeypadScreen, NewPinScreen } from '../../parts/keypad-form.tsx';
import { MethodButton } from '../../parts/method-button.tsx';
import { type PinTrouble, pinTroubleOf, usePinEntry, usePinText } from '../../parts/pin-trouble.ts';
import { ScreenHead, Title } from '../../parts/title.tsx';
import { listenToWedge } from '../../wedge.ts';
import { useStaff } from './session.ts';

const IDLE_MS = 30_000;
const CODE_IDLE_MS = 60_000;
const CODE_SHAPE = /^([0-9]{6}|[0-9]{10})$/;
const CLOCK_MS = 1_000;
/** How long badges are accepted, ms: well under the time that the core reserves them for this screen. Later they check in. */
const LISTEN_MS = 20_000;

/** What was entered so far. The core needs all of it in one call. */
interface Given {
  /** Null: the emergency PIN. */
  readonly member?: string;
  readonly name: string | null;
  readonly badge?: string;
  readonly pin?: string;
  readonly code?: string;
}

type Step =
  | { at: 'loading' }
  | { at: 'choose' }
  | { at: 'pin'; given: Given; role: StaffChoice['role'] | null }
  | { at: 'code'; given: Given }
  | { at: 'own'; given: Given };

interface Known {
  readonly members: readonly StaffChoice[];
  /** Trusted time minus this page's monotonic clock, ms. A technician's code is checked against it. */
  readonly offset: number;
}

/** Unlocks with a name and PIN, a badge, or the sealed emergency PIN. A kiosk without staff only has the last. */
export function UnlockScreen() {
  const { core, link } = useKiosk();
  const session = useStaff();
  const step = useSignal<Step>({ at: 'loading' });
  const known = useSignal<Known>({ members: [], offset: 0 });
  const badgeTrouble = useSignal<PinTrouble | null>(null);
  const emergency: Step = { at: 'pin', given: { name: null }, role: null };

  useEffect(() => {
    let over = false;
    core
      .staffMembers({})
      .then(({ members, now }) => {
        if (over) return;
        known.value = { members, offset: Date.parse(now) - performance.now() };
        step.value = members.length === 0 ? emergency : { at: 'choose' };
      })
      .catch(() => {
        if (!over) step.value = emergency; // an attempt reports what is wrong
      });
    return () => {
      over = true;
    };
  }, [core]);

  /** Tries to unlock. Whatever the core still needs is the next step. */
  async function unlock(given: Given, newPin?: string): Promise<void> {
    const { name: _, ...input } = given;
    try {
      const unlocked: Unlocked = await core.staffUnlock({ ...input, ...(newPin && { newPin }) });
      session.open(unlocked);
    } catch (error) {
      const code = error instanceof RpcError ? error.code : '';
      const name = error instanceof RpcError && typeof error.params.name === 'string' ? error.params.name : given.name;
      if (code === 'staff-code-needed') step.value = { at: 'code', given: { ...given, name } };
      else if (code === 'staff-pin-choose') step.value = { at: 'own', given: { ...given, name } };
      else throw error;
    }
  }

  const locked = step.value.at === 'choose' || step.value.at === 'pin';
  useEffect(() => {
    if (!locked || known.value.members.length === 0) return;
    const read = (badge: string): void => {
      badgeTrouble.value = null;
      unlock({ badge, name: null }).catch((error: unknown) => {
        badgeTrouble.value = pinTroubleOf(error);
      });
    };
    const listen = (): void => void core.staffListen({ on: true }).catch(() => undefined);
    listen();
    const timer = setInterval(listen, LISTEN_MS);
    const ended = [
      listenToWedge(document, () => true, read),
      link.onArrival((arrival) => {
        if (arrival.kind === 'badge') read(arrival.badge);
      }),
    ];
    return () => {
      clearInterval(timer);
      for (const end of ended) end();
      core.staffListen({ on: false }).catch(() => undefined);
    };
  }, [locked, core, known.value]);

  const now = step.value;
  const back = known.value.members.length === 0 ? undefined : () => (step.value = { at: 'choose' });
  switch (now.at) {
    case 'loading':
      return <main class="pin" />;
    case 'choose':
      return (
        <Choose
          members={known.value.members}
          trouble={badgeTrouble}
          over={session.ended.value}
          choose={({ id, name, role }) => {
            step.value = { at: 'pin', given: { member: id, name }, role };
          }}
          emergency={() => {
            step.value = emergency;
          }}
        />
      );
    case 'pin':
      return (
        <PinStep
          key={now.given.member ?? 'emergency'}
          given={now.given}
          technician={now.role === 'technician'}
          over={session.ended.value}
          first={known.value.members.length === 0}
          back={back}
          enter={(pin) => {
            const given = { ...now.given, pin };
            if (now.role !== 'technician') return unlock(given);
            step.value = { at: 'code', given };
            return Promise.resolve();
          }}
        />
      );
    case 'code':
      return (
        <CodeStep
          given={now.given}
          offset={known.value.offset}
          back={back}
          enter={(code) => unlock({ ...now.given, code })}
        />
      );
    case 'own':
      // Replaces the PIN that was assigned to them.
      return (
        <NewPinScreen
          title={now.given.name ?? t('staff.title')}
          idleMs={CODE_IDLE_MS}
          submit={t('staff.unlock')}
          note={t('staff.choosePin')}
          onBack={back}
          shape={STAFF_PIN_SHAPE}
          misshapen="staff.pinShape"
          differs="staff.pinDiffers"
          labels={['staff.newPin', 'staff.newPinAgain']}
          name="own-pin"
          save={(pin) => unlock(now.given, pin)}
        />
      );
  }
}

interface ChooseProps {
  members: readonly StaffChoice[];
  trouble: Signal<PinTrouble | null>;
  over: boolean;
  choose: (member: StaffChoice) => void;
  emergency: () => void;
}

function Choose({ members, trouble, over, choose, emergency }: ChooseProps) {
  const { home } = useKiosk();
  const message = usePinText(trouble, 'staff');
  return (
    <main class="screen staff" data-view="unlock">
      <ScreenHead title={<Title level="h1">{t('staff.who')}</Title>} back={() => home()} />
      <FormError message={message} note={over ? t('staff.over') : t('staff.badgeHint')} />
      <ul class="menu staff-choices">
        {members.map((member) => (
          <li key={member.id}>
            <MethodButton
              row
              name={<bdi>{member.name}</bdi>}
              hint={t(`staff.role.${member.role}`)}
              data-member={member.id}
              onClick={() => choose(member)}
            />
          </li>
        ))}
        <li class="menu-quiet">
          <Button label={t('staff.emergency')} icon={<IconKey />} data-open="emergency" onClick={emergency} />
        </li>
      </ul>
      <Idle ms={IDLE_MS} done={home} />
    </main>
  );
}

interface StepProps {
  given: Given;
  back: (() => void) | undefined;
  enter: (typed: string) => Promise<void>;
}

interface PinStepProps extends StepProps {
  technician: boolean;
  over: boolean;
  /** The kiosk has no staff yet. It is set up with this PIN, and nothing is reported. */
  first: boolean;
}

function PinStep({ given, technician, over, first, back, enter }: PinStepProps) {
  const pin = usePinEntry('staff', PIN_SHAPE, enter);
  const note = given.name === null ? t(first ? 'staff.firstPin' : 'staff.emergencyNote') : '';
  return (
    <KeypadScreen
      title={given.name ?? t(first ? 'staff.title' : 'staff.emergency')}
      idleMs={IDLE_MS}
      submit={t(technician ? 'next' : 'staff.unlock')}
      {...pin.screen}
      note={over ? t('staff.over') : note}
      onBack={back}
    >
      <PinField
        label={t(given.name === null && !first ? 'staff.emergency' : 'staff.pin')}
        name="staff-pin"
        {...pin.field}
      />
    </KeypadScreen>
  );
}

/** Asks for a technician's code and shows the time it is checked against, so that a wrong clock is noticed. */
function CodeStep({ given, offset, back, enter }: StepProps & { offset: number }) {
  const code = usePinEntry('technician', CODE_SHAPE, enter);
  const clock = useSignal('');
  useEffect(() => {
    const show = (): void => {
      clock.value = secondOf(new Date(offset + performance.now()));
    };
    show();
    const timer = setInterval(show, CLOCK_MS);
    return () => clearInterval(timer);
  }, [offset, clock]);
  return (
    <KeypadScreen
      title={given.name ?? t('technician.title')}
      idleMs={CODE_IDLE_MS}
      submit={t('staff.unlock')}
      {...code.screen}
      note={t('technician.gate')}
      onBack={back}
    >
      <PinField label={t('technician.code')} name="technician-code" {...code.field} />
      <p class="hint tabular">{t('technician.clockNote', { time: clock.value })}</p>
    </KeypadScreen>
  );
}
