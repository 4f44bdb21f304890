import { useEffect } from 'preact/hooks';
import { nameFit, partsOf } from '../../../sync/protocol/api/matching.ts';
import {
  type EvacuationState,
  endEvacuation,
  getEvacuation,
  type Inside,
  markSafe,
  startEvacuation,
  unmarkSafe,
} from '../../../sync/protocol/api/presence.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, numberOf } from '../../shared/i18n.ts';
import { IconCheck, IconPrint } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { CheckField, ErrorNote, TextField, useField } from '../../shared/web/form.tsx';
import { Empty, Note } from '../../shared/web/pieces.tsx';
import { useRead, useResource, useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { FilterBar, filterOf, SiteField } from '../parts/filters.tsx';
import { Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { Skeleton } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { momentIn } from '../state/clock.ts';
import { isSilent, type Presence, readPresence } from '../state/presence.ts';
import { session } from '../state/session.ts';
import { AtKiosk, KnownAsOf } from './presence.tsx';

/** How often the list is read during a roll call, since others mark people too, ms. */
const EVERY_MS = 5000;
const USED_MS = 60_000;

export function EvacuationView({ query, role }: PageProps) {
  const site = query.get('site') ?? '';
  const language = currentLanguage();
  const inside = useResource(`presence ${site} ${language}`, (by) => readPresence(site, language, by), EVERY_MS * 6);
  const state = useRead(getEvacuation, { query: { site } }, EVERY_MS);
  const { busy, error, run } = useWrite();
  const may = role !== 'dpo';
  const current = state.value?.current ?? null;
  const last = state.value?.last ?? null;
  // Nobody may be signed out during a roll call.
  useEffect(() => {
    if (!current) return;
    const timer = setInterval(() => void session.loadSession(), USED_MS);
    return () => clearInterval(timer);
  }, [current?.id]);
  const there = inside.value?.people ?? [];
  const zone = inside.value?.zone ?? 'UTC';
  const reload = () => {
    state.reload();
    inside.reload();
  };
  const begin = () =>
    run(() => api(startEvacuation, { body: site === '' ? {} : { site } }), {
      done: reload,
    });
  const end = () =>
    run(() => api(endEvacuation, { params: { evacuation: current!.id } }), {
      ask: {
        title: t('evacuation.endTitle'),
        text: [
          t('evacuation.endCounts', {
            accounted: there.length - missingOf(there, state.value).length,
            inside: there.length,
          }),
          t('evacuation.endText'),
        ].join(' '),
        action: t('evacuation.end'),
        danger: true,
        word: t('evacuation.endWord'),
      },
      done: state.reload,
    });
  return (
    <PageFrame
      of="evacuation"
      actions={
        <>
          <Button icon={<IconPrint />} label={t('print')} class="no-print" onClick={() => print()} />
          {may &&
            state.value &&
            (current ? (
              <Button label={t('evacuation.end')} class="no-print" onClick={end} disabled={busy} />
            ) : (
              <Button kind="primary-danger" class="no-print" onClick={() => void begin()} disabled={busy}>
                {t('evacuation.begin')}
              </Button>
            ))}
        </>
      }
    >
      <FilterBar names={[]}>
        <SiteField />
      </FilterBar>
      <ErrorNote error={error ?? inside.error ?? state.error} onRetry={reload} />
      {current && (
        <Note kind="warn" role="status">
          {t('evacuation.started', { time: momentIn(current.startedAt, zone) })}
        </Note>
      )}
      {!current && state.value && (
        <Note>
          {t('evacuation.beginText')}{' '}
          {last?.endedAt &&
            t('evacuation.last', {
              time: momentIn(last.endedAt, zone),
              accounted: last.accounted ?? 0,
              inside: last.inside ?? 0,
            })}
        </Note>
      )}
      {inside.value && state.value ? (
        <RollCall presence={inside.value} state={state.value} reload={state.reload} may={may} site={site} />
      ) : (
        (inside.loading || state.loading) && <Skeleton rows={6} />
      )}
    </PageFrame>
  );
}

/** Returns the people inside who have not been reported outside. */
function missingOf(people: readonly Inside[], state: EvacuationState | null): readonly Inside[] {
  const accounted = new Set(state?.accounted.map((a) => a.person));
  return people.filter((p) => !accounted.has(p.person));
}

interface RollCallProps {
  presence: Presence;
  state: EvacuationState;
  reload: () => void;
  may: boolean;
  site: string;
}

function RollCall({ presence, state, reload, may, site }: RollCallProps) {
  const search = useField('');
  const filter = filterOf('show');
  const missingOnly = {
    checked: filter.value === 'missing',
    onChecked: (on: boolean) => filter.onValue(on ? 'missing' : ''),
  };
  const { current } = state;
  const accounted = new Map(state.accounted.map((a) => [a.person, a]));
  const missing = missingOf(presence.people, state);
  const typed = partsOf(search.value);
  const rows = (current && missingOnly.checked ? missing : presence.people).filter(
    (p) => typed.length === 0 || nameFit(partsOf(p.name ?? ''), typed) > 0,
  );
  const columns = {
    person: {
      label: t('presence.person'),
      heads: true,
      sort: nameOf,
      cell: (row: Inside) =>
        row.name === null ? <bdi>{nameOf(row)}</bdi> : <PersonLink id={row.person} name={row.name} />,
    },
    since: {
      label: t('presence.since'),
      sort: (row: Inside) => row.since,
      cell: (row: Inside) => <Moment at={row.since} site={site || null} only="time" />,
    },
    kiosk: {
      label: t('presence.kiosk'),
      cell: (row: Inside) => <AtKiosk device={row.device} known={presence.kiosks} />,
    },
    status: {
      when: current !== null,
      label: t('evacuation.status'),
      cell: (row: Inside) => {
        const seen = accounted.get(row.person);
        return (
          <>
            {seen ? (
              <>
                <span class="chip" data-direction="in">
                  <IconCheck />
                  {t('evacuation.accounted')}
                </span>
                <span class="muted small">
                  <Moment at={seen.at} site={site || null} only="time" />
                  {seen.device !== null && (
                    <>
                      {' · '}
                      <AtKiosk device={seen.device} known={presence.kiosks} />
                    </>
                  )}
                </span>
              </>
            ) : (
              <strong class="missing">{t('evacuation.missing')}</strong>
            )}
            {may && <Mark row={row} evacuation={current!.id} outside={!seen} onDone={reload} />}
          </>
        );
      },
    },
  };
  return (
    <>
      {presence.kiosks.some((k) => isSilent(k, presence.now)) && (
        <Note kind="bad" role="alert">
          {t('evacuation.stale')}
        </Note>
      )}
      <section class="roll" aria-label={t('evacuation.nav')}>
        {current && (
          <Stat
            label={t('evacuation.missing')}
            count={missing.length}
            {...(presence.people.length > 0 && { tone: missing.length > 0 ? ('bad' as const) : ('good' as const) })}
          />
        )}
        {current && <Stat label={t('evacuation.accounted')} count={presence.people.length - missing.length} />}
        <Stat label={t('evacuation.inside')} count={presence.people.length} />
      </section>
      <div class="filters no-print">
        <TextField label={t('evacuation.search')} type="search" {...search} />
        {current && <CheckField label={t('evacuation.onlyMissing')} {...missingOnly} />}
      </div>
      <div class="with-side">
        <div class="card table-card">
          {rows.length > 0 ? (
            <DataTable
              id="evacuation"
              search={null}
              caption={t('evacuation.nav')}
              rows={rows}
              rowKey={(row) => row.person}
              tone={(row) => (current && !accounted.has(row.person) ? 'bad' : undefined)}
              columns={columns}
            />
          ) : (
            // With no one known to be inside, no one was accounted for: a list that misses someone would look the same.
            <Empty
              title={t(
                presence.people.length === 0
                  ? 'evacuation.nobodyKnown'
                  : current && missing.length === 0
                    ? 'evacuation.allOut'
                    : 'presence.empty',
              )}
              {...(presence.people.length > 0 && { icon: <IconCheck /> })}
            />
          )}
        </div>
        <KnownAsOf presence={presence} />
      </div>
    </>
  );
}

const nameOf = (row: Inside): string => row.name ?? t('evacuation.unknown');

interface MarkProps {
  row: Inside;
  evacuation: string;
  /** True marks them as outside; false reverts that. */
  outside: boolean;
  onDone: () => void;
}

/** Each person has their own write, so that marking one doesn't wait for another. */
function Mark({ row, evacuation, outside, onDone }: MarkProps) {
  const { busy, error, run } = useWrite();
  const params = { evacuation, person: row.person };
  const set = () =>
    run(() => api(outside ? markSafe : unmarkSafe, { params }), {
      ...(outside && {
        say: () => t('evacuation.marked', { name: nameOf(row) }),
        undo: () => api(unmarkSafe, { params }),
      }),
      done: onDone,
    });
  return (
    <>
      <RowButton class="no-print" disabled={busy} onClick={() => void set()}>
        {t(outside ? 'evacuation.mark' : 'evacuation.unmark')}
      </RowButton>
      <ErrorNote error={error} />
    </>
  );
}

const Stat = ({ label, count, tone }: { label: string; count: number; tone?: 'bad' | 'good' }) => (
  <div class="card stat" data-tone={tone}>
    <p class="stat-label">{label}</p>
    <p class="stat-value tabular">{numberOf(count)}</p>
  </div>
);
