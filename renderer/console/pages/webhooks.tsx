import { useEffect, useState } from 'preact/hooks';
import * as webhooks from '../../../sync/protocol/api/webhooks.ts';
import { Button } from '../../shared/button.tsx';
import { listed } from '../../shared/i18n.ts';
import { IconExit } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import {
  AreaField,
  CheckField,
  ErrorNote,
  SelectField,
  TextField,
  useCheck,
  useFields,
} from '../../shared/web/form.tsx';
import { Badge, Dialog, DialogButton, Empty, Fact, Note, Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { setQuery } from '../../shared/web/router.ts';
import { type Key, t } from '../i18n.ts';
import { QuietFields, TopicFields } from '../parts/alert-fields.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { FilterBar, filterOf, SelectFilter } from '../parts/filters.tsx';
import { Ago, codeLabel, Moment, moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { SiteLink } from '../parts/place-links.tsx';
import { Reading } from '../parts/reading.tsx';
import { BulkButton, RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { siteOptions } from '../state/places.ts';

/** How often the receivers' state is read, ms. */
const EVERY_MS = 5_000;

/** Programs that are notified of records: their addresses, state, and the outcome of each message. */
export function Webhooks({ role }: PageProps) {
  const found = useRead(webhooks.listWebhooks, {}, EVERY_MS);
  const [secret, setSecret] = useState<string | null>(null);
  const admin = role === 'admin';
  return (
    <PageFrame
      of="webhooks"
      actions={
        admin && (
          <DialogButton kind="primary" label={t('webhooks.add')}>
            <WebhookForm
              onDone={(made) => {
                setSecret(made);
                found.reload();
              }}
            />
          </DialogButton>
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
      {secret !== null && (
        <Dialog title={t('webhooks.secret')} onClose={() => setSecret(null)}>
          <Secret text={secret} onDone={() => setSecret(null)} />
        </Dialog>
      )}
    </PageFrame>
  );
}

interface OneProps {
  hook: webhooks.Webhook;
  admin: boolean;
  onChange: () => void;
  onSecret: (secret: string) => void;
}

function One({ hook, admin, onChange, onSecret }: OneProps) {
  const name = `webhook-${hook.id}`;
  const log = filterOf('log').value === hook.id;
  const setLog = (open: boolean) => setQuery({ log: open ? hook.id : null });
  const [tests, setTests] = useState(0);
  const { busy, error, run } = useWrite();

  const failing = hook.enabled && hook.failingSince !== null;

  const params = { webhook: hook.id };
  const toggle = () =>
    run(() => api(webhooks.changeWebhook, { params, body: { enabled: !hook.enabled } }), {
      say: () =>
        hook.enabled
          ? t(hook.records ? 'webhooks.offDoneRecords' : 'webhooks.offDone')
          : t(hook.records ? 'webhooks.onDoneRecords' : 'webhooks.onDone'),
      of: hook.name,
      done: onChange,
    });
  const test = () =>
    run(() => api(webhooks.testWebhook, { params }), {
      say: () => t('webhooks.tested'),
      of: hook.name,
      done: () => {
        setLog(true);
        setTests((count) => count + 1);
        onChange();
      },
    });
  const send = () =>
    run(() => api(webhooks.sendWaiting, { params }), {
      say: () => t('webhooks.sendDone'),
      of: hook.name,
      done: () => {
        setTests((count) => count + 1);
        onChange();
      },
    });
  const renew = () =>
    run(() => api(webhooks.renewWebhookSecret, { params }), {
      ask: { title: t('webhooks.renew'), text: t('webhooks.renewText') },
      done: (value) => onSecret(value.secret),
    });
  const remove = () =>
    run(() => api(webhooks.removeWebhook, { params }), {
      ask: async () => {
        const found = await api(webhooks.listWebhooks);
        if (!found.ok) return found;
        // A webhook that someone else has removed has nothing waiting.
        const count = found.value.items.find(({ id }) => id === hook.id)?.due ?? 0;
        const text = [count > 0 && t('webhooks.removeDue', { count }), t('webhooks.removeText')]
          .filter(Boolean)
          .join(' ');
        return { title: t('webhooks.remove'), text, danger: true, word: hook.name };
      },
      say: () => t('webhooks.removed'),
      of: hook.name,
      done: onChange,
    });
  const button = (label: Key, act: () => unknown) => (
    <RowButton label={t(label)} of={name} disabled={busy} onClick={act} />
  );
  return (
    <Panel
      title={<bdi id={name}>{hook.name}</bdi>}
      aside={
        <Badge kind={failing || hook.disabledBecause ? 'bad' : hook.enabled ? 'good' : undefined}>
          {t(
            failing
              ? 'webhooks.failing'
              : hook.enabled
                ? 'webhooks.on'
                : hook.disabledBecause
                  ? 'webhooks.answered410'
                  : 'webhooks.off',
          )}
        </Badge>
      }
    >
      {failing && (
        <Note kind="bad">
          {t('webhooks.failingSince', { since: moment(hook.failingSince!) })} {answerText(hook.lastFailure)}{' '}
          <code dir="ltr">{hook.lastFailure}</code>
        </Note>
      )}
      <dl class="facts">
        <Fact name={t('webhooks.url')} dir="ltr" value={hook.url} />
        <Fact
          name={t('webhooks.site')}
          value={hook.site === null ? t('webhooks.everySite') : <SiteLink id={hook.site} />}
        />
        <Fact name={t('webhooks.records')} value={t(hook.records ? 'yes' : 'no')} />
        <Fact
          name={t('webhooks.attention')}
          value={listed(hook.topics.map((topic) => t(`alerts.topic.${topic}`))) || t('no')}
        />
        {hook.quiet && <Fact name={t('alerts.quiet')} dir="ltr" value={`${hook.quiet.from}–${hook.quiet.to}`} />}
        <Fact name={t('webhooks.number')} value={t(hook.withNumber ? 'yes' : 'no')} />
        <Fact name={t('webhooks.last')} value={<Ago at={hook.lastDeliveredAt} />} />
        <Fact name={t(hook.enabled ? 'webhooks.due' : 'webhooks.undelivered')} class="tabular" value={hook.due} />
        <Fact name={t('webhooks.failed')} class="tabular" value={hook.failed} />
      </dl>
      <ErrorNote error={error} />
      <div class="actions start">
        <RowButton label={t('webhooks.log')} of={name} aria-expanded={log} onClick={() => setLog(!log)} />
        {admin && (
          <>
            <DialogButton label={t('people.edit')} of={hook.name} title={hook.name}>
              <WebhookForm hook={hook} onDone={onChange} />
            </DialogButton>
            {button('webhooks.test', test)}
            {hook.enabled && hook.due > 0 && button('webhooks.send', send)}
            {button(hook.enabled ? 'webhooks.turnOff' : 'webhooks.turnOn', toggle)}
            {button('webhooks.renew', renew)}
            {button('webhooks.remove', remove)}
          </>
        )}
      </div>
      {log && <Deliveries key={tests} webhook={hook.id} enabled={hook.enabled} admin={admin} onReload={onChange} />}
    </Panel>
  );
}

/** Shows a secret once: the server never returns it again. */
function Secret({ text, onDone }: { text: string; onDone: () => void }) {
  return (
    <div class="stack">
      <p>{t('webhooks.secretText')}</p>
      <code class="secret" dir="ltr">
        {text}
      </code>
      <div class="actions">
        <CopyButton text={text} />
        <Button label={t('webhooks.kept')} kind="primary" onClick={onDone} />
      </div>
    </div>
  );
}

interface WebhookFormProps {
  /** The webhook to change; absent: a new one. */
  hook?: webhooks.Webhook;
  /** Receives a new webhook's secret, which is shown once. */
  onDone: (secret: string | null) => void;
}

function WebhookForm({ hook, onDone }: WebhookFormProps) {
  const { values, field } = useFields(
    { name: hook?.name ?? '', url: hook?.url ?? 'https://', site: hook?.site ?? '', caPem: '' },
    webhooks.NewWebhook,
  );
  const withNumber = useCheck(hook?.withNumber ?? false);
  const records = useCheck(hook?.records ?? true);
  const [chosen, setTopics] = useState(hook?.topics ?? []);
  const [quiet, setQuiet] = useState(hook?.quiet ?? null);
  const topics = values.site ? chosen.filter((topic) => topic !== 'server') : chosen;
  const caPem = values.caPem.trim() || null;
  const body = {
    name: values.name.trim(),
    url: values.url.trim(),
    site: values.site || null,
    withNumber: withNumber.checked,
    records: records.checked,
    topics,
    quiet,
  };
  return (
    <WriteForm<unknown>
      write={() =>
        hook
          ? // An existing certificate authority is not shown again, and is kept.
            api(webhooks.changeWebhook, { params: { webhook: hook.id }, body: { ...body, ...(caPem && { caPem }) } })
          : api(webhooks.createWebhook, { body: { ...body, caPem } })
      }
      {...(hook && { say: () => t('people.saved'), of: values.name })}
      done={(made) => onDone(hook ? null : (made as { secret: string }).secret)}
      ready={(records.checked || topics.length > 0) && webhooks.NewWebhook.shape.quiet.safeParse(quiet).success}
      action={t(hook ? 'people.save' : 'webhooks.add')}
    >
      <TextField label={t('webhooks.name')} required dir="auto" {...field('name')} />
      <TextField
        label={t('webhooks.url')}
        hint={t('webhooks.urlHint')}
        dir="ltr"
        required
        pattern="https://.+"
        {...field('url')}
      />
      <SelectField
        label={t('webhooks.site')}
        {...field('site')}
        options={[['', t('webhooks.everySite')], ...siteOptions()]}
      />
      <CheckField label={t('webhooks.records')} hint={t('webhooks.recordsHint')} {...records} />
      <CheckField label={t('webhooks.number')} hint={t('webhooks.numberHint')} {...withNumber} />
      <fieldset class="plain">
        <legend>{t('webhooks.attention')}</legend>
        <p class="muted">{t('webhooks.attentionHint')}</p>
        <TopicFields of="admin" oneSite={values.site !== ''} chosen={topics} onChosen={setTopics} />
        {topics.length > 0 && <QuietFields hint={t('webhooks.quietHint')} quiet={quiet} onQuiet={setQuiet} />}
      </fieldset>
      <AreaField label={t('webhooks.ca')} hint={t('webhooks.caHint')} {...field('caPem')} />
    </WriteForm>
  );
}

/** Text for a receiver's answer that is not a success, or for the lack of one: an HTTP status or a code (deliver.ts). */
const ANSWERS: readonly (readonly [answer: RegExp, sentence: Key])[] = [
  [/^3\d\d$/, 'webhooks.answers.redirect'],
  [/^4\d\d$/, 'webhooks.answers.rejected'],
  [/^5\d\d$/, 'webhooks.answers.broken'],
  [/^address-not-allowed$/, 'webhooks.answers.forbidden'],
  [/^(timed-out|ETIMEDOUT)$/, 'webhooks.answers.late'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'webhooks.answers.unknownName'],
  [/^E(CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH)$/, 'webhooks.answers.noConnection'],
  [/CERT|VERIFY/, 'webhooks.answers.certificate'],
];

function answerText(answer: string | null): string | null {
  const sentence = ANSWERS.find(([pattern]) => answer !== null && pattern.test(answer))?.[1];
  return sentence ? t(sentence) : null;
}

/** How often a log is read again while a test in it has no answer, ms. */
const TEST_MS = 2_000;

interface DeliveriesProps {
  webhook: string;
  /** If false, nothing is sent. Messages due are held until it is enabled again. */
  enabled: boolean;
  admin: boolean;
  /** Also reloads the data above the log. */
  onReload: () => void;
}

/** Messages sent, waiting, or given up, newest first. */
function Deliveries({ webhook, enabled, admin, onReload }: DeliveriesProps) {
  const state = filterOf('delivery');
  const pages = useList(
    webhooks.listDeliveries,
    { params: { webhook }, query: { limit: 20, state: state.value } },
    'deliveries',
  );
  const testing = enabled && pages.items.some((d) => d.kind === 'webhook.test' && d.state === 'due' && !d.attempts);
  useEffect(() => {
    if (!testing || pages.state !== 'ready') return;
    const timer = setTimeout(pages.reload, TEST_MS);
    return () => clearTimeout(timer);
  }, [testing, pages.state]);
  const stateOf = (one: webhooks.Delivery['state']): string =>
    t(one === 'due' && !enabled ? 'webhooks.keptBack' : `webhooks.state.${one}`);
  const nextOf = ({ state, deliveredAt, dueAt }: webhooks.Delivery): string | null =>
    state !== 'due' ? deliveredAt : enabled ? dueAt : null;
  const { busy, error, run } = useWrite();
  const retry = (id: string) =>
    run(() => api(webhooks.repeatDelivery, { params: { webhook, delivery: id } }), {
      say: () => t('webhooks.retryDone'),
      done: pages.reload,
    });
  return (
    <>
      <ErrorNote error={error} />
      {!enabled && pages.items.some((d) => d.state === 'due') && <Note kind="warn">{t('webhooks.keptBackText')}</Note>}
      <DataTable
        id="deliveries"
        beside
        caption={t('webhooks.log')}
        pages={pages}
        filters={
          <FilterBar names={['delivery']}>
            <SelectFilter
              name="delivery"
              label={t('webhooks.stateLabel')}
              options={webhooks.DeliveryState.options.map((one) => [one, stateOf(one)])}
            />
          </FilterBar>
        }
        rowKey={(d) => d.id}
        empty={{ title: t('webhooks.logNone') }}
        bulk={
          admin &&
          ((chosen) => (
            <BulkButton
              label={t('webhooks.retry')}
              rows={chosen.filter((d) => d.state !== 'due')}
              nameOf={(d) => codeLabel('webhooks.kind', d.kind.replace('.', '-'))}
              write={(d) => api(webhooks.repeatDelivery, { params: { webhook, delivery: d.id } })}
              done={pages.reload}
            />
          ))
        }
        columns={{
          madeAt: { label: t('webhooks.made'), heads: true, cell: (d) => <Moment at={d.madeAt} /> },
          kind: {
            label: t('webhooks.kindLabel'),
            names: true,
            choice: (d) => [d.kind, codeLabel('webhooks.kind', d.kind.replace('.', '-'))],
          },
          state: {
            label: t('webhooks.stateLabel'),
            sort: (d) => stateOf(d.state),
            cell: (d) => (
              <Badge
                kind={d.state === 'delivered' ? 'good' : d.state === 'failed' ? 'bad' : enabled ? undefined : 'warn'}
              >
                {stateOf(d.state)}
              </Badge>
            ),
          },
          attempts: { label: t('webhooks.attempts'), numeric: true, sort: (d) => d.attempts },
          answer: {
            label: t('webhooks.answer'),
            sort: (d) => d.lastAnswer,
            cell: (d) => answerText(d.lastAnswer),
            below: (d) => (
              <code class="muted small" dir="ltr">
                {d.lastAnswer ?? '–'}
              </code>
            ),
          },
          next: {
            label: t('webhooks.next'),
            numeric: true,
            sort: nextOf,
            cell: (d) => <Moment at={nextOf(d)} />,
          },
          retry: {
            when: admin,
            label: t('webhooks.retry'),
            cell: (d) =>
              d.state !== 'due' && (
                <RowButton label={t('webhooks.retry')} disabled={busy} onClick={() => void retry(d.id)} />
              ),
          },
        }}
      />
      <div class="actions start">
        <Button
          label={t('webhooks.reload')}
          onClick={() => {
            pages.reload();
            onReload();
          }}
        />
      </div>
    </>
  );
}
