import { useState } from 'preact/hooks';
import {
  type NewRollout,
  type Repository,
  type Rollout,
  startRollout,
} from '../../../../sync/protocol/api/rollouts.ts';
import { api } from '../../../shared/web/api.ts';
import { CheckField, ErrorNote, Form, SelectField, Submit, TextField } from '../../../shared/web/form.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { t } from '../../i18n.ts';

const PLANS = ['usual', 'quick', 'everybody'] as const;
type PlanName = (typeof PLANS)[number];
const EVERYBODY = { ring: 'all', percent: 100, soakHours: 0 } as const;

/** Absent: as the server usually does it. */
const STEPS: Readonly<Record<PlanName, NewRollout['steps']>> = {
  usual: undefined,
  quick: [{ ring: 'all', percent: 10, soakHours: 4 }, EVERYBODY],
  everybody: [EVERYBODY],
};

export function StartRollout({
  builds,
  inForce,
  onDone,
}: {
  builds: Repository['builds'];
  inForce: Rollout | null;
  onDone: () => void;
}) {
  const [version, setVersion] = useState(builds[0]?.version ?? '');
  const [plan, setPlan] = useState<PlanName>('usual');
  const [automatic, setAutomatic] = useState(true);
  const [urgent, setUrgent] = useState(false);
  const [kiosks, setKiosks] = useState('2');
  const [percent, setPercent] = useState('20');
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const steps = STEPS[plan];
    const stopAt = { kiosks: Number(kiosks), percent: Number(percent) };
    const body = { version, automatic, urgent, stopAt, ...(steps && { steps }) } satisfies NewRollout;
    const made = await run(() => api(startRollout, { body }));
    if (made?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <SelectField
        label={t('rollouts.version')}
        value={version}
        onValue={setVersion}
        options={builds.map((b) => [b.version, `${b.version} · ${b.platforms.join(', ')} · ${b.commit.slice(0, 12)}`])}
      />
      <SelectField
        label={t('rollouts.plan.label')}
        hint={t(`rollouts.plan.${plan}Hint`)}
        value={plan}
        onValue={(value) => setPlan(PLANS.find((one) => one === value) ?? 'usual')}
        options={PLANS.map((one) => [one, t(`rollouts.plan.${one}`)])}
      />
      <CheckField
        label={t('rollouts.automatic')}
        hint={t('rollouts.automaticHint')}
        checked={automatic}
        onChecked={setAutomatic}
      />
      <CheckField label={t('rollouts.urgent')} hint={t('rollouts.urgentHint')} checked={urgent} onChecked={setUrgent} />
      <div class="beside">
        <TextField
          label={t('rollouts.stopKiosks')}
          hint={t('rollouts.stopHint')}
          type="number"
          min="1"
          max="10000"
          required
          value={kiosks}
          onValue={setKiosks}
        />
        <TextField
          label={t('rollouts.stopPercent')}
          type="number"
          min="1"
          max="100"
          required
          value={percent}
          onValue={setPercent}
        />
      </div>
      {inForce && <p class="muted">{t('rollouts.replaces', { version: inForce.version })}</p>}
      <ErrorNote error={error} />
      <Submit disabled={busy}>{t('rollouts.begin', { version })}</Submit>
    </Form>
  );
}
