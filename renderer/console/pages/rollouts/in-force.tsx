import { useState } from 'preact/hooks';
import {
  advanceRollout,
  getRolloutHistory,
  pauseRollout,
  type Ring,
  RingId,
  type Rollout,
  type RolloutAction,
  resumeRollout,
  rollBackRollout,
} from '../../../../sync/protocol/api/rollouts.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { confirm } from '../../../shared/web/confirm.tsx';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { CheckField, ErrorNote, Form, Submit } from '../../../shared/web/form.tsx';
import { Badge } from '../../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/moment.tsx';
import { Kiosks } from './kiosks.tsx';
import { ringName } from './labels.ts';
import { ProgressBar } from './progress.tsx';

const KIND: Readonly<Record<Rollout['state'], string | undefined>> = {
  running: 'good',
  paused: 'warn',
  stopped: 'bad',
  done: 'good',
  'rolled-back': 'warn',
  ended: undefined,
};

interface InForceProps {
  rollout: Rollout;
  admin: boolean;
  rings: readonly Ring[];
  onChange: () => void;
}

/** The rollout that kiosks go by: how far it is, what it waits for, and what can be done with it. */
export function InForce({ rollout, admin, rings, onChange }: InForceProps) {
  const [more, setMore] = useState<'kiosks' | 'history' | null>(null);
  const { state, stopped, version, steps, step } = rollout;
  const toggle = (what: 'kiosks' | 'history') => setMore(more === what ? null : what);
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('rollouts.title', { version })}</h2>
        <Badge kind={KIND[state]}>{t(`rollouts.state.${state}`)}</Badge>
      </div>
      {stopped && (
        <div class="note" role="status" data-kind="bad">
          <p>{t('rollouts.stopped', { failed: stopped.failed, got: stopped.got })}</p>
          <p>{t('rollouts.stoppedText')}</p>
        </div>
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
        <Button aria-expanded={more === 'kiosks'} onClick={() => toggle('kiosks')}>
          {t('rollouts.kiosks')}
        </Button>
        <Button aria-expanded={more === 'history'} onClick={() => toggle('history')}>
          {t('rollouts.history')}
        </Button>
      </div>
      {more === 'kiosks' && <Kiosks rollout={rollout.id} rings={rings} />}
      {more === 'history' && <History rollout={rollout.id} rings={rings} />}
    </section>
  );
}

function Waits({ rollout: { waitsFor, nextAt, state } }: { rollout: Rollout }) {
  if (state !== 'running') return null;
  if (waitsFor === 'nothing') return <>{t('rollouts.goesOn')}</>;
  return (
    <>
      {t(`rollouts.waits.${waitsFor}`)} {nextAt !== null && <Moment at={nextAt} />}
    </>
  );
}

const ACTS = { pause: pauseRollout, advance: advanceRollout, 'roll-back': rollBackRollout };

function Buttons({ rollout, onChange }: { rollout: Rollout; onChange: () => void }) {
  const { busy, error, run } = useWrite();
  const [resuming, setResuming] = useState(false);
  const { id, state, version, step, steps } = rollout;
  const act = async (what: 'resume' | keyof typeof ACTS, retry = false) => {
    const params = { rollout: id };
    const done = await run(() =>
      what === 'resume' ? api(resumeRollout, { params, body: { retry } }) : api(ACTS[what], { params }),
    );
    if (!done?.ok) return;
    toast(() => t(`rollouts.done.${what}`));
    onChange();
  };
  const ask = async (what: 'pause' | 'advance' | 'roll-back') => {
    const sure = await confirm({
      title: t(`rollouts.act.${what}`),
      text: t(`rollouts.ask.${what}`, { version }),
      action: t(`rollouts.act.${what}`),
      ...(what === 'roll-back' && { danger: true, word: version }),
    });
    if (sure) await act(what);
  };
  const button = (what: 'pause' | 'advance' | 'roll-back') => (
    <Button disabled={busy} onClick={() => void ask(what)}>
      {t(`rollouts.act.${what}`)}
    </Button>
  );
  return (
    <>
      <ErrorNote error={error} />
      <div class="actions start">
        {(state === 'paused' || state === 'stopped') && (
          <Button kind="primary" disabled={busy} onClick={() => setResuming(true)}>
            {t('rollouts.act.resume')}
          </Button>
        )}
        {state === 'running' && button('pause')}
        {state === 'running' && step < steps.length - 1 && button('advance')}
        {state !== 'rolled-back' && button('roll-back')}
      </div>
      {resuming && (
        <Dialog title={t('rollouts.act.resume')} onClose={() => setResuming(false)}>
          <Resume
            stopped={state === 'stopped'}
            onDone={(retry) => {
              setResuming(false);
              void act('resume', retry);
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function Resume({ stopped, onDone }: { stopped: boolean; onDone: (retry: boolean) => void }) {
  const [retry, setRetry] = useState(false);
  return (
    <Form class="stack" onSubmit={() => onDone(retry)}>
      <p>{t(stopped ? 'rollouts.ask.resumeStopped' : 'rollouts.ask.resume')}</p>
      <CheckField label={t('rollouts.retry')} hint={t('rollouts.retryHint')} checked={retry} onChecked={setRetry} />
      <Submit>{t('rollouts.act.resume')}</Submit>
    </Form>
  );
}

/** What was done with a rollout, newest first. */
function History({ rollout, rings }: { rollout: string; rings: readonly Ring[] }) {
  const found = useResource(`history ${rollout}`, (signal) => api(getRolloutHistory, { params: { rollout }, signal }));
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
              <span class="muted"> · {one.email ?? t(`rollouts.by.${byOf(one.by)}`)}</span>
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}

const byOf = (by: string) => (by === 'operator' || by === 'server' ? by : 'account');

function detailOf({ what, detail }: RolloutAction, rings: readonly Ring[]): string {
  const ring = RingId.safeParse(detail.ring).data;
  const { percent, failed, got } = detail;
  if ((what === 'started' || what === 'advanced') && ring)
    return `: ${t(ring === 'all' ? 'rollouts.stepAll' : 'rollouts.stepRing', { percent, ring: ringName(rings, ring) })}`;
  return what === 'stopped' ? `: ${t('rollouts.stopped', { failed, got })}` : '';
}
