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
import { ErrorNote, Form, SelectField, Submit, TextField } from '../../../shared/web/form.tsx';
import { useResource, useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
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
          <Edit
            site={site}
            found={value}
            onDone={() => {
              setEditing(false);
              toast(() => t('rollouts.windowSet'));
              found.reload();
            }}
          />
        </Dialog>
      )}
    </li>
  );
}

function Edit({ site, found, onDone }: { site: Site; found: SiteWindow; onDone: () => void }) {
  const { isDefault } = site;
  const [kind, setKind] = useState(found.own || isDefault ? (found.window ? 'hours' : 'any') : 'default');
  const [from, setFrom] = useState(found.window?.from ?? '22:00');
  const [to, setTo] = useState(found.window?.to ?? '04:00');
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const window = kind === 'hours' ? { from, to } : null;
    const params = { site: site.id };
    const done = await run<unknown>(() =>
      kind === 'default' ? api(removeUpdateWindow, { params }) : api(setUpdateWindow, { params, body: { window } }),
    );
    if (done?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <SelectField
        label={t('rollouts.windows')}
        value={kind}
        onValue={setKind}
        options={[
          ['hours', t('rollouts.ownHours')],
          ['any', t('rollouts.anyHour')],
          ...(isDefault ? [] : [['default', t('rollouts.asDefault')] as const]),
        ]}
      />
      {kind === 'hours' && (
        <div class="beside">
          <TextField label={t('rollouts.fromHour')} type="time" required value={from} onValue={setFrom} />
          <TextField
            label={t('rollouts.toHour')}
            hint={t('rollouts.hoursHint', { zone: found.timeZone })}
            type="time"
            required
            value={to}
            onValue={setTo}
          />
        </div>
      )}
      <ErrorNote error={error} />
      <Submit disabled={busy}>{t('rollouts.setWindow')}</Submit>
    </Form>
  );
}
