import { type Lookalikes, listLookalikes, removeLookalike } from '../../../sync/protocol/api/lookalikes.ts';
import { api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { usePages, useWrite } from '../../shared/web/resource.ts';
import { t } from '../i18n.ts';
import { Moment } from '../parts/moment.tsx';
import { PersonLink } from '../parts/person-link.tsx';
import { PagedTable, RowButton } from '../parts/table.tsx';
import { kioskName } from '../state/places.ts';
import type { PageProps } from './page.ts';

/** Pairs of people who are asked for a number, code or badge before their face is compared. */
export function LookalikePairs({ role }: { role: PageProps['role'] }) {
  const pages = usePages(listLookalikes);
  const { error, run } = useWrite();
  const nameOf = (pair: Lookalikes, i: number): string => pair.people[i]?.name ?? t('people.unnamed');
  const remove = (pair: Lookalikes) =>
    run(() => api(removeLookalike, { params: { pair: pair.id } }), {
      ask: {
        title: t('lookalikes.remove'),
        text: t('lookalikes.removeText', { name: nameOf(pair, 0), other: nameOf(pair, 1) }),
        danger: true,
      },
      say: () => t('lookalikes.removed'),
      done: pages.reload,
    });
  return (
    <section class="stack" aria-labelledby="lookalikes">
      <h2 id="lookalikes">{t('lookalikes.title')}</h2>
      <p class="muted">{t('lookalikes.lead')}</p>
      <ErrorNote error={error} />
      <PagedTable
        pages={pages}
        caption={t('lookalikes.title')}
        rowKey={(p) => p.id}
        empty={{ title: t('lookalikes.none'), text: t('lookalikes.noneText') }}
        columns={[
          {
            label: t('duplicates.pair'),
            heads: true,
            cell: (p) => (
              <>
                <PersonLink {...p.people[0]!} />
                <span class="muted">{t('duplicates.and')}</span>
                <PersonLink {...p.people[1]!} />
              </>
            ),
          },
          { label: t('duplicates.why'), cell: (p) => t(`lookalikes.reason.${p.reason}`) },
          {
            label: t('lookalikes.where'),
            cell: (p) => (
              <>
                <bdi>{p.device === null ? t('lookalikes.console') : (kioskName(p.device) ?? '–')}</bdi>
                {p.byName !== null && (
                  <p class="muted small">
                    <bdi>{p.byName}</bdi>
                  </p>
                )}
              </>
            ),
          },
          { label: t('lookalikes.at'), numeric: true, cell: (p) => <Moment at={p.at} /> },
          {
            label: t('attention.do'),
            cell: (p) =>
              role === 'admin' && <RowButton onClick={() => void remove(p)}>{t('lookalikes.remove')}</RowButton>,
          },
        ]}
      />
    </section>
  );
}
