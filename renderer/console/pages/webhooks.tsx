import { useState } from 'preact/hooks';
import {
  changeWebhook,
  listWebhooks,
  removeWebhook,
  renewWebhookSecret,
  testWebhook,
  type Webhook,
} from '../../../sync/protocol/api/webhooks.ts';
import { Button } from '../../shared/button.tsx';
import { IconExit } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { confirm } from '../../shared/web/confirm.tsx';
import { Dialog } from '../../shared/web/dialog.tsx';
import { Empty } from '../../shared/web/empty.tsx';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useResource, useWrite } from '../../shared/web/resource.ts';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';
import { Ago } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Skeleton } from '../parts/table.tsx';
import { siteOf } from '../state/places.ts';
import type { ConsolePage, PageProps } from './page.ts';
import { AddWebhook } from './webhooks/add.tsx';
import { Deliveries } from './webhooks/deliveries.tsx';

export const webhooksPage: ConsolePage = {
  path: 'webhooks',
  group: 'running',
  Icon: IconExit,
  roles: ['admin', 'dpo', 'auditor'],
  View: Webhooks,
};

/** Programs that are notified of records: who they are, how they stand, and what came of each message. */
function Webhooks({ role }: PageProps) {
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
      <ErrorNote error={found.error} onRetry={found.reload} />
      {!found.value && found.loading && <Skeleton rows={4} />}
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
              setAdding(false);
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

function One({
  hook,
  admin,
  onChange,
  onSecret,
}: {
  hook: Webhook;
  admin: boolean;
  onChange: () => void;
  onSecret: (secret: string) => void;
}) {
  const [log, setLog] = useState(false);
  const { busy, error, run } = useWrite();

  const toggle = async () => {
    const body = { enabled: !hook.enabled };
    const done = await run(() => api(changeWebhook, { params: { webhook: hook.id }, body }));
    if (!done?.ok) return;
    toast(() => t(hook.enabled ? 'webhooks.offDone' : 'webhooks.onDone'));
    onChange();
  };
  const test = async () => {
    const done = await run(() => api(testWebhook, { params: { webhook: hook.id } }));
    if (!done?.ok) return;
    toast(() => t('webhooks.tested'));
    setLog(true);
    onChange();
  };
  const renew = async () => {
    const sure = await confirm({
      title: t('webhooks.renew'),
      text: t('webhooks.renewText'),
      action: t('webhooks.renew'),
    });
    if (!sure) return;
    const made = await run(() => api(renewWebhookSecret, { params: { webhook: hook.id } }));
    if (made?.ok) onSecret(made.value.secret);
  };
  const remove = async () => {
    const sure = await confirm({
      title: t('webhooks.remove'),
      text: t('webhooks.removeText'),
      action: t('webhooks.remove'),
      danger: true,
      word: hook.name,
    });
    if (!sure) return;
    const done = await run(() => api(removeWebhook, { params: { webhook: hook.id } }));
    if (!done?.ok) return;
    toast(() => t('webhooks.removed'));
    onChange();
  };
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>
          <bdi>{hook.name}</bdi>
        </h2>
        <span class="badge" data-kind={hook.enabled ? 'good' : hook.disabledBecause ? 'bad' : undefined}>
          {t(hook.enabled ? 'webhooks.on' : hook.disabledBecause ? 'webhooks.answered410' : 'webhooks.off')}
        </span>
      </div>
      <dl class="facts">
        <div>
          <dt>{t('webhooks.url')}</dt>
          <dd dir="ltr">{hook.url}</dd>
        </div>
        <div>
          <dt>{t('webhooks.site')}</dt>
          <dd>{hook.site === null ? t('webhooks.everySite') : (siteOf(hook.site)?.name ?? '–')}</dd>
        </div>
        <div>
          <dt>{t('webhooks.number')}</dt>
          <dd>{t(hook.withNumber ? 'yes' : 'no')}</dd>
        </div>
        <div>
          <dt>{t('webhooks.last')}</dt>
          <dd>
            <Ago at={hook.lastDeliveredAt} />
          </dd>
        </div>
        <div>
          <dt>{t(hook.enabled ? 'webhooks.due' : 'webhooks.undelivered')}</dt>
          <dd class="tabular">{hook.due}</dd>
        </div>
        <div>
          <dt>{t('webhooks.failed')}</dt>
          <dd class="tabular">{hook.failed}</dd>
        </div>
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
