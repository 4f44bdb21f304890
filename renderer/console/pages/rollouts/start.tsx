import { useState } from 'preact/hooks';
import {
  type NewRollout,
  type Repository,
  type Rollout,
  startRollout,
} from '../../../../sync/protocol/api/rollouts.ts';
import { api } from '../../../shared/web/api.ts';
import { CheckField, SelectField, TextField, useField } from '../../../shared/web/form.tsx';
import { WriteForm } from '../../../shared/web/write-form.tsx';
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

interface StartRolloutProps {
  builds: Repository['builds'];
  inForce: Rollout | null;
  onDone: () => void;
}

export function StartRollout({ builds, inForce, onDone }: StartRolloutProps) {
  const version = useField(builds[0]?.version ?? '');
  const [plan, setPlan] = useState<PlanName>('usual');
  const [automatic, setAutomatic] = useState(true);
  const [urgent, setUrgent] = useState(false);
  const kiosks = useField('2');
  const percent = useField('20');
  return (
    <WriteForm
      write={() => {
        const steps = STEPS[plan];
        const stopAt = { kiosks: Number(kiosks.value), percent: Number(percent.value) };
        const body = {
          version: version.value,
          automatic,
          urgent,
          stopAt,
          ...(steps && { steps }),
        } satisfies NewRollout;
        return api(startRollout, { body });
      }}
      say={() => t('rollouts.started')}
      done={onDone}
      action={t('rollouts.begin', { version: version.value })}
    >
      <SelectField
        label={t('rollouts.version')}
        {...version}
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
          {...kiosks}
        />
        <TextField label={t('rollouts.stopPercent')} type="number" min="1" max="100" required {...percent} />
      </div>
      {inForce && <p class="muted">{t('rollouts.replaces', { version: inForce.version })}</p>}
    </WriteForm>
  );
}
