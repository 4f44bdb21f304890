import { useState } from 'preact/hooks';
import { listFleet } from '../../../../sync/protocol/api/fleet.ts';
import * as staff from '../../../../sync/protocol/api/staff.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled, listed } from '../../../shared/i18n.ts';
import { IconRepair } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, SelectField, TextField, useField, useFields } from '../../../shared/web/form.tsx';
import { Badge, Dialog, DialogButton, Empty } from '../../../shared/web/pieces.tsx';
import { useAll, useNews, useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { Ago } from '../../parts/labels.tsx';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { Skeleton } from '../../parts/reading.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { DataTable } from '../../parts/table.tsx';
import { CodeList, QrSecret } from '../../shell/enrol.tsx';
import { siteOf, siteOptions } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';

const EVERY_MS = 5_000;

/**
 * Who may unlock the kiosks, and in which role. Reading this list names people and adds an audit row. So it is only read again
 * when a kiosk reports a change of its staff, which the polled list of kiosks shows.
 */
export function KioskStaffPage({ role }: { role: Role }) {
  const found = useRead(staff.listKioskStaff);
  const kiosks = useAll(listFleet, {}, EVERY_MS);
  const said = kiosks.value && JSON.stringify(kiosks.value.items.map(({ id, report }) => [id, report?.staff]));
  useNews(said, found.reload);
  const [sheet, setSheet] = useState<staff.HandedOver | null>(null);
  const { busy, error, run } = useWrite();
  const admin = role === 'admin';
  const show = (handed: staff.HandedOver) => {
    setSheet(handed);
    found.reload();
  };
  const remove = ({ id, name, kiosks: count }: staff.KioskStaff) =>
    run(() => api(staff.removeKioskStaff, { params: { member: id } }), {
      ask: {
        title: t('kioskStaff.remove'),
        text: t('kioskStaff.removeText', { name, count }),
        danger: true,
        word: name,
      },
      say: () => t('kioskStaff.removed'),
      of: name,
      done: found.reload,
    });
  const resetTo = ({ id, name }: staff.KioskStaff, reset: staff.StaffReset) =>
    run(() => api(staff.resetKioskStaff, { params: { member: id }, body: reset }), {
      ask: {
        title: t(`kioskStaff.reset.${reset.what}`),
        text: t(`kioskStaff.resetText.${reset.what}`, { name }),
        danger: true,
        word: name,
      },
      done: show,
    });
  const items = found.value?.items;
  return (
    <PageFrame
      of="kioskStaff"
      actions={
        <>
          <BackButton to="fleet">{t('fleet.back')}</BackButton>
          <Button onClick={found.reload}>{t('kioskStaff.read')}</Button>
          {admin && (
            <DialogButton kind="primary" label={t('kioskStaff.add')}>
              <Add onDone={show} />
            </DialogButton>
          )}
        </>
      }
    >
      <ErrorNote error={error ?? found.error} onRetry={error ? undefined : found.reload} />
      <div class="card table-card" aria-busy={found.loading}>
        {!items && found.loading && <Skeleton rows={4} />}
        {items?.length === 0 && (
          <Empty title={t('kioskStaff.none')} text={t('kioskStaff.noneText')} icon={<IconRepair />} />
        )}
        {items && items.length > 0 && (
          <DataTable
            id="kiosk-staff"
            search="here"
            caption={t('kioskStaff.nav')}
            rows={items}
            rowKey={(one) => one.id}
            columns={{
              name: {
                label: t('kioskStaff.name'),
                heads: true,
                sort: (one) => one.name,
                below: (one) => (
                  <>
                    <p class="muted small">
                      {t('kioskStaff.added')} <Ago at={one.addedAt} />{' '}
                      <bdi>{one.email ?? (one.by === 'operator' ? t('fleet.by.operator') : '')}</bdi>
                    </p>
                  </>
                ),
              },
              role: {
                label: t('kioskStaff.roleLabel'),
                choice: (one) => [one.role, t(`kioskStaff.role.${one.role}`)],
                below: (one) => <p class="muted small">{placeLabel(one)}</p>,
              },
              state: {
                label: t('fleet.state'),
                choice: (one) => [stateOf(one), t(`kioskStaff.${stateOf(one)}`)],
                cell: (one) => (
                  <>
                    <Badge kind={one.removedAt === null ? 'good' : undefined}>{t(`kioskStaff.${stateOf(one)}`)}</Badge>
                    {one.removedAt === null && <p class="muted small">{factorsLabel(one)}</p>}
                  </>
                ),
              },
              kiosks: {
                label: t('kioskStaff.kiosks'),
                sort: (one) => one.confirmed,
                cell: (one) => <Known member={one} />,
              },
              do: {
                when: admin,
                label: t('attention.do'),
                cell: (one) =>
                  one.removedAt === null &&
                  one.kiosk === null && (
                    <div class="stack">
                      {(one.role === 'technician' ? (['pin', 'factor'] as const) : (['pin'] as const)).map((what) => (
                        <RowButton key={what} disabled={busy} onClick={() => void resetTo(one, { what })}>
                          {t(`kioskStaff.reset.${what}`)}
                        </RowButton>
                      ))}
                      <RowButton label={t('kioskStaff.remove')} disabled={busy} onClick={() => void remove(one)} />
                    </div>
                  ),
              },
            }}
          />
        )}
      </div>
      {sheet && (
        <Dialog title={t('kioskStaff.sheet', { name: sheet.member.name })} onClose={() => setSheet(null)}>
          <Sheet added={sheet} onDone={() => setSheet(null)} />
        </Dialog>
      )}
    </PageFrame>
  );
}

const stateOf = ({ removedAt }: staff.KioskStaff) => (removedAt === null ? 'active' : 'removedState');

/** How many kiosks have received the change, and which have not. */
function Known({ member }: { member: staff.KioskStaff }) {
  const { removedAt, confirmed, kiosks, waiting } = member;
  const names = waiting
    .slice(0, 5)
    .map(({ name, revoked }) => (revoked ? t('kioskStaff.revokedKiosk', { name }) : name));
  const more = kiosks - confirmed - names.length;
  const all = more > 0 ? [...names, t('kioskStaff.more', { count: more })] : names;
  return (
    <>
      <span class="tabular">
        {t(removedAt === null ? 'kioskStaff.has' : 'kioskStaff.removedFrom', { confirmed, count: kiosks })}
      </span>
      {all.length > 0 && <p class="muted small">{t('kioskStaff.waiting', { names: listed(all) })}</p>}
    </>
  );
}

const placeLabel = ({ kiosk, site }: staff.KioskStaff): string =>
  kiosk ? t('kioskStaff.oneKiosk', { name: kiosk.name }) : siteLabel(site);

/** What a member unlocks with. For someone added at a kiosk, only that kiosk knows. */
const factorsLabel = ({ pin, badge, paperLeft }: staff.KioskStaff): string =>
  [
    ...(pin ? [t(`kioskStaff.pin.${pin}`)] : []),
    ...(badge ? [t('kioskStaff.badge')] : []),
    ...(paperLeft === null ? [] : [labelled(t('kioskStaff.paper'), paperLeft)]),
  ].join(' · ');

const siteLabel = (site: string | null): string =>
  site === null ? t('kioskStaff.everySite') : (siteOf(site)?.name ?? '–');

function Add({ onDone }: { onDone: (added: staff.HandedOver) => void }) {
  const { values, field } = useFields({ name: '', site: '', badge: '' }, staff.NewKioskStaff);
  const role = useField<staff.KioskStaff['role']>('desk');
  const name = values.name.trim();
  return (
    <WriteForm
      write={() => {
        const body = { name, role: role.value, site: values.site || null, badge: values.badge.trim() || null };
        return api(staff.addKioskStaff, { body });
      }}
      say={() => t('kioskStaff.done')}
      of={name}
      done={onDone}
      ready={name !== ''}
      action={t('kioskStaff.add')}
    >
      <TextField label={t('kioskStaff.name')} hint={t('kioskStaff.nameHint')} required dir="auto" {...field('name')} />
      <SelectField
        label={t('kioskStaff.roleLabel')}
        {...role}
        options={staff.KioskStaff.shape.role.options.map((one) => [
          one,
          labelled(t(`kioskStaff.role.${one}`), t(`kioskStaff.may.${one}`)),
        ])}
      />
      <TextField label={t('kioskStaff.badgeNumber')} hint={t('kioskStaff.badgeHint')} dir="ltr" {...field('badge')} />
      <SelectField
        label={t('kioskStaff.site')}
        {...field('site')}
        options={[['', t('kioskStaff.everySite')], ...siteOptions()]}
      />
    </WriteForm>
  );
}

/** Shown once. Only PIN and codes are printed: a printed secret could generate codes forever. */
function Sheet({ added, onDone }: { added: staff.HandedOver; onDone: () => void }) {
  const { member, pin, factor } = added;
  return (
    <div class="stack">
      <p class="no-print">{t('kioskStaff.sheetText')}</p>
      {factor && (
        <div class="no-print">
          <QrSecret svg={factor.svg} label={t('kioskStaff.qr')} name={t('kioskStaff.secret')} secret={factor.secret} />
        </div>
      )}
      <section class="print-sheet stack">
        <h3>
          <bdi>{member.name}</bdi>, {placeLabel(member)}
        </h3>
        {pin !== null && (
          <>
            <p>
              {t('kioskStaff.startPin')}:{' '}
              <code class="secret" dir="ltr">
                {pin}
              </code>
            </p>
            <p class="small">{t('kioskStaff.startPinText')}</p>
          </>
        )}
        {factor && (
          <>
            <h3>{t('kioskStaff.paperTitle')}</h3>
            <CodeList codes={factor.paper} label={t('kioskStaff.paperTitle')} />
            <p class="small">{t('kioskStaff.paperText')}</p>
          </>
        )}
      </section>
      <div class="actions no-print">
        <Button onClick={() => print()}>{t('kioskStaff.print')}</Button>
        <Button label={t('kioskStaff.kept')} kind="primary" onClick={onDone} />
      </div>
    </div>
  );
}
