import { listDeliveries, repeatDelivery } from '../../../../sync/protocol/api/webhooks.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge } from '../../../shared/web/pieces.tsx';
import { usePages, useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { codeLabel, Moment } from '../../parts/labels.tsx';
import { PagedTable, RowButton } from '../../parts/table.tsx';

interface DeliveriesProps {
  webhook: string;
  /** Off, nothing is sent: what was due is kept back until it is on again. */
  enabled: boolean;
  admin: boolean;
  /** What stands above the log is to be read again, too. */
  onReload: () => void;
}

/** What was sent, what waits and what was given up, newest first. */
export function Deliveries({ webhook, enabled, admin, onReload }: DeliveriesProps) {
  const pages = usePages(listDeliveries, { params: { webhook }, query: { limit: 20 } });
  const { busy, error, run } = useWrite();
  const retry = (id: string) =>
    run(() => api(repeatDelivery, { params: { webhook, delivery: id } }), {
      say: () => t('webhooks.retryDone'),
      done: pages.reload,
    });
  return (
    <>
      <ErrorNote error={error} />
      {!enabled && pages.items.some((d) => d.state === 'due') && (
        <p class="note" data-kind="warn">
          {t('webhooks.keptBackText')}
        </p>
      )}
      <PagedTable
        caption={t('webhooks.log')}
        pages={pages}
        rowKey={(d) => d.id}
        empty={{ title: t('webhooks.logNone') }}
        columns={[
          { label: t('webhooks.made'), heads: true, cell: (d) => <Moment at={d.madeAt} /> },
          {
            label: t('webhooks.kindLabel'),
            names: true,
            cell: (d) => codeLabel('webhooks.kind', d.kind.replace('.', '-')),
          },
          {
            label: t('webhooks.stateLabel'),
            cell: (d) => (
              <Badge
                kind={d.state === 'delivered' ? 'good' : d.state === 'failed' ? 'bad' : enabled ? undefined : 'warn'}
              >
                {t(d.state === 'due' && !enabled ? 'webhooks.keptBack' : `webhooks.state.${d.state}`)}
              </Badge>
            ),
          },
          { label: t('webhooks.attempts'), numeric: true, cell: (d) => d.attempts },
          { label: t('webhooks.answer'), cell: (d) => <code dir="ltr">{d.lastAnswer ?? '–'}</code> },
          {
            label: t('webhooks.next'),
            numeric: true,
            cell: (d) => <Moment at={d.state !== 'due' ? d.deliveredAt : enabled ? d.dueAt : null} />,
          },
          {
            when: admin,
            label: t('webhooks.retry'),
            cell: (d) =>
              d.state !== 'due' && (
                <RowButton label={t('webhooks.retry')} disabled={busy} onClick={() => void retry(d.id)} />
              ),
          },
        ]}
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
