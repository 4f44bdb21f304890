import { useState } from 'preact/hooks';
import {
  changeWebhook,
  createWebhook,
  listWebhooks,
  removeWebhook,
  renewWebhookSecret,
  testWebhook,
  type Webhook,
} from '../../../sync/protocol/api/webhooks.ts';
import { Button } from '../../shared/button.tsx';
import { IconExit } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { AreaField, CheckField, ErrorNote, SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { Badge, Empty, Fact } from '../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../shared/web/resource.ts';
import { WriteForm } from '../../shared/web/write-form.tsx';
import { t } from '../i18n.ts';
import { Ago } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Reading } from '../parts/table.tsx';
import { siteOf, sites } from '../state/places.ts';
import type { PageProps } from './page.ts';
import { Deliveries } from './webhooks/deliveries.tsx';

/** Programs that are notified of records: who they are, how they stand, and what came of each message. */
export function Webhooks({ role }: PageProps) {
  const found = useResource('webhooks', (signal) => api(listWebhooks, { signal }));
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const admin = role === 'admin';
  return (
    <PageFrame
      title={t('webhooks.nav')}
      lead={t('webhooks.lead')}
      actions={
        admin && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            {t('webhooks.add')}
          </Button>
        )
      }
    >
      <Reading of={found} rows={4} />
      {found.value?.items.length === 0 && (
        <div class="card">
          <Empty title={t('webhooks.none')} text={t('webhooks.noneText')} icon={<IconExit />} />
        </div>
      )}
      {found.value?.items.map((hook) => (
        <One key={hook.id} hook={hook} admin={admin} onChange={found.reload} onSecret={setSecret} />
      ))}
      {adding && (
        <Dialog title={t('webhooks.add')} onClose={() => setAdding(false)}>
          <AddWebhook
            onDone={(made) => {
              setSecret(made);
              found.reload();
            }}
          />
        </Dialog>
      )}
      {secret !== null && (
        <Dialog title={t('webhooks.secret')} onClose={() => setSecret(null)}>
          <Secret text={secret} onDone={() => setSecret(null)} />
        </Dialog>
      )}
    </PageFrame>
  );
}

interface OneProps {
  hook: Webhook;
  admin: boolean;
  onChange: () => void;
  onSecret: (secret: string) => void;
}

function One({ hook, admin, onChange, onSecret }: OneProps) {
  const [log, setLog] = useState(false);
  const { busy, error, run } = useWrite();

  const toggle = () =>
    run(() => api(changeWebhook, { params: { webhook: hook.id }, body: { enabled: !hook.enabled } }), {
      say: () => t(hook.enabled ? 'webhooks.offDone' : 'webhooks.onDone'),
      done: onChange,
    });
  const test = () =>
    run(() => api(testWebhook, { params: { webhook: hook.id } }), {
      say: () => t('webhooks.tested'),
      done: () => {
        setLog(true);
        onChange();
      },
    });
  const renew = () =>
    run(() => api(renewWebhookSecret, { params: { webhook: hook.id } }), {
      ask: { title: t('webhooks.renew'), text: t('webhooks.renewText') },
      done: (value) => onSecret(value.secret),
    });
  const remove = () =>
    run(() => api(removeWebhook, { params: { webhook: hook.id } }), {
      ask: { title: t('webhooks.remove'), text: t('webhooks.removeText'), danger: true, word: hook.name },
      say: () => t('webhooks.removed'),
      done: onChange,
    });
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>
          <bdi>{hook.name}</bdi>
        </h2>
        <Badge kind={hook.enabled ? 'good' : hook.disabledBecause ? 'bad' : undefined}>
          {t(hook.enabled ? 'webhooks.on' : hook.disabledBecause ? 'webhooks.answered410' : 'webhooks.off')}
        </Badge>
      </div>
      <dl class="facts">
        <Fact name={t('webhooks.url')} dir="ltr">
          {hook.url}
        </Fact>
        <Fact name={t('webhooks.site')}>
          {hook.site === null ? t('webhooks.everySite') : (siteOf(hook.site)?.name ?? '–')}
        </Fact>
        <Fact name={t('webhooks.number')}>{t(hook.withNumber ? 'yes' : 'no')}</Fact>
        <Fact name={t('webhooks.last')}>
          <Ago at={hook.lastDeliveredAt} />
        </Fact>
        <Fact name={t(hook.enabled ? 'webhooks.due' : 'webhooks.undelivered')} class="tabular">
          {hook.due}
        </Fact>
        <Fact name={t('webhooks.failed')} class="tabular">
          {hook.failed}
        </Fact>
      </dl>
      <ErrorNote error={error} />
      <div class="actions start">
        <Button aria-expanded={log} onClick={() => setLog(!log)}>
          {t('webhooks.log')}
        </Button>
        {admin && (
          <>
            <Button disabled={busy} onClick={() => void test()}>
              {t('webhooks.test')}
            </Button>
            <Button disabled={busy} onClick={() => void toggle()}>
              {t(hook.enabled ? 'webhooks.turnOff' : 'webhooks.turnOn')}
            </Button>
            <Button disabled={busy} onClick={() => void renew()}>
              {t('webhooks.renew')}
            </Button>
            <Button disabled={busy} onClick={() => void remove()}>
              {t('webhooks.remove')}
            </Button>
          </>
        )}
      </div>
      {log && <Deliveries webhook={hook.id} enabled={hook.enabled} admin={admin} onReload={onChange} />}
    </section>
  );
}

/** Shown once: the server never gives it again. */
function Secret({ text, onDone }: { text: string; onDone: () => void }) {
  return (
    <div class="stack">
      <p>{t('webhooks.secretText')}</p>
      <code class="secret" dir="ltr">
        {text}
      </code>
      <div class="actions">
        <Button onClick={() => void navigator.clipboard?.writeText(text)}>{t('webhooks.copy')}</Button>
        <Button kind="primary" onClick={onDone}>
          {t('webhooks.kept')}
        </Button>
      </div>
    </div>
  );
}

/** @param onDone gets the secret, which is shown once */
function AddWebhook({ onDone }: { onDone: (secret: string) => void }) {
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
