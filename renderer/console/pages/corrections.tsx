import { Correction, CorrectionPage } from '../../../sync/protocol/api/corrections.ts';
import { t } from '../../shared/i18n.ts';
import { IconMend } from '../../shared/icons.tsx';
import { send } from '../core/api.ts';
import { usePages, useWrite } from '../core/resource.ts';
import { DirectionChip } from '../parts/chips.tsx';
import { confirm } from '../parts/confirm.tsx';
import { RefusalNote } from '../parts/form.tsx';
import { Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { PagedTable } from '../parts/table.tsx';
import type { ConsolePage, PageProps } from './page.ts';

export const correctionsPage: ConsolePage = {
  path: 'corrections',
  group: 'attendance',
  Icon: IconMend,
  roles: ['admin', 'dpo', 'staff'],
  View: Corrections,
};

function Corrections({ query, role }: PageProps) {
  const pages = usePages<Correction>('/api/corrections', CorrectionPage, { person: query.get('person') });
  const { busy, refusal, run } = useWrite();
  const undo = async (target: string) => {
    const sure = await confirm({
      title: t('corrections.undoTitle'),
      text: t('corrections.lead'),
      action: t('corrections.undo'),
    });
    if (!sure) return;
    const body = { kind: 'undo', target, reason: t('corrections.undoReason') };
    const done = await run(() => send('POST', '/api/corrections', { body, answer: Correction }));
    if (done?.ok) pages.reload();
  };
  return (
    <PageFrame title={t('corrections.nav')} lead={t('corrections.lead')}>
      <RefusalNote refusal={refusal} />
      <PagedTable
        caption={t('corrections.nav')}
        pages={pages}
        empty={{ title: t('corrections.empty'), text: t('corrections.emptyText') }}
        rowKey={(row) => row.id}
        tone={(row) => (row.undone ? 'off' : undefined)}
        columns={[
          { key: 'made', label: t('corrections.madeAt'), cell: (row) => <Moment at={row.madeAt} /> },
          { key: 'kind', label: t('corrections.what'), heads: true, cell: (row) => t(`corrections.kind.${row.kind}`) },
          {
            key: 'result',
            label: t('corrections.result'),
            cell: (row) =>
              row.at !== null &&
              row.direction !== null && (
                <>
                  <DirectionChip direction={row.direction} />
                  <Moment at={row.at} />
                </>
              ),
          },
          { key: 'reason', label: t('corrections.reason'), cell: (row) => <bdi>{row.reason}</bdi> },
          {
            key: 'do',
            label: t('corrections.undo'),
            cell: (row) =>
              row.undone
                ? t('corrections.undone')
                : role !== 'dpo' &&
                  row.kind !== 'undo' && (
                    <button type="button" class="quiet small" aria-disabled={busy} onClick={() => void undo(row.id)}>
                      {t('corrections.undo')}
                    </button>
                  ),
          },
        ]}
      />
    </PageFrame>
  );
}
