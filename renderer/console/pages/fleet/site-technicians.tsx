import { useEffect, useRef, useState } from 'preact/hooks';
import { FleetPage } from '../../../../sync/protocol/api/fleet.ts';
import { MAX_PAGE } from '../../../../sync/protocol/api/page.ts';
import { AddedTechnician, type Technician, TechnicianList } from '../../../../sync/protocol/api/technicians.ts';
import { t } from '../../../shared/i18n.ts';
import { IconBack, IconMend } from '../../../shared/icons.tsx';
import { get, send } from '../../core/api.ts';
import { siteOf, sites } from '../../core/places.ts';
import { useResource, useWrite } from '../../core/resource.ts';
import { go } from '../../core/router.ts';
import type { Role } from '../../core/session.ts';
import { confirm } from '../../parts/confirm.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Form, RefusalNote, SelectField, TextField } from '../../parts/form.tsx';
import { Ago } from '../../parts/moment.tsx';
import { PageFrame } from '../../parts/page.tsx';
import { Skeleton, Table } from '../../parts/table.tsx';
import { toast } from '../../parts/toast.tsx';
import { Svg } from '../../shell/enrol.tsx';

const EVERY_MS = 5_000;

/**
 * Who may enter the technician's menu at the kiosks. Reading the list names people, and leaves a row in the audit log: so it is
 * read anew when a kiosk says something else of them, which the list of kiosks tells, and not all the time.
 */
export function TechniciansPage({ role }: { role: Role }) {
  const found = useResource('technicians', (signal) => get('/api/technicians', TechnicianList, { signal }));
  const kiosks = useResource(
    'technicians of kiosks',
    (signal) => get('/api/fleet', FleetPage, { query: { limit: MAX_PAGE }, signal }),
    EVERY_MS,
  );
  const said = kiosks.value && JSON.stringify(kiosks.value.items.map(({ id, report }) => [id, report?.technicians]));
  const before = useRef(said);
  useEffect(() => {
    if (before.current !== null && before.current !== said) found.reload();
    before.current = said;
  }, [said, found.reload]);
  const [adding, setAdding] = useState(false);
  const [sheet, setSheet] = useState<AddedTechnician | null>(null);
  const { busy, refusal, run } = useWrite();
  const admin = role === 'admin';
  const remove = async ({ id, name }: Technician) => {
    const sure = await confirm({
      title: t('technicians.remove'),
      text: t('technicians.removeText', { name }),
      action: t('technicians.remove'),
      danger: true,
    });
    if (!sure) return;
    const done = await run(() => send('DELETE', `/api/technicians/${id}`, { answer: TechnicianList }));
    if (!done?.ok) return;
    toast(() => t('technicians.removed'));
    found.reload();
  };
  const items = found.value?.items;
  return (
    <PageFrame
      title={t('technicians.nav')}
      lead={t('technicians.lead')}
      actions={
        <>
          <button type="button" class="quiet" onClick={() => go('fleet')}>
            <IconBack />
            {t('fleet.back')}
          </button>
          <button type="button" class="quiet" onClick={found.reload}>
            {t('technicians.read')}
          </button>
          {admin && (
            <button type="button" class="primary" onClick={() => setAdding(true)}>
              {t('technicians.add')}
            </button>
          )}
        </>
      }
    >
      <RefusalNote refusal={found.refusal ?? refusal} onAgain={found.reload} />
      <div class="card table-card" aria-busy={found.loading}>
        {!items && found.loading && <Skeleton rows={4} />}
        {items?.length === 0 && (
          <Empty title={t('technicians.none')} text={t('technicians.noneText')} icon={<IconMend />} />
        )}
        {items && items.length > 0 && (
          <List items={items} busy={busy} onRemove={admin ? (one) => void remove(one) : null} />
        )}
      </div>
      {adding && (
        <Dialog title={t('technicians.add')} onClose={() => setAdding(false)}>
          <Add
            onDone={(added) => {
              setAdding(false);
              setSheet(added);
              found.reload();
            }}
          />
        </Dialog>
      )}
      {sheet && (
        <Dialog title={t('technicians.sheet', { name: sheet.technician.name })} onClose={() => setSheet(null)}>
          <Sheet added={sheet} onDone={() => setSheet(null)} />
        </Dialog>
      )}
    </PageFrame>
  );
}

function List({
  items,
  busy,
  onRemove,
}: {
  items: readonly Technician[];
  busy: boolean;
  onRemove: ((technician: Technician) => void) | null;
}) {
  // Few columns: on an upright screen the last one, which removes somebody, has to be in sight in every language.
  return (
    <Table
      caption={t('technicians.nav')}
      rows={items}
      rowKey={(one) => one.id}
      columns={[
        {
          key: 'name',
          label: t('technicians.name'),
          heads: true,
          cell: (one) => (
            <>
              <bdi>{one.name}</bdi>
              <p class="muted small">{siteWords(one.site)}</p>
              <p class="muted small">
                {t('technicians.added')} <Ago at={one.addedAt} />{' '}
                <bdi>{one.email ?? (one.by === 'operator' ? t('fleet.by.operator') : '')}</bdi>
              </p>
            </>
          ),
        },
        {
          key: 'state',
          label: t('fleet.state'),
          cell: (one) => (
            <>
              <span class="badge" data-kind={one.removedAt === null ? 'good' : undefined}>
                {t(one.removedAt === null ? 'technicians.active' : 'technicians.removedState')}
              </span>
              {one.removedAt === null && (
                <p class="muted small">
                  {t('technicians.paper')}: {one.paperLeft}
                </p>
              )}
            </>
          ),
        },
        { key: 'kiosks', label: t('technicians.kiosks'), cell: (one) => <Known technician={one} /> },
        ...(onRemove
          ? [
              {
                key: 'do',
                label: t('attention.do'),
                cell: (one: Technician) =>
                  one.removedAt === null && (
                    <button type="button" class="quiet" aria-disabled={busy} onClick={() => onRemove(one)}>
                      {t('technicians.remove')}
                    </button>
                  ),
              },
            ]
          : []),
      ]}
    />
  );
}

/** How many kiosks know, and which do not yet. */
function Known({ technician }: { technician: Technician }) {
  const { removedAt, confirmed, kiosks, waiting } = technician;
  const names = waiting
    .slice(0, 5)
    .map(({ name, revoked }) => (revoked ? t('technicians.revokedKiosk', { name }) : name));
  const more = kiosks - confirmed - names.length;
  const all = more > 0 ? [...names, t('technicians.more', { count: more })] : names;
  return (
    <>
      <span class="tabular">
        {t(removedAt === null ? 'technicians.has' : 'technicians.gone', { confirmed, count: kiosks })}
      </span>
      {all.length > 0 && <p class="muted small">{t('technicians.waiting', { names: all.join(', ') })}</p>}
    </>
  );
}

const siteWords = (site: string | null): string =>
  site === null ? t('technicians.everySite') : (siteOf(site)?.name ?? '–');

function Add({ onDone }: { onDone: (added: AddedTechnician) => void }) {
  const [name, setName] = useState('');
  const [site, setSite] = useState('');
  const { busy, refusal, run } = useWrite();
  const submit = async () => {
    const body = { name: name.trim(), site: site || null };
    const made = await run(() => send('POST', '/api/technicians', { body, answer: AddedTechnician }));
    if (!made?.ok) return;
    toast(() => t('technicians.done'));
    onDone(made.value);
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <TextField
        label={t('technicians.name')}
        hint={t('technicians.nameHint')}
        required
        maxLength={60}
        dir="auto"
        value={name}
        onValue={setName}
      />
      <SelectField
        label={t('technicians.site')}
        value={site}
        onValue={setSite}
        options={[['', t('technicians.everySite')], ...sites.value.map((s) => [s.id, s.name] as const)]}
      />
      <RefusalNote refusal={refusal} />
      <div class="actions">
        <button type="submit" class="primary" aria-disabled={busy || !name.trim()}>
          {t('technicians.add')}
        </button>
      </div>
    </Form>
  );
}

/** Shown once. On paper go the codes alone: a printed secret would make codes for ever. */
function Sheet({ added, onDone }: { added: AddedTechnician; onDone: () => void }) {
  const { technician, svg, secret, paper } = added;
  return (
    <div class="stack">
      <p class="no-print">{t('technicians.sheetText')}</p>
      <div class="qr no-print">
        <Svg text={svg} label={t('technicians.qr')} />
        <div>
          <p class="muted small">{t('technicians.secret')}</p>
          <code class="secret" dir="ltr">
            {secret.replaceAll(/(.{4})/g, '$1 ').trim()}
          </code>
        </div>
      </div>
      <section class="print-sheet stack">
        <h3>
          {t('technicians.paperTitle')}: <bdi>{technician.name}</bdi>, {siteWords(technician.site)}
        </h3>
        <ul class="codes" dir="ltr" aria-label={t('technicians.paperTitle')}>
          {paper.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <p class="small">{t('technicians.paperText')}</p>
      </section>
      <div class="actions no-print">
        <button type="button" class="quiet" onClick={() => print()}>
          {t('technicians.print')}
        </button>
        <button type="button" class="primary" onClick={onDone}>
          {t('technicians.kept')}
        </button>
      </div>
    </div>
  );
}
