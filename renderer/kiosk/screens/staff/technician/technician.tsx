import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { TechnicianTask } from '../../../../../electron/contract/technician.ts';
import { Button } from '../../../../shared/button.tsx';
import { IconExit } from '../../../../shared/icons.tsx';
import { t } from '../../../i18n.ts';
import { Idle } from '../../../parts/idle.tsx';
import { BackButton } from '../../../parts/title.tsx';
import { DiagnosticsScreen } from '../diagnostics.tsx';
import { usePolled } from '../polled.ts';
import { useAction, useStaff } from '../session.ts';
import { StateCards } from './state-cards.tsx';
import { Confirm, StickProgress, Tasks } from './tasks.tsx';

const EVERY_MS = 2_000;
/** As the core's own: left alone, it closes. */
const IDLE_MS = 120_000;

type View = { at: 'menu' } | { at: 'diagnostics' } | { at: 'ask'; task: TechnicianTask };

/** The technician's room: how machine and program are, and what can be done about it. Nobody's name but the technician's. */
export function TechnicianScreen({ name, leave }: { name: string; leave: () => void }) {
  const { core, unlocked } = useStaff();
  const view = useSignal<View>({ at: 'menu' });
  const said = useSignal('');
  const { error: failed, run } = useAction();
  const touched = useTouched();
  const { value: now, error, renew } = usePolled(() => core.technicianState({ active: touched() }), EVERY_MS);
  // The core ended it: too long without a touch, or another screen.
  const over = unlocked.value === null;
  useEffect(() => {
    if (over) leave();
  }, [over, leave]);
  const stepBack = useRef<(() => void) | null>(null);
  const menu = (): void => {
    view.value = { at: 'menu' };
  };
  const heading = useRef<HTMLHeadingElement>(null);
  // Anyone who works by keyboard goes on where the new view begins; a question has its own place for that.
  useLayoutEffect(() => {
    if (view.value.at !== 'ask') heading.current?.focus();
  }, [view.value.at]);

  async function begin(what: TechnicianTask): Promise<void> {
    view.value = { at: 'menu' };
    said.value = '';
    await run(async () => {
      await core.technicianDo({ what });
      said.value = t(`technician.done.${what}`);
    });
    renew();
  }

  const { at } = view.value;
  return (
    <main class="staff technician" data-view={`technician-${at}`}>
      <div class="screen-head">
        {at !== 'menu' && <BackButton onClick={() => (stepBack.current ?? menu)()} />}
        <h1 class="title" ref={heading} tabIndex={-1}>
          {t(at === 'diagnostics' ? 'diagnostics.title' : 'technician.title')}
        </h1>
        <Button icon={<IconExit />} class="staff-lock" onClick={leave}>
          {t('technician.leave')}
        </Button>
      </div>
      {at === 'diagnostics' && <DiagnosticsScreen stepBack={stepBack} />}
      {view.value.at === 'ask' && <Confirm task={view.value.task} cancel={menu} yes={(task) => void begin(task)} />}
      {at === 'menu' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section class="technician-menu" tabIndex={0} aria-label={t('technician.title')}>
          <div class="technician-said" role="status">
            <p class="hint">{t('technician.who', { name })}</p>
            {said.value !== '' && <p>{said.value}</p>}
          </div>
          {(failed.value || error) && (
            <p class="form-error" role="alert">
              {failed.value || error}
            </p>
          )}
          {now && (
            <>
              <StickProgress update={now.update} />
              <Tasks
                state={now}
                open={(task) => (view.value = { at: 'ask', task })}
                diagnostics={() => (view.value = { at: 'diagnostics' })}
              />
              <StateCards state={now} />
            </>
          )}
        </section>
      )}
      {/* A build that is unpacked goes on without hands. */}
      <Idle ms={IDLE_MS} done={leave} alive={now?.update.at === 'preparing' ? now.update.progress : null} />
    </main>
  );
}

/** Whether someone has touched anything since it was last asked. */
function useTouched(): () => boolean {
  const touched = useRef(true);
  useEffect(() => {
    const note = (): void => {
      touched.current = true;
    };
    const events = ['pointerdown', 'keydown', 'wheel'] as const;
    for (const event of events) document.addEventListener(event, note, { capture: true, passive: true });
    return () => {
      for (const event of events) document.removeEventListener(event, note, { capture: true });
    };
  }, []);
  return () => {
    const was = touched.current;
    touched.current = false;
    return was;
  };
}
