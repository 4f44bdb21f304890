import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { secondOf, t } from '../../../../shared/i18n.ts';
import { useKiosk } from '../../../kiosk.ts';
import { PinField } from '../../../parts/fields.tsx';
import { KeypadScreen } from '../../../parts/keypad-form.tsx';
import { type PinTrouble, pinTroubleOf, usePinWords } from '../../../parts/pin-trouble.ts';
import { SessionOver, type StaffSession } from '../session.ts';

const CODE_SHAPE = /^([0-9]{6}|[0-9]{10})$/;
const IDLE_MS = 60_000;
/** The clock is there to be compared with a telephone's. */
const CLOCK_MS = 1_000;

interface Gate {
  readonly enrolled: boolean;
  /** Trusted time less this page's monotonic clock, ms. */
  readonly offset: number;
}

/** A technician's code, with the time by which it is judged: a clock that is wrong is seen here. */
export function CodeScreen({
  session,
  back,
  entered,
}: {
  session: StaffSession;
  back: () => void;
  entered: (technician: { token: string; name: string }) => void;
}) {
  const { core } = useKiosk();
  const code = useSignal('');
  const busy = useSignal(false);
  const trouble = useSignal<PinTrouble | null>(null);
  const gate = useSignal<Gate | null>(null);
  const clock = useSignal('');
  const input = useRef<HTMLInputElement>(null);
  const words = usePinWords(trouble, 'technician');
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    let over = false;
    session
      .run((token) => core.technicianGate({ token }))
      .then(({ now, enrolled }) => {
        if (!over) gate.value = { enrolled, offset: Date.parse(now) - performance.now() };
      })
      .catch((error: unknown) => {
        if (!over && !(error instanceof SessionOver)) trouble.value = { kind: 'error', error };
      });
    const show = (): void => {
      if (gate.value) clock.value = secondOf(new Date(gate.value.offset + performance.now()));
    };
    const timer = setInterval(show, CLOCK_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [core, session, gate, clock, trouble]);

  async function submit(): Promise<void> {
    const typed = code.value;
    code.value = '';
    if (!CODE_SHAPE.test(typed)) {
      trouble.value = { kind: 'wrong' };
      return;
    }
    busy.value = true;
    try {
      const technician = await session.run((token) => core.technicianEnter({ token, code: typed }));
      entered(technician);
      session.lock();
    } catch (error) {
      if (error instanceof SessionOver) return;
      trouble.value = pinTroubleOf(error);
      input.current?.focus();
    } finally {
      busy.value = false;
    }
  }

  return (
    <KeypadScreen
      title={t('technician.title')}
      idleMs={IDLE_MS}
      submit={t('technician.enter')}
      busy={busy.value}
      error={words}
      note={gate.value?.enrolled === false ? t('technician.none') : t('technician.gate')}
      onBack={back}
      onSubmit={() => void submit()}
    >
      <PinField
        label={t('technician.code')}
        name="technician-code"
        value={code.value}
        onValue={(next) => (code.value = next)}
        input={input}
      />
      {clock.value !== '' && <p class="hint tabular">{t('technician.clockNote', { time: clock.value })}</p>}
    </KeypadScreen>
  );
}
