import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { weakPin } from '../../../../electron/contract/pin.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import type { StaffChoice, Unlocked } from '../../../../electron/contract/staff.ts';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { secondOf } from '../../../shared/i18n.ts';
import { IconKey } from '../../../shared/icons.tsx';
import { type Key, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { errorTextOf } from '../../parts/error-text.ts';
import { bound, PIN_SHAPE, PinField, STAFF_PIN_SHAPE } from '../../parts/fields.tsx';
import { Idle } from '../../parts/idle.tsx';
import { FormError, KeypadScreen } from '../../parts/keypad-form.tsx';
import { MethodButton } from '../../parts/method-button.tsx';
import { type PinTrouble, pinTroubleOf, usePinText } from '../../parts/pin-trouble.ts';
import { ScreenHead, Title } from '../../parts/title.tsx';
import { listenToWedge } from '../../wedge.ts';
import { SessionOver, useStaff } from './session.ts';

const IDLE_MS = 30_000;
const CODE_IDLE_MS = 60_000;
const CODE_SHAPE = /^([0-9]{6}|[0-9]{10})$/;
const CLOCK_MS = 1_000;

/** What was given so far: the core wants all of it at once. */
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
  /** Trusted time less this page's monotonic clock, ms: what a technician's code is judged by. */
  readonly offset: number;
}

/** Who it is, and by what: a name and PIN, a badge, or the sealed emergency PIN. A kiosk without staff has that alone. */
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
        if (!over) step.value = emergency; // its own rejection says what is wrong
      });
    return () => {
      over = true;
    };
  }, [core]);

  /** Asks the core; what it still needs is the next step. */
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
    core.staffListen({ on: true }).catch(() => undefined);
    const ended = [
      listenToWedge(document, () => true, read),
      link.onArrival((arrival) => {
        if (arrival.kind === 'badge') read(arrival.badge);
      }),
    ];
    return () => {
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
      return <OwnPin given={now.given} back={back} enter={(pin) => unlock(now.given, pin)} />;
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
    <main class="staff" data-view="unlock">
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

/**
 * Digits that staff types and the core judges. They are gone from the screen before they are judged, and the field is
 * ready again when they were wrong.
 *
 * @param shape what is not even asked about else
 * @param enter throws what the core says of them; that a session is over is its own screen's to say
 */
function usePinEntry(who: 'staff' | 'technician', shape: RegExp, enter: (digits: string) => Promise<void>) {
  const typed = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const input = useFocus<HTMLInputElement>();
  const message = usePinText(trouble, who);
  async function submit(): Promise<void> {
    const digits = typed.value;
    typed.value = '';
    if (!shape.test(digits)) {
      trouble.value = { kind: 'wrong' };
      return;
    }
    busy.value = true;
    try {
      await enter(digits);
    } catch (error) {
      if (error instanceof SessionOver) return;
      trouble.value = pinTroubleOf(error);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }
  return { typed, busy, message, input, submit: () => void submit() };
}

interface PinStepProps {
  given: Given;
  technician: boolean;
  over: boolean;
  /** The kiosk has no staff yet: the PIN is how it is set up, and nothing is reported. */
  first: boolean;
  back: (() => void) | undefined;
  enter: (pin: string) => Promise<void>;
}

function PinStep({ given, technician, over, first, back, enter }: PinStepProps) {
  const pin = usePinEntry('staff', PIN_SHAPE, enter);
  const note = given.name === null ? t(first ? 'staff.firstPin' : 'staff.emergencyNote') : '';
  return (
    <KeypadScreen
      title={given.name ?? t(first ? 'staff.title' : 'staff.emergency')}
      idleMs={IDLE_MS}
      submit={t(technician ? 'next' : 'staff.unlock')}
      busy={pin.busy.value}
      error={pin.message}
      note={over ? t('staff.over') : note}
      onBack={back}
      onSubmit={pin.submit}
    >
      <PinField
        label={t(given.name === null && !first ? 'staff.emergency' : 'staff.pin')}
        name="staff-pin"
        {...bound(pin.typed)}
        input={pin.input}
      />
    </KeypadScreen>
  );
}

interface CodeStepProps {
  given: Given;
  offset: number;
  back: (() => void) | undefined;
  enter: (code: string) => Promise<void>;
}

/** A technician's code, with the time by which it is judged: a clock that is wrong is seen here. */
function CodeStep({ given, offset, back, enter }: CodeStepProps) {
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
      busy={code.busy.value}
      error={code.message}
      note={t('technician.gate')}
      onBack={back}
      onSubmit={code.submit}
    >
      <PinField label={t('technician.code')} name="technician-code" {...bound(code.typed)} input={code.input} />
      <p class="hint tabular">{t('technician.clockNote', { time: clock.value })}</p>
    </KeypadScreen>
  );
}

interface OwnPinProps {
  given: Given;
  back: (() => void) | undefined;
  enter: (pin: string) => Promise<void>;
}

/** In place of the PIN they were given: typed twice, so that nobody is locked out by a slip. */
function OwnPin({ given, back, enter }: OwnPinProps) {
  const first = useSignal('');
  const second = useSignal('');
  const busy = useSignal(false);
  const error = useSignal('');
  const input = useFocus<HTMLInputElement>();
  function wrong(): Key | null {
    if (!STAFF_PIN_SHAPE.test(first.value)) return 'staff.pinShape';
    if (weakPin(first.value)) return 'enrol.error.pin-weak';
    return first.value === second.value ? null : 'staff.pinDiffers';
  }
  async function submit(): Promise<void> {
    const key = wrong();
    error.value = key === null ? '' : t(key);
    if (key === null) {
      busy.value = true;
      try {
        return await enter(first.value);
      } catch (cause) {
        error.value = errorTextOf(cause);
      } finally {
        busy.value = false;
      }
    }
    first.value = '';
    second.value = '';
    input.current?.focus();
  }
  return (
    <KeypadScreen
      title={given.name ?? t('staff.title')}
      idleMs={CODE_IDLE_MS}
      submit={t('staff.unlock')}
      busy={busy.value}
      error={error.value}
      note={t('staff.choosePin')}
      onBack={back}
      onSubmit={() => void submit()}
    >
      <PinField label={t('staff.newPin')} name="own-pin" {...bound(first)} input={input} />
      <PinField label={t('staff.newPinAgain')} name="own-pin-again" {...bound(second)} />
    </KeypadScreen>
  );
}
