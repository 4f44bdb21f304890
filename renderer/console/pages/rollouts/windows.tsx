import { useState } from 'preact/hooks';
import {
  getUpdateWindow,
  removeUpdateWindow,
  type SiteWindow,
  setUpdateWindow,
} from '../../../../sync/protocol/api/rollouts.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { ErrorNote, SelectField, TextField, useField } from '../../../shared/web/form.tsx';
import { useResource } from '../../../shared/web/resource.ts';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';
import { sites } from '../../state/places.ts';

type Site = (typeof sites.value)[number];

/** When kiosks of each site may restart for an update. */
export function Windows({ admin }: { admin: boolean }) {
  return (
    <section class="card panel">
      <h2>{t('rollouts.windows')}</h2>
      <p class="muted">{t('rollouts.windowsLead')}</p>
      <ul class="ring-list">
        {sites.value.map((site) => (
          <One key={site.id} site={site} admin={admin} />
        ))}
      </ul>
    </section>
  );
}

function One({ site, admin }: { site: Site; admin: boolean }) {
  const found = useResource(site.id, (signal) => api(getUpdateWindow, { params: { site: site.id }, signal }));
  const [editing, setEditing] = useState(false);
  const { value } = found;
  return (
    <li>
      <strong>
        <bdi>{site.name}</bdi>
      </strong>
      <span>
        {value &&
          (value.window ? (
            <span dir="ltr" class="tabular">
              {value.window.from}–{value.window.to}
            </span>
          ) : (
            t('rollouts.anyHour')
          ))}
        {value && (
          <span class="muted">
            {' '}
            · {value.timeZone}
            {!value.own && !site.isDefault && ` · ${t('rollouts.asDefault')}`}
          </span>
        )}
        <ErrorNote error={found.error} onRetry={found.reload} />
      </span>
      {admin && value && (
        <Button onClick={() => setEditing(true)}>
          {t('rollouts.setWindow')}
          <span class="sr-only"> {site.name}</span>
        </Button>
      )}
      {editing && value && (
        <Dialog title={site.name} onClose={() => setEditing(false)}>
          <Edit site={site} found={value} onDone={found.reload} />
        </Dialog>
      )}
    </li>
  );
}

function Edit({ site, found, onDone }: { site: Site; found: SiteWindow; onDone: () => void }) {
  const { isDefault } = site;
  const kind = useField(found.own || isDefault ? (found.window ? 'hours' : 'any') : 'default');
  const from = useField(found.window?.from ?? '22:00');
  const to = useField(found.window?.to ?? '04:00');
  return (
    <WriteForm
      write={() => {
        const window = kind.value === 'hours' ? { from: from.value, to: to.value } : null;
        const params = { site: site.id };
        return kind.value === 'default'
          ? api(removeUpdateWindow, { params })
          : api(setUpdateWindow, { params, body: { window } });
      }}
      say={() => t('rollouts.windowSet')}
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
          <TextField label={t('rollouts.fromHour')} type="time" required {...from} />
          <TextField
            label={t('rollouts.toHour')}
            hint={t('rollouts.hoursHint', { zone: found.timeZone })}
            type="time"
            required
            {...to}
          />
        </div>
      )}
    </WriteForm>
  );
}
