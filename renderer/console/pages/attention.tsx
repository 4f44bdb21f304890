import { useState } from 'preact/hooks';
import {
  ATTENTION_KINDS,
  type AttentionItem,
  type AttentionKind,
  countAttention,
  listAttention,
  reopenAttention,
  resolveAttention,
} from '../../../sync/protocol/api/attention.ts';
import type { Under } from '../../shared/i18n.ts';
import { IconCheck } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { AreaField, SelectField, useField } from '../../shared/web/form.tsx';
import { Dialog } from '../../shared/web/pieces.tsx';
import { usePages, useRead, WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { toast } from '../../shared/web/toast.tsx';
import { type Key, t } from '../i18n.ts';
import { FilterBar, filterOf, SelectFilter } from '../parts/filters.tsx';
import { codeLabel, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { PagedTable, RowButton } from '../parts/table.tsx';
import { dayKeyIn } from '../state/clock.ts';
import { kioskName, zoneOf } from '../state/places.ts';

/** How often the number in the rail is looked at, ms. */
const POLL_MS = 10_000;

/** The number beside the page's name. */
export function Waiting() {
  const count = useRead(countAttention, {}, POLL_MS);
  const total = count.value?.total ?? 0;
  if (total === 0) return null;
  return (
    <span class="rail-count tabular">
      {total > 99 ? '99+' : total}
      <span class="sr-only"> {t('attention.waiting', { count: total })}</span>
    </span>
  );
}

/** What someone in charge has to look at: until it is settled where it belongs, or by a note. */
export function Attention({ query, role }: PageProps) {
  const state = filterOf('state');
  const resolved = state.value === 'resolved';
  const pages = usePages(listAttention, { query: { kind: query.get('kind'), state: state.value } });
  const [open, setOpen] = useState<AttentionItem | null>(null);
  const reopen = async ({ kind, ref }: AttentionItem) => {
    const answer = await api(reopenAttention, { body: { kind, ref } });
    pages.reload();
    return answer.ok ? null : answer.error;
  };
  return (
    <PageFrame title={t('attention.nav')} lead={t('attention.lead')}>
      <FilterBar names={['kind', 'state']}>
        <SelectFilter
          name="kind"
          label={t('attention.kindLabel')}
          options={ATTENTION_KINDS.map((k) => [k, t(`attention.kind.${k}`)])}
        />
        <SelectField
          label={t('attention.stateLabel')}
          {...state}
          options={[
            ['', t('attention.open')],
            ['resolved', t('attention.resolved')],
          ]}
        />
      </FilterBar>
      <PagedTable
        pages={pages}
        caption={t('attention.nav')}
        rowKey={(i) => `${i.kind} ${i.ref}`}
        empty={
          resolved
            ? { title: t('attention.noneResolved') }
            : { title: t('attention.none'), text: t('attention.noneText') }
        }
        columns={[
          { label: t('attention.what'), heads: true, cell: (i) => <What item={i} /> },
          { label: t('attention.who'), names: true, cell: (i) => <Who item={i} /> },
          { label: t('attention.at'), numeric: true, names: true, cell: (i) => <Moment at={i.at} /> },
          {
            label: t('attention.do'),
            cell: (i) =>
              i.resolved ? (
                <>
                  <p class="attention-note" dir="auto">
                    {i.resolved.note}
                  </p>
                  <RowButton onClick={() => void reopen(i)}>{t('attention.reopen')}</RowButton>
                </>
              ) : (
                <Actions item={i} role={role} onNote={() => setOpen(i)} />
              ),
          },
        ]}
      />
      {open && (
        <Dialog title={t('attention.resolve')} onClose={() => setOpen(null)}>
          <Resolve
            item={open}
            onDone={() => {
              pages.reload();
              toast(
                () => t('attention.done'),
                () => reopen(open),
              );
            }}
          />
        </Dialog>
      )}
    </PageFrame>
  );
}

/** A kiosk's trouble is called what the fleet's page calls it. */
const itemLabel = ({ kind, code }: AttentionItem): string => codeLabel(LABELS[kind] ?? 'attention.code', code);
const LABELS: Readonly<Partial<Record<AttentionKind, string>>> = { kiosk: 'fleet.alert', server: 'serverChecks' };

function What({ item }: { item: AttentionItem }) {
  return (
    <div>
      <p>{itemLabel(item)}</p>
      <p class="muted small">{t(`attention.kind.${item.kind}`)}</p>
      {item.recordAt !== null && (
        <p class="small of-record">
          {t('attention.record')} <Moment at={item.recordAt} />
        </p>
      )}
      {item.message !== null && (
        <blockquote class="said">
          <p class="muted small">{t('attention.says')}</p>
          <p dir="auto">{item.message}</p>
        </blockquote>
      )}
    </div>
  );
}

function Who({ item }: { item: AttentionItem }) {
  const kiosk = item.device && kioskName(item.device);
  return (
    <div class="who-where">
      {item.person && <PersonLink id={item.person} name={item.name} />}
      {item.other && (
        <>
          {' · '}
          <PersonLink id={item.other.id} name={item.other.name} />
        </>
      )}
      {kiosk && (
        <p class="muted small">
          <bdi>{kiosk}</bdi>
        </p>
      )}
      {item.replicas.map((name) => (
        <p key={name} class="muted small">
          {name === '' ? t('attention.serverUnnamed') : t('attention.serverNamed', { name })}
        </p>
      ))}
      {!item.person && !kiosk && item.replicas.length === 0 && <span class="muted">–</span>}
    </div>
  );
}

/** The person's records of that day: the records around one often show what is wrong with it. */
const dayOf = ({ person, recordAt }: AttentionItem): string | null => {
  if (person === null || recordAt === null) return null;
  const day = dayKeyIn(Date.parse(recordAt), zoneOf());
  return `attendance?${new URLSearchParams({ person, from: day, to: day })}`;
};

/** Where an item is settled. */
const PLACES: Readonly<Record<Under<Key, 'attention.go'>, (item: AttentionItem) => string | null>> = {
  void: dayOf,
  complaint: dayOf,
  duplicate: () => 'duplicates',
  lookalikes: () => 'duplicates',
  enrolment: (item) => `people/${item.ref}/waiting`,
  import: (item) => `imports/${item.ref}`,
  drift: (item) => `people/${item.person}/enrol`,
  embedder: (item) => `people/${item.person}/enrol`,
  consent: (item) => `people/${item.person}`,
  age: (item) => `people/${item.person}`,
  rollout: () => 'rollouts',
  kiosk: (item) => `fleet/${item.device}`,
};

function Actions({ item, role, onNote }: { item: AttentionItem; role: PageProps['role']; onNote: () => void }) {
  const { kind } = item;
  // A kiosk's own page is the administrators'.
  const elsewhere = kind !== 'quarantine' && kind !== 'server' && (kind !== 'kiosk' || role === 'admin') ? kind : null;
  const place = elsewhere && PLACES[elsewhere](item);
  const noted = kind !== 'duplicate' && kind !== 'import' && kind !== 'enrolment';
  return (
    <>
      {place && <RowButton onClick={() => go(place)}>{t(`attention.go.${elsewhere}`)}</RowButton>}
      {noted && <RowButton icon={<IconCheck />} label={t('attention.resolve')} onClick={onNote} />}
    </>
  );
}

function Resolve({ item, onDone }: { item: AttentionItem; onDone: () => void }) {
  const note = useField('');
  return (
    <WriteForm
      write={() => api(resolveAttention, { body: { kind: item.kind, ref: item.ref, note: note.value } })}
      done={onDone}
      ready={note.value.trim() !== ''}
      action={t('attention.resolve')}
    >
      <p>
        {itemLabel(item)}
        {item.name && (
          <>
            {' · '}
            <bdi>{item.name}</bdi>
          </>
        )}
      </p>
      <AreaField label={t('attention.note')} hint={t('attention.noteHint')} required maxLength={500} {...note} />
    </WriteForm>
  );
}
