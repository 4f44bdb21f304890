import type { ComponentChildren } from 'preact';
import type { StickUpdate, TechnicianState, TechnicianTask } from '../../../../../electron/contract/technician.ts';
import { Button } from '../../../../shared/button.tsx';
import { useFocus } from '../../../../shared/focus.ts';
import {
  IconAlert,
  IconChart,
  IconCheck,
  IconKey,
  IconKiosk,
  IconRepeat,
  IconUpdate,
} from '../../../../shared/icons.tsx';
import { hasSentence, t } from '../../../i18n.ts';
import { clockOf } from '../../../parts/error-text.ts';
import { MethodButton, MethodLabel } from '../../../parts/method-button.tsx';

const ICONS: Record<TechnicianTask, ComponentChildren> = {
  restart: <IconRepeat />,
  reboot: <IconKiosk />,
  update: <IconUpdate />,
  login: <IconKey />,
};
const TASKS: readonly TechnicianTask[] = ['update', 'restart', 'reboot', 'login'];

interface TasksProps {
  state: TechnicianState;
  open: (task: TechnicianTask) => void;
  diagnostics: () => void;
}

/** What can be asked for; what this machine can't do is said in its place, with why. */
export function Tasks({ state, open, diagnostics }: TasksProps) {
  return (
    <ul class="technician-tasks">
      {TASKS.map((task) => {
        const why = state.offers[task];
        const label = {
          icon: ICONS[task],
          name: t(`technician.task.${task}`),
          hint: why === null ? t(`technician.taskHint.${task}`) : t(`technician.notHere.${why}`),
        };
        return (
          <li key={task} data-task={task}>
            {why === null ? (
              <MethodButton
                row
                {...label}
                aria-disabled={state.busy !== null}
                onClick={() => state.busy === null && open(task)}
              />
            ) : (
              <div class="method method-row technician-not-here">
                <MethodLabel {...label} />
              </div>
            )}
          </li>
        );
      })}
      <li data-task="diagnostics">
        <MethodButton
          row
          icon={<IconChart />}
          name={t('staff.diagnostics')}
          hint={t('staff.diagnosticsHint')}
          onClick={diagnostics}
        />
      </li>
    </ul>
  );
}

interface ConfirmProps {
  task: TechnicianTask;
  cancel: () => void;
  yes: (task: TechnicianTask) => void;
}

/** What it means, before it is done. */
export function Confirm({ task, cancel, yes }: ConfirmProps) {
  const first = useFocus<HTMLButtonElement>();
  return (
    <section class="technician-ask card" aria-label={t(`technician.task.${task}`)}>
      <h2>{t(`technician.task.${task}`)}</h2>
      <p class="lead">{t(`technician.ask.${task}`)}</p>
      <div class="actions">
        <Button label={t('cancel')} ref={first} onClick={cancel} />
        <Button label={t(`technician.yes.${task}`)} kind="primary" onClick={() => yes(task)} />
      </div>
    </section>
  );
}

/** How the update from a stick goes on, or how it ended. */
export function StickProgress({ update }: { update: StickUpdate }) {
  if (update.at === 'none') return null;
  return (
    <div class="technician-stick card" data-at={update.at} role={update.at === 'refused' ? 'alert' : 'status'}>
      {update.at === 'ready' && <IconCheck />}
      {update.at === 'refused' && <IconAlert />}
      <div>
        <StickText update={update} />
        {update.at === 'preparing' && update.progress !== null && (
          <progress max={1} value={update.progress} aria-label={t('technician.task.update')} />
        )}
      </div>
    </div>
  );
}

function StickText({ update }: { update: Exclude<StickUpdate, { at: 'none' }> }) {
  switch (update.at) {
    case 'stick':
      return <p class="tabular">{t('technician.stick.stick', { time: clockOf(update.seconds) })}</p>;
    case 'preparing':
      return (
        <p class="tabular">
          {update.version !== null && update.progress !== null
            ? t('technician.stick.preparing', { version: update.version, percent: Math.round(update.progress * 100) })
            : t('technician.stick.preparingAny')}
        </p>
      );
    case 'ready':
      return <p>{t('technician.stick.ready', { version: update.version })}</p>;
    case 'refused': {
      const key = `technician.updateError.${update.code}`;
      const known = hasSentence(key);
      return (
        <>
          <p class="technician-refused">{t('technician.stick.refused')}</p>
          <p>{known ? t(key) : t('technician.updateError.other', { code: update.code })}</p>
          {known ? (
            <p class="hint">
              <code>{update.code}</code>
            </p>
          ) : (
            <p lang="en" dir="ltr">
              {update.message}. {update.nextStep}
            </p>
          )}
        </>
      );
    }
  }
}
