import { useState } from 'preact/hooks';
import { createWebhook } from '../../../../sync/protocol/api/webhooks.ts';
import { api } from '../../../shared/web/api.ts';
import { AreaField, CheckField, ErrorNote, Form, SelectField, Submit, TextField } from '../../../shared/web/form.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { t } from '../../i18n.ts';
import { sites } from '../../state/places.ts';

/** @param onDone gets the secret, which is shown once */
export function AddWebhook({ onDone }: { onDone: (secret: string) => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('https://');
  const [site, setSite] = useState('');
  const [withNumber, setWithNumber] = useState(false);
  const [ca, setCa] = useState('');
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const body = { name: name.trim(), url: url.trim(), site: site || null, withNumber, caPem: ca.trim() || null };
    const made = await run(() => api(createWebhook, { body }));
    if (made?.ok) onDone(made.value.secret);
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <TextField label={t('webhooks.name')} required maxLength={80} dir="auto" value={name} onValue={setName} />
      <TextField
        label={t('webhooks.url')}
        hint={t('webhooks.urlHint')}
        dir="ltr"
        required
        pattern="https://.+"
        maxLength={2000}
        value={url}
        onValue={setUrl}
      />
      <SelectField
        label={t('webhooks.site')}
        value={site}
        onValue={setSite}
        options={[['', t('webhooks.everySite')], ...sites.value.map((s) => [s.id, s.name] as const)]}
      />
      <CheckField
        label={t('webhooks.number')}
        hint={t('webhooks.numberHint')}
        checked={withNumber}
        onChecked={setWithNumber}
      />
      <AreaField label={t('webhooks.ca')} hint={t('webhooks.caHint')} maxLength={20_000} value={ca} onValue={setCa} />
      <ErrorNote error={error} />
      <Submit disabled={busy}>{t('webhooks.add')}</Submit>
    </Form>
  );
}
