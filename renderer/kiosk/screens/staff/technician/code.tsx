import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { secondOf, t } from '../../../../shared/i18n.ts';
import { useKiosk } from '../../../kiosk.ts';
import { PinField } from '../../../parts/fields.tsx';
import { KeypadScreen } from '../../../parts/keypad-form.tsx';
import { usePinEntry } from '../../../parts/pin-entry.ts';
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
  const code = usePinEntry('technician', CODE_SHAPE, async (typed) => {
    const technician = await session.run((token) => core.technicianEnter({ token, code: typed }));
    entered(technician);
    session.lock();
  });
  const { trouble } = code;
  const gate = useSignal<Gate | null>(null);
  const clock = useSignal('');
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

  return (
    <KeypadScreen
      title={t('technician.title')}
      idleMs={IDLE_MS}
      submit={t('technician.enter')}
      busy={code.busy.value}
      error={code.words}
      note={gate.value?.enrolled === false ? t('technician.none') : t('technician.gate')}
      onBack={back}
      onSubmit={code.submit}
    >
      <PinField
        label={t('technician.code')}
        name="technician-code"
        value={code.typed.value}
        onValue={(next) => (code.typed.value = next)}
        input={code.input}
      />
      {clock.value !== '' && <p class="hint tabular">{t('technician.clockNote', { time: clock.value })}</p>}
    </KeypadScreen>
  );
}
