import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { StickUpdate, TechnicianState, TechnicianTask } from '../../../../electron/contract/technician.ts';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { durationOf, listed, numberOf, ONE_DIGIT, waitOf } from '../../../shared/i18n.ts';
import * as icons from '../../../shared/icons.tsx';
import { hasSentence, t } from '../../i18n.ts';
import { serverProblemText } from '../../parts/error-text.ts';
import { Fact, FactCard } from '../../parts/fact-card.tsx';
import { Idle } from '../../parts/idle.tsx';
import { MethodButton, MethodLabel } from '../../parts/method-button.tsx';
import { BackButton } from '../../parts/title.tsx';
import { bytes, DiagnosticsScreen, moment } from './diagnostics.tsx';
import { usePolled } from './polled.ts';
import { useAction, useStaff } from './session.ts';

/** Temperature above which someone should check the machine, °C. The server reports it too. */
const HOT = 80;
/** Free space below which someone should check, bytes; the same as on the server. */
const LOW_DISK = 500e6;
/** With a larger difference, people's own codes fail, ms; the same as on the server. */
const CLOCK_MS = 120_000;
const EVERY_MS = 2_000;
/** Time without a touch after which the screen closes, like the core's session. */
const IDLE_MS = 120_000;

type View = { at: 'menu' } | { at: 'diagnostics' } | { at: 'ask'; task: TechnicianTask };

/** The technician's screen: the state of the machine and software, and actions on them. Names no one but the technician. */
export function TechnicianScreen({ name, leave }: { name: string; leave: () => void }) {
  const { core, unlocked } = useStaff();
  const view = useSignal<View>({ at: 'menu' });
  const said = useSignal('');
  const { error: failed, run } = useAction();
  const touched = useTouched();
  const { value: now, error, renew } = usePolled(() => core.technicianState({ active: touched() }), EVERY_MS);
  // The core ended the session: too long without a touch, or another screen.
  const over = unlocked.value === null;
  useEffect(() => {
    if (over) leave();
  }, [over, leave]);
  const stepBack = useRef<(() => void) | null>(null);
  const menu = (): void => {
    view.value = { at: 'menu' };
  };
  const heading = useRef<HTMLHeadingElement>(null);
  // For keyboard users the focus moves to the new view. A question sets its own focus.
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
    <main class="screen staff technician" data-view={`technician-${at}`}>
      <div class="screen-head">
        {at !== 'menu' && <BackButton onClick={() => (stepBack.current ?? menu)()} />}
        <h1 class="title" ref={heading} tabIndex={-1}>
          {t(at === 'diagnostics' ? 'diagnostics.title' : 'technician.title')}
        </h1>
        <Button label={t('technician.leave')} icon={<icons.IconExit />} class="staff-lock" onClick={leave} />
      </div>
      {at === 'diagnostics' && <DiagnosticsScreen stepBack={stepBack} />}
      {view.value.at === 'ask' && <Confirm task={view.value.task} cancel={menu} yes={(task) => void begin(task)} />}
      {at === 'menu' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        <section class="scrolls technician-menu" tabIndex={0} aria-label={t('technician.title')}>
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
      {/* Unpacking a build keeps the screen open without touches. */}
      <Idle ms={IDLE_MS} done={leave} alive={now?.update.at === 'preparing' ? now.update.progress : null} />
    </main>
  );
}

/** Returns a function that reports whether anything was touched since its last call. */
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

const ICONS: Record<TechnicianTask, ComponentChildren> = {
  restart: <icons.IconRepeat />,
  reboot: <icons.IconKiosk />,
  update: <icons.IconUpdate />,
  login: <icons.IconKey />,
};
const TASKS: readonly TechnicianTask[] = ['update', 'restart', 'reboot', 'login'];

interface TasksProps {
  state: TechnicianState;
  open: (task: TechnicianTask) => void;
  diagnostics: () => void;
}

/** The available actions. One that this machine doesn't support is shown with the reason. */
function Tasks({ state, open, diagnostics }: TasksProps) {
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
          icon={<icons.IconChart />}
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

/** Explains the consequences before the action. */
function Confirm({ task, cancel, yes }: ConfirmProps) {
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

/** Progress of the update from a USB stick, or its result. */
function StickProgress({ update }: { update: StickUpdate }) {
  if (update.at === 'none') return null;
  return (
    <div class="technician-stick card" data-at={update.at} role={update.at === 'refused' ? 'alert' : 'status'}>
      {update.at === 'ready' && <icons.IconCheck />}
      {update.at === 'refused' && <icons.IconAlert />}
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
      return <p class="tabular">{t('technician.stick.stick', { time: waitOf(update.seconds) })}</p>;
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

function StateCards({ state }: { state: TechnicianState }) {
  const { build, slots, server, clock, disk } = state;
  const free = disk.free === null ? null : disk.free < LOW_DISK;
  return (
    <div class="technician-cards">
      <FactCard title={t('technician.build')}>
        <Fact name="technician.version">{build.version}</Fact>
        <Fact name="technician.commit">{build.commit?.slice(0, 12) ?? t('technician.unknown')}</Fact>
        {slots ? (
          <>
            <Fact name="technician.current" mark={slots.trial ? 'warn' : undefined}>
              {slots.current}
              {slots.trial && ` (${t('technician.trial')})`}
            </Fact>
            <Fact name="technician.previous">{slots.previous ?? '–'}</Fact>
          </>
        ) : (
          <Fact name="technician.current">{t('technician.noSlots')}</Fact>
        )}
      </FactCard>
      <FactCard title={t('diagnostics.sync')}>
        <Fact name="diagnostics.state" mark={server.online ? 'good' : 'warn'}>
          {t(server.online ? 'state.online' : 'state.offline')}
        </Fact>
        <Fact name="diagnostics.address">{server.address ?? t('diagnostics.noServer')}</Fact>
        <Fact name="diagnostics.heard">{moment(server.lastHeardAt)}</Fact>
        {server.problem && (
          <Fact name="diagnostics.problem" mark="warn">
            {serverProblemText(server.problem)}
          </Fact>
        )}
        <Fact name="technician.queued">{state.queued}</Fact>
        <Fact name="technician.photos">{state.photosWaiting}</Fact>
      </FactCard>
      <FactCard title={t('technician.machine')}>
        <Fact name="technician.uptime">{duration(state.uptimeSeconds)}</Fact>
        <Fact name="diagnostics.camera" mark={state.camera === 'ok' || state.camera === 'off' ? 'good' : 'warn'}>
          {cameraLabel(state.camera)}
        </Fact>
        <Fact name="diagnostics.clock" mark={clock.doubt || Math.abs(clock.offsetMs) > CLOCK_MS ? 'warn' : 'good'}>
          {listed([t(`diagnostics.${clock.doubt ?? 'right'}`), ''])}
          <bdi dir="ltr">{seconds(clock.offsetMs)}</bdi>
        </Fact>
        <Fact name="technician.disk" mark={free === null ? undefined : free ? 'warn' : 'good'}>
          {disk.free === null || disk.total === null
            ? t('technician.unknown')
            : t('technician.diskOf', { free: bytes(disk.free), total: bytes(disk.total) })}
        </Fact>
        <Fact
          name="technician.temperature"
          mark={state.temperature === null ? undefined : state.temperature > HOT ? 'warn' : 'good'}
        >
          {state.temperature === null ? t('technician.noSensor') : `${state.temperature} °C`}
        </Fact>
      </FactCard>
    </div>
  );
}

function cameraLabel(camera: string): string {
  const key = `technician.cameras.${camera}`;
  return hasSentence(key) ? t(key) : camera;
}

function duration(of: number): string {
  return of < 7_200
    ? durationOf(Math.round(of / 60), 'minute', 'short')
    : durationOf(Math.round(of / 3_600), 'hour', 'short');
}

const seconds = (ms: number): string =>
  `${ms > 0 ? '+' : ms < 0 ? '−' : ''}${numberOf(Math.abs(ms) / 1000, ONE_DIGIT)} s`;
