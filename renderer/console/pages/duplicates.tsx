import { useContext } from 'preact/hooks';
import type { z } from 'zod';
import * as attendance from '../../../sync/protocol/api/attendance.ts';
import { type Lookalikes, listLookalikes, removeLookalike } from '../../../sync/protocol/api/lookalikes.ts';
import { getPerson, type Person } from '../../../sync/protocol/api/people.ts';
import { listed, numberOf, TWO_DIGITS } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { CloseDialog, DialogButton, Fact } from '../../shared/web/pieces.tsx';
import { usePages, useRead, useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { momentColumn } from '../parts/column.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonFacts, PersonLink } from '../parts/person-fields.tsx';
import { KioskLink } from '../parts/place-links.tsx';
import { Skeleton } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { kioskName } from '../state/places.ts';
import { askAbout } from './people/contents.ts';

type Pair = z.output<typeof attendance.Duplicate>;

/** Possible duplicates: someone compares the two people and decides. */
export function Duplicates({ role }: PageProps) {
  const pages = useList(attendance.listDuplicates);
  const { error, run } = useWrite();
  const apart = ({ id: candidate }: Pair) =>
    run(() => api(attendance.rejectDuplicate, { params: { candidate } }), {
      ask: { title: t('duplicates.apart'), text: t('duplicates.apartText') },
      say: () => t('duplicates.apartDone'),
      undo: () => api(attendance.reopenDuplicate, { params: { candidate } }),
      done: pages.reload,
    });
  return (
    <PageFrame of="duplicates">
      <ErrorNote error={error} />
      <DataTable
        id="duplicates"
        search="here"
        pages={pages}
        caption={t('duplicates.nav')}
        rowKey={(d) => d.id}
        empty={{ title: t('duplicates.none'), text: t('duplicates.noneText') }}
        columns={{
          pair: {
            label: t('duplicates.pair'),
            heads: true,
            sort: namesOf,
            cell: (d) => <BothLinks people={d.people} />,
          },
          score: {
            label: t('duplicates.why'),
            choice: (d) => [d.reason, t(d.reason === 'template' ? 'duplicates.faces' : 'duplicates.number')],
            cell: (d) =>
              d.reason === 'template'
                ? t('duplicates.face', { score: numberOf(d.score ?? 0, TWO_DIGITS) })
                : t('duplicates.number'),
          },
          foundAt: { label: t('duplicates.found'), numeric: true, cell: (d) => <Moment at={d.foundAt} /> },
          do: {
            label: t('attention.do'),
            cell: (d) => (
              <>
                <DialogButton as={RowButton} label={t('duplicates.compare')} wide>
                  <Compare pair={d} onDone={pages.reload} />
                </DialogButton>
                <RowButton onClick={() => void apart(d)}>{t('duplicates.apart')}</RowButton>
              </>
            ),
          },
        }}
      />
      <LookalikePairs role={role} />
    </PageFrame>
  );
}

const namesOf = ({ people }: Pick<Pair, 'people'>): string => listed(people.map((p) => p.name ?? t('people.unnamed')));

/** Where a pair was marked. @param device null: in the console */
const placeOf = (device: string | null): string =>
  device === null ? t('lookalikes.console') : (kioskName(device) ?? '–');

const BothLinks = ({ people }: Pick<Pair, 'people'>) => (
  <>
    <PersonLink {...people[0]!} />
    <span class="muted">{t('duplicates.and')}</span>
    <PersonLink {...people[1]!} />
  </>
);

/** Both people side by side. The one kept keeps their values; the other's records, consents and templates are moved to them. */
function Compare({ pair, onDone }: { pair: Pair; onDone: () => void }) {
  const ids = pair.people.map((p) => p.id);
  const first = useRead(getPerson, { params: { person: ids[0]! } });
  const second = useRead(getPerson, { params: { person: ids[1]! } });
  const { busy, error, run } = useWrite();
  const close = useContext(CloseDialog);
  const keep = (person: Person) =>
    run(() => api(attendance.mergeDuplicate, { params: { candidate: pair.id }, body: { kept: person.id } }), {
      ask: () =>
        askAbout(
          ids.find((id) => id !== person.id)!,
          ['records', 'consents', 'templates', 'photos', 'cards'],
          (what) => ({
            title: t('duplicates.merge'),
            text: t('duplicates.mergeText', { name: person.name ?? t('people.unnamed'), what }),
            danger: true,
            word: t('duplicates.mergeWord'),
          }),
        ),
      say: (value) => t('duplicates.mergeDone', { count: value.records }),
      done: () => {
        close();
        onDone();
      },
    });
  return (
    <div class="stack">
      <ErrorNote error={error ?? first.error ?? second.error} />
      <div class="beside">
        {[first.value, second.value].map((person, i) =>
          person ? (
            <section key={person.id} class="card panel" aria-label={person.name ?? t('people.unnamed')}>
              <h2 id={`keep-${person.id}`}>
                <PersonLink id={person.id} name={person.name} />
              </h2>
              <dl class="facts">
                <PersonFacts person={person} />
                <Fact name={t('people.consent')} value={t(`people.standing.${person.consent}`)} />
                <Fact name={t('people.templates')} value={person.templates} />
                <Fact name={t('people.changed')} value={<Moment at={person.updatedAt} />} />
              </dl>
              <div class="actions start">
                <RowButton
                  label={t('duplicates.keep')}
                  of={`keep-${person.id}`}
                  kind="primary"
                  disabled={busy}
                  onClick={() => void keep(person)}
                />
              </div>
            </section>
          ) : (
            <Skeleton key={i} rows={5} />
          ),
        )}
      </div>
    </div>
  );
}

/** Pairs of people who have to give a number, code or badge before their face is compared. */
function LookalikePairs({ role }: { role: PageProps['role'] }) {
  const pages = usePages(listLookalikes);
  const { error, run } = useWrite();
  const nameOf = (pair: Lookalikes, i: number): string => pair.people[i]?.name ?? t('people.unnamed');
  const remove = (pair: Lookalikes) =>
    run(() => api(removeLookalike, { params: { pair: pair.id } }), {
      ask: {
        title: t('lookalikes.remove'),
        text: t('lookalikes.removeText', { name: nameOf(pair, 0), other: nameOf(pair, 1) }),
        danger: true,
        word: nameOf(pair, 0),
      },
      say: () => t('lookalikes.removed'),
      done: pages.reload,
    });
  return (
    <section class="stack" aria-labelledby="lookalikes">
      <h2 id="lookalikes">{t('lookalikes.title')}</h2>
      <p class="muted">{t('lookalikes.lead')}</p>
      <ErrorNote error={error} />
      <DataTable
        pages={pages}
        id="lookalikes"
        beside
        search="here"
        caption={t('lookalikes.title')}
        rowKey={(p) => p.id}
        empty={{ title: t('lookalikes.none'), text: t('lookalikes.noneText') }}
        columns={{
          pair: {
            label: t('duplicates.pair'),
            heads: true,
            sort: namesOf,
            cell: (p) => <BothLinks people={p.people} />,
          },
          why: { label: t('duplicates.why'), choice: (p) => [p.reason, t(`lookalikes.reason.${p.reason}`)] },
          where: {
            label: t('lookalikes.where'),
            sort: (p) => listed([placeOf(p.device), p.byName ?? '']),
            cell: (p) => (
              <>
                {p.device === null ? <bdi>{placeOf(null)}</bdi> : <KioskLink id={p.device} />}
                {p.byName !== null && (
                  <p class="muted small">
                    <bdi>{p.byName}</bdi>
                  </p>
                )}
              </>
            ),
          },
          at: momentColumn(t('lookalikes.at'), 'at'),
          do: {
            label: t('attention.do'),
            cell: (p) =>
              role === 'admin' && <RowButton onClick={() => void remove(p)}>{t('lookalikes.remove')}</RowButton>,
          },
        }}
      />
    </section>
  );
}
