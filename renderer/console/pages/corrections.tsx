import { type Correction, listCorrections, makeCorrection } from '../../../sync/protocol/api/corrections.ts';
import { api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { personColumn } from '../parts/column.tsx';
import { FilterBar } from '../parts/filters.tsx';
import { DirectionChip, Moment, whoLabel } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonFilter } from '../parts/people-search.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';

export function Corrections({ query, role }: PageProps) {
  const pages = useList(listCorrections, { query: { person: query.get('person') } });
  const { busy, error, run } = useWrite();
  const undo = (target: string) =>
    run(() => api(makeCorrection, { body: { kind: 'undo' as const, target, reason: t('corrections.undoReason') } }), {
      ask: { title: t('corrections.undoTitle'), text: t('corrections.lead'), action: t('corrections.undo') },
      done: pages.reload,
    });
  return (
    <PageFrame of="corrections">
      <ErrorNote error={error} />
      <DataTable
        id="corrections"
        search="here"
        caption={t('corrections.nav')}
        pages={pages}
        filters={
          <FilterBar names={['person']}>
            <PersonFilter />
          </FilterBar>
        }
        empty={{ title: t('corrections.empty'), text: t('corrections.emptyText') }}
        rowKey={(row) => row.id}
        tone={(row) => (row.undone ? 'off' : undefined)}
        columns={{
          madeAt: {
            label: t('corrections.madeAt'),
            names: true,
            cell: (row) => <Moment at={row.madeAt} site={row.site} />,
          },
          by: { label: t('corrections.by'), sort: whoMade },
          person: personColumn(t('corrections.person'), 'person'),
          what: {
            label: t('corrections.what'),
            names: true,
            choice: (row) => [row.kind, t(`corrections.kind.${row.kind}`)],
          },
          before: {
            label: t('corrections.before'),
            names: true,
            sort: (row) => row.before?.at ?? null,
            cell: (row) => <Values of={row.before} site={row.site} />,
          },
          after: {
            label: t('corrections.after'),
            names: true,
            sort: (row) => row.after?.at ?? null,
            cell: (row) =>
              row.after ? (
                <Values of={row.after} site={row.site} />
              ) : (
                <span class="chip" data-direction="void">
                  {t('corrections.voided')}
                </span>
              ),
          },
          reason: { label: t('corrections.reason'), sort: (row) => row.reason },
          undo: {
            label: t('corrections.undo'),
            cell: (row) =>
              row.undone
                ? t('corrections.undone')
                : role !== 'dpo' &&
                  row.kind !== 'undo' && (
                    <RowButton size="small" disabled={busy} onClick={() => void undo(row.id)}>
                      {t('corrections.undo')}
                    </RowButton>
                  ),
          },
        }}
      />
    </PageFrame>
  );
}

const whoMade = ({ author, authorEmail }: Correction): string =>
  whoLabel({ email: authorEmail, by: author ?? 'operator' });

const Values = ({ of, site }: { of: Correction['before']; site: Correction['site'] }) =>
  of === null ? (
    <span class="muted">–</span>
  ) : (
    <>
      <DirectionChip direction={of.direction} />
      <Moment at={of.at} site={site} />
    </>
  );
