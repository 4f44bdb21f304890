import * as rollouts from '../../../../sync/protocol/api/rollouts.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled } from '../../../shared/i18n.ts';
import { api } from '../../../shared/web/api.ts';
import { CheckField, ErrorNote, useCheck } from '../../../shared/web/form.tsx';
import { Badge, DialogButton, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { filterOf } from '../../parts/filters.tsx';
import { Moment, whoLabel } from '../../parts/labels.tsx';
import { Kiosks, ProgressBar } from './kiosks.tsx';
import { ringName } from './rings.tsx';

const KIND: Readonly<Record<rollouts.Rollout['state'], string | undefined>> = {
  running: 'good',
  paused: 'warn',
  stopped: 'bad',
  held: 'warn',
  done: 'good',
  'rolled-back': 'warn',
  ended: undefined,
};

interface InForceProps {
  rollout: rollouts.Rollout;
  admin: boolean;
  rings: readonly rollouts.Ring[];
  onChange: () => void;
}

/** The current rollout: its progress, what it waits for, and the available actions. */
export function InForce({ rollout, admin, rings, onChange }: InForceProps) {
  const { value: more, onValue: setMore } = filterOf('show');
  const { state, stopped, version, steps, step } = rollout;
  const toggle = (what: 'kiosks' | 'history') => setMore(more === what ? '' : what);
  return (
    <Panel
      title={t('rollouts.title', { version })}
      aside={<Badge kind={KIND[state]}>{t(`rollouts.state.${state}`)}</Badge>}
    >
      {stopped && (
        <div class="note" role="status" data-kind="bad">
          <p>{t('rollouts.stopped', { failed: stopped.failed, got: stopped.got })}</p>
          <p>{t('rollouts.stoppedText')}</p>
        </div>
      )}
      {state === 'held' && (
        <p class="note" role="status" data-kind="warn">
          {t('rollouts.heldText')}
        </p>
      )}
      <ProgressBar counts={rollout.counts} />
      <ol class="steps" aria-label={t('rollouts.steps')}>
        {steps.map((one, i) => (
          <li
            key={`${one.ring} ${one.percent}`}
            data-done={i < step || state === 'done'}
            aria-current={i === step && state !== 'done' ? 'step' : undefined}
          >
            <span>
              {t(one.ring === 'all' ? 'rollouts.stepAll' : 'rollouts.stepRing', {
                percent: one.percent,
                ring: ringName(rings, one.ring),
              })}
            </span>
            <span class="muted">
              {i === step ? (
                <Waits rollout={rollout} />
              ) : (
                one.soakHours > 0 && t('rollouts.soak', { count: one.soakHours })
              )}
            </span>
          </li>
        ))}
      </ol>
      {admin && <Buttons rollout={rollout} onChange={onChange} />}
      <div class="actions start">
        <Button label={t('rollouts.kiosks')} aria-expanded={more === 'kiosks'} onClick={() => toggle('kiosks')} />
        <Button label={t('rollouts.history')} aria-expanded={more === 'history'} onClick={() => toggle('history')} />
      </div>
      {more === 'kiosks' && <Kiosks rollout={rollout.id} rings={rings} />}
      {more === 'history' && <History rollout={rollout.id} rings={rings} />}
    </Panel>
  );
}

function Waits({ rollout: { waitsFor, nextAt, state } }: { rollout: rollouts.Rollout }) {
  if (state !== 'running') return null;
  if (waitsFor === 'nothing') return <>{t('rollouts.goesOn')}</>;
  return (
    <>
      {t(`rollouts.waits.${waitsFor}`)} {nextAt !== null && <Moment at={nextAt} />}
    </>
  );
}

const ACTS = { pause: rollouts.pauseRollout, advance: rollouts.advanceRollout, 'roll-back': rollouts.rollBackRollout };

function Buttons({ rollout, onChange }: { rollout: rollouts.Rollout; onChange: () => void }) {
  const { busy, error, run } = useWrite();
  const { id, state, version, step, steps } = rollout;
  const params = { rollout: id };
  const act = (what: keyof typeof ACTS) =>
    run(() => api(ACTS[what], { params }), {
      ask: {
        title: t(`rollouts.act.${what}`),
        text: t(`rollouts.ask.${what}`, { version }),
        ...(what === 'roll-back' && { danger: true, word: version }),
      },
      say: () => t(`rollouts.done.${what}`),
      done: onChange,
    });
  const button = (what: keyof typeof ACTS) => (
    <Button label={t(`rollouts.act.${what}`)} disabled={busy} onClick={() => void act(what)} />
  );
  return (
    <>
      <ErrorNote error={error} />
      <div class="actions start">
        {(state === 'paused' || state === 'stopped' || state === 'held') && (
          <DialogButton kind="primary" disabled={busy} label={t('rollouts.act.resume')}>
            <Resume rollout={rollout} onDone={onChange} />
          </DialogButton>
        )}
        {state === 'running' && button('pause')}
        {state === 'running' && step < steps.length - 1 && button('advance')}
        {state !== 'rolled-back' && button('roll-back')}
      </div>
    </>
  );
}

function Resume({ rollout: { id, state }, onDone }: { rollout: rollouts.Rollout; onDone: () => void }) {
  const retry = useCheck(false);
  return (
    <WriteForm
      write={() => api(rollouts.resumeRollout, { params: { rollout: id }, body: { retry: retry.checked } })}
      say={() => t('rollouts.done.resume')}
      done={onDone}
      action={t('rollouts.act.resume')}
    >
      <p>{t(state === 'stopped' ? 'rollouts.ask.resumeStopped' : 'rollouts.ask.resume')}</p>
      <CheckField label={t('rollouts.retry')} hint={t('rollouts.retryHint')} {...retry} />
    </WriteForm>
  );
}

/** The actions on a rollout, newest first. */
function History({ rollout, rings }: { rollout: string; rings: readonly rollouts.Ring[] }) {
  const found = useRead(rollouts.getRolloutHistory, { params: { rollout } });
  return (
    <>
      <ErrorNote error={found.error} onRetry={found.reload} />
      <ol class="timeline">
        {found.value?.items.map((one, i) => (
          <li key={`${one.at} ${i}`}>
            <Moment at={one.at} />
            <p>
              {t(`rollouts.was.${one.what}`)}
              {detailOf(one, rings)}
              <span class="muted"> · {one.by === 'server' ? t('rollouts.by.server') : whoLabel(one)}</span>
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}

function detailOf({ what, detail }: rollouts.RolloutAction, rings: readonly rollouts.Ring[]): string {
  const ring = rollouts.RingId.safeParse(detail.ring).data;
  const { percent, failed, got } = detail;
  if ((what === 'started' || what === 'advanced') && ring)
    return labelled(
      '',
      t(ring === 'all' ? 'rollouts.stepAll' : 'rollouts.stepRing', { percent, ring: ringName(rings, ring) }),
    );
  return what === 'stopped' ? labelled('', t('rollouts.stopped', { failed, got })) : '';
}
