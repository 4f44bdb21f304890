import { useState } from 'preact/hooks';
import { createWebhook } from '../../../../sync/protocol/api/webhooks.ts';
import { api } from '../../../shared/web/api.ts';
import { AreaField, CheckField, SelectField, TextField, useField } from '../../../shared/web/form.tsx';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';
import { sites } from '../../state/places.ts';

/** @param onDone gets the secret, which is shown once */
export function AddWebhook({ onDone }: { onDone: (secret: string) => void }) {
  const name = useField('');
  const url = useField('https://');
  const site = useField('');
  const [withNumber, setWithNumber] = useState(false);
  const ca = useField('');
  return (
    <WriteForm
      write={() =>
        api(createWebhook, {
          body: {
            name: name.value.trim(),
            url: url.value.trim(),
            site: site.value || null,
            withNumber,
            caPem: ca.value.trim() || null,
          },
        })
      }
      done={(value) => onDone(value.secret)}
      action={t('webhooks.add')}
    >
      <TextField label={t('webhooks.name')} required maxLength={80} dir="auto" {...name} />
      <TextField
        label={t('webhooks.url')}
        hint={t('webhooks.urlHint')}
        dir="ltr"
        required
        pattern="https://.+"
        maxLength={2000}
        {...url}
      />
      <SelectField
        label={t('webhooks.site')}
        {...site}
        options={[['', t('webhooks.everySite')], ...sites.value.map((s) => [s.id, s.name] as const)]}
      />
      <CheckField
        label={t('webhooks.number')}
        hint={t('webhooks.numberHint')}
        checked={withNumber}
        onChecked={setWithNumber}
      />
      <AreaField label={t('webhooks.ca')} hint={t('webhooks.caHint')} maxLength={20_000} {...ca} />
    </WriteForm>
  );
}
