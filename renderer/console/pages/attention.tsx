import * as attention from '../../../sync/protocol/api/attention.ts';
import type { Under } from '../../shared/i18n.ts';
import { IconCheck } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { AreaField, ErrorNote, SelectField, useField } from '../../shared/web/form.tsx';
import { DialogButton } from '../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { type Key, t } from '../i18n.ts';
import { FilterBar, filterOf, SelectFilter, SiteField } from '../parts/filters.tsx';
import { codeLabel, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { KioskLink, kioskPath } from '../parts/place-links.tsx';
import { BulkButton, RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { dayKeyIn } from '../state/clock.ts';
import { kioskName, zoneOf } from '../state/places.ts';

/** How often the count in the rail is refreshed, ms. */
export const POLL_MS = 10_000;

/** The count beside the page's name. */
export function Waiting() {
  const count = useRead(attention.countAttention, {}, POLL_MS);
  const total = count.value?.total ?? 0;
  if (total === 0) return null;
  return (
    <span class="rail-count tabular">
      {total > 99 ? '99+' : total}
      <span class="sr-only"> {t('attention.waiting', { count: total })}</span>
    </span>
  );
}

/** Items to review, until they are settled on the page they concern or by a note. */
export function Attention({ query }: PageProps) {
  const state = filterOf('state');
  const resolved = state.value === 'resolved';
  const asked = { kind: query.get('kind'), state: state.value, site: query.get('site') };
  const pages = useList(attention.listAttention, { query: asked });
  const { busy, error, run } = useWrite();
  return (
    <PageFrame of="attention">
      <ErrorNote error={error} />
      <DataTable
        id="attention"
        search="here"
        pages={pages}
        filters={
          <FilterBar names={['kind', 'state', 'site']}>
            <SiteField any />
            <SelectFilter
              name="kind"
              label={t('attention.kindLabel')}
              options={attention.ATTENTION_KINDS.map((k) => [k, t(`attention.kind.${k}`)])}
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
        }
        caption={t('attention.nav')}
        rowKey={(i) => `${i.kind} ${i.ref}`}
        empty={
          resolved
            ? { title: t('attention.noneResolved') }
            : { title: t('attention.none'), text: t('attention.noneText') }
        }
        bulk={!resolved && ((items) => <ResolveAll items={items} onDone={pages.reload} />)}
        columns={{
          what: { label: t('attention.what'), heads: true, sort: itemLabel, cell: (i) => <What item={i} /> },
          who: { label: t('attention.who'), names: true, sort: (i) => i.name, cell: (i) => <Who item={i} /> },
          at: { label: t('attention.at'), numeric: true, names: true, cell: (i) => <Moment at={i.at} /> },
          do: {
            label: t('attention.do'),
            cell: (i) =>
              i.resolved ? (
                <>
                  <p class="attention-note" dir="auto">
                    {i.resolved.note}
                  </p>
                  <RowButton disabled={busy} onClick={() => void run(() => reopen(i), { done: pages.reload })}>
                    {t('attention.reopen')}
                  </RowButton>
                </>
              ) : (
                <Actions item={i} onDone={pages.reload} />
              ),
          },
        }}
      />
    </PageFrame>
  );
}

const reopen = ({ kind, ref }: attention.AttentionItem) => api(attention.reopenAttention, { body: { kind, ref } });

/** Returns the item's name. A kiosk's problem is named as on the fleet page. */
export const itemLabel = ({ kind, code }: attention.AttentionItem): string =>
  codeLabel(LABELS[kind] ?? 'attention.code', code);
const LABELS: Readonly<Partial<Record<attention.AttentionKind, string>>> = {
  kiosk: 'fleet.alert',
  server: 'serverChecks',
};

function What({ item }: { item: attention.AttentionItem }) {
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

function Who({ item }: { item: attention.AttentionItem }) {
  const kiosk = item.device !== null && kioskName(item.device) !== null;
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
          <KioskLink id={item.device!} />
        </p>
      )}
      {item.replicas.map((name) => (
        <p key={name} class="muted small">
          {name === '' ? t('attention.serverUnnamed') : t('attention.serverNamed', { name })}
        </p>
      ))}
      {item.webhook !== null && <bdi>{item.webhook}</bdi>}
      {!item.person && !kiosk && item.replicas.length === 0 && item.webhook === null && <span class="muted">–</span>}
    </div>
  );
}

/** The person's records of that day: neighbouring records often show what is wrong. */
const dayOf = ({ person, recordAt }: attention.AttentionItem): string | null => {
  if (person === null || recordAt === null) return null;
  const day = dayKeyIn(Date.parse(recordAt), zoneOf());
  return `attendance?${new URLSearchParams({ person, from: day, to: day })}`;
};

/** The page on which an item is settled. */
const PLACES: Readonly<Record<Under<Key, 'attention.go'>, (item: attention.AttentionItem) => string | null>> = {
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
  kiosk: (item) => kioskPath(item.device!),
  webhook: (item) => `webhooks?log=${item.ref.split('@')[0]}`,
};

interface ActionsProps {
  item: attention.AttentionItem;
  onDone: () => void;
}

function Actions({ item, onDone }: ActionsProps) {
  const { kind } = item;
  const elsewhere = kind !== 'quarantine' && kind !== 'server' ? kind : null;
  const place = elsewhere && PLACES[elsewhere](item);
  return (
    <>
      {place && <RowButton onClick={() => go(place)}>{t(`attention.go.${elsewhere}`)}</RowButton>}
      {isNoted(item) && (
        <DialogButton as={RowButton} icon={<IconCheck />} label={t('attention.resolve')}>
          <Resolve item={item} onDone={onDone} />
        </DialogButton>
      )}
    </>
  );
}

const isNoted = ({ kind }: attention.AttentionItem): boolean =>
  kind !== 'duplicate' && kind !== 'import' && kind !== 'enrolment';

/** Resolves several items with one note, except those that are settled on another page. */
function ResolveAll({ items, onDone }: { items: readonly attention.AttentionItem[]; onDone: () => void }) {
  const note = useField('');
  const noted = items.filter(isNoted);
  if (noted.length === 0) return null;
  return (
    <DialogButton size="small" icon={<IconCheck />} label={t('attention.resolve')}>
      <div class="stack">
        <AreaField label={t('attention.note')} hint={t('attention.noteHint')} required maxLength={500} {...note} />
        {note.value.trim() !== '' && (
          <BulkButton
            kind="primary"
            label={t('attention.resolveAll', { count: noted.length })}
            rows={noted}
            nameOf={(item) => [itemLabel(item), item.name].filter(Boolean).join(' · ')}
            write={({ kind, ref }) => api(attention.resolveAttention, { body: { kind, ref, note: note.value } })}
            undo={reopen}
            done={onDone}
          />
        )}
      </div>
    </DialogButton>
  );
}

function Resolve({ item, onDone }: { item: attention.AttentionItem; onDone: () => void }) {
  const note = useField('');
  return (
    <WriteForm
      write={() => api(attention.resolveAttention, { body: { kind: item.kind, ref: item.ref, note: note.value } })}
      say={() => t('attention.done')}
      of={item.name ?? itemLabel(item)}
      undo={() => reopen(item)}
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
