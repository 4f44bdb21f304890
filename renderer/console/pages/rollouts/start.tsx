import * as rollouts from '../../../../sync/protocol/api/rollouts.ts';
import { api } from '../../../shared/web/api.ts';
import { CheckField, SelectField, TextField, useCheck, useField, useFields } from '../../../shared/web/form.tsx';
import { WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';

const PLANS = ['usual', 'quick', 'everybody'] as const;
const EVERYBODY = { ring: 'all', percent: 100, soakHours: 0 } as const;

/** Undefined: the server's default steps. */
const STEPS: Readonly<Record<(typeof PLANS)[number], rollouts.NewRollout['steps']>> = {
  usual: undefined,
  quick: [{ ring: 'all', percent: 10, soakHours: 4 }, EVERYBODY],
  everybody: [EVERYBODY],
};

export function StartRollout({
  builds,
  inForce,
  onDone,
}: Pick<rollouts.Repository, 'builds'> & { inForce: rollouts.Rollout | null; onDone: () => void }) {
  const { values, field } = useFields({ version: builds[0]?.version ?? '', kiosks: '2', percent: '20' });
  const { version } = values;
  const plan = useField<(typeof PLANS)[number]>('usual');
  const automatic = useCheck(true);
  const urgent = useCheck(false);
  return (
    <WriteForm
      write={() => {
        const steps = STEPS[plan.value];
        const stopAt = { kiosks: Number(values.kiosks), percent: Number(values.percent) };
        return api(rollouts.startRollout, {
          body: { version, automatic: automatic.checked, urgent: urgent.checked, stopAt, ...(steps && { steps }) },
        });
      }}
      say={() => t('rollouts.started')}
      done={onDone}
      action={t('rollouts.begin', { version })}
    >
      <SelectField
        label={t('rollouts.version')}
        {...field('version')}
        options={builds.map((b) => [b.version, `${b.version} · ${b.platforms.join(', ')} · ${b.commit.slice(0, 12)}`])}
      />
      <SelectField
        label={t('rollouts.plan.label')}
        hint={t(`rollouts.plan.${plan.value}Hint`)}
        {...plan}
        options={PLANS.map((one) => [one, t(`rollouts.plan.${one}`)])}
      />
      <CheckField label={t('rollouts.automatic')} hint={t('rollouts.automaticHint')} {...automatic} />
      <CheckField label={t('rollouts.urgent')} hint={t('rollouts.urgentHint')} {...urgent} />
      <div class="beside">
        <TextField
          label={t('rollouts.stopKiosks')}
          hint={t('rollouts.stopHint')}
          type="number"
          min="1"
          max="10000"
          required
          {...field('kiosks')}
        />
        <TextField label={t('rollouts.stopPercent')} type="number" min="1" max="100" required {...field('percent')} />
      </div>
      {inForce && <p class="muted">{t('rollouts.replaces', { version: inForce.version })}</p>}
    </WriteForm>
  );
}
