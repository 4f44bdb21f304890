import * as rollouts from '../../../../sync/protocol/api/rollouts.ts';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, SelectField, TextField, useField, useFields } from '../../../shared/web/form.tsx';
import { DialogButton, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { sites } from '../../state/places.ts';

type Site = (typeof sites.value)[number];

export function Windows({ admin }: { admin: boolean }) {
  return (
    <Panel title={t('rollouts.windows')}>
      <p class="muted">{t('rollouts.windowsLead')}</p>
      <ul class="ring-list">
        {sites.value.map((site) => (
          <One key={site.id} site={site} admin={admin} />
        ))}
      </ul>
    </Panel>
  );
}

function One({ site, admin }: { site: Site; admin: boolean }) {
  const found = useRead(rollouts.getUpdateWindow, { params: { site: site.id } });
  const { value } = found;
  return (
    <li>
      <strong>
        <bdi>{site.name}</bdi>
      </strong>
      <span>
        {value && (
          <>
            {value.window ? (
              <span dir="ltr" class="tabular">
                {value.window.from}–{value.window.to}
              </span>
            ) : (
              t('rollouts.anyHour')
            )}
            <span class="muted">
              {' '}
              · {value.timeZone}
              {!value.own && !site.isDefault && ` · ${t('rollouts.asDefault')}`}
            </span>
          </>
        )}
        <ErrorNote error={found.error} onRetry={found.reload} />
      </span>
      {admin && value && (
        <DialogButton label={t('rollouts.setWindow')} of={site.name} title={site.name}>
          <Edit site={site} found={value} onDone={found.reload} />
        </DialogButton>
      )}
    </li>
  );
}

function Edit({ site, found, onDone }: { site: Site; found: rollouts.SiteWindow; onDone: () => void }) {
  const { isDefault } = site;
  const kind = useField(found.own || isDefault ? (found.window ? 'hours' : 'any') : 'default');
  const { values: hours, field } = useFields({
    from: found.window?.from ?? '22:00',
    to: found.window?.to ?? '04:00',
  });
  return (
    <WriteForm
      write={() => {
        const window = kind.value === 'hours' ? hours : null;
        const params = { site: site.id };
        return kind.value === 'default'
          ? api(rollouts.removeUpdateWindow, { params })
          : api(rollouts.setUpdateWindow, { params, body: { window } });
      }}
      say={() => t('rollouts.windowSet')}
      of={site.name}
      done={onDone}
      action={t('rollouts.setWindow')}
    >
      <SelectField
        label={t('rollouts.windows')}
        {...kind}
        options={[
          ['hours', t('rollouts.ownHours')],
          ['any', t('rollouts.anyHour')],
          ...(isDefault ? [] : [['default', t('rollouts.asDefault')] as const]),
        ]}
      />
      {kind.value === 'hours' && (
        <div class="beside">
          <TextField label={t('rollouts.fromHour')} type="time" required {...field('from')} />
          <TextField
            label={t('rollouts.toHour')}
            hint={t('rollouts.hoursHint', { zone: found.timeZone })}
            type="time"
            required
            {...field('to')}
          />
        </div>
      )}
    </WriteForm>
  );
}
