import { useState } from 'preact/hooks';
import * as devices from '../../../sync/protocol/api/devices.ts';
import { type FleetKiosk, listFleet } from '../../../sync/protocol/api/fleet.ts';
import { api } from '../../shared/web/api.ts';
import { ErrorNote, SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { Badge, DialogButton, Empty, Fact, Note, Panel } from '../../shared/web/pieces.tsx';
import { useAll, useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { kioskColumn } from '../parts/column.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { FilterBar, SelectFilter } from '../parts/filters.tsx';
import { Ago, Moment } from '../parts/labels.tsx';
import { BackButton, PageFrame, type PageProps } from '../parts/page.tsx';
import { OF_MACHINES, SiteLink } from '../parts/place-links.tsx';
import { Reading } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { useList } from '../parts/table-sort.tsx';
import { Svg } from '../shell/enrol.tsx';
import { loadPlaces, siteOf, sites } from '../state/places.ts';
import { PlainHealth } from './fleet/alerts.tsx';

/** Polling interval, ms. A kiosk reports changes within seconds, and reading them adds no audit row. */
const EVERY_MS = 5_000;

/** Kiosks from code to revocation. Roles that don't manage them also see their health here. */
export function Devices({ rest: [id], ...props }: PageProps) {
  if (id !== undefined) return <OneKiosk key={id} id={id} />;
  return OF_MACHINES.includes(props.role) ? <List {...props} /> : <ListWithHealth {...props} />;
}

type ListProps = Omit<PageProps, 'rest'>;

function ListWithHealth(props: ListProps) {
  const found = useAll(listFleet, {}, EVERY_MS);
  return <List {...props} health={found.value?.items ?? []} />;
}

/** A kiosk's health, place and last contact. Settings and commands are only for the roles that manage it. */
function OneKiosk({ id }: { id: string }) {
  const found = useRead(listFleet, { query: { device: id } }, EVERY_MS);
  const kiosk = found.value?.items[0];
  return (
    <PageFrame
      title={kiosk?.name ?? t('devices.nav')}
      actions={<BackButton to="devices">{t('fleet.back')}</BackButton>}
    >
      <Reading of={found} rows={3} />
      {found.value && !kiosk && <Empty title={t('fleet.none')} />}
      {kiosk && (
        <Panel title={t('fleet.howItIs')}>
          <PlainHealth kiosk={kiosk} />
          <dl class="facts">
            <Fact name={t('fleet.fact.heard')} value={<Ago at={kiosk.lastHeardAt} />} />
            <Fact name={t('fleet.fact.site')} value={<SiteLink id={kiosk.site} />} />
          </dl>
        </Panel>
      )}
    </PageFrame>
  );
}

function List({ query, role, health }: ListProps & { health?: readonly FleetKiosk[] }) {
  const pages = useList(devices.listDevices, { query: { status: query.get('status') } });
  const { error, run } = useWrite();
  const admin = role === 'admin';
  const reload = () => {
    pages.reload();
    void loadPlaces();
  };
  const revoke = (device: devices.Device) =>
    run(() => api(devices.revokeDevice, { params: { device: device.id } }), {
      ask: async () => {
        const found = await api(listFleet, { query: { device: device.id } });
        if (!found.ok) return found;
        const { name } = device;
        const count = found.value.items[0]?.report?.queued ?? 0;
        const text = [t('devices.revokeText', { name }), count > 0 && t('devices.revokeUnsent', { count })];
        return { title: t('devices.revoke'), text: text.filter(Boolean).join(' '), danger: true, word: name };
      },
      say: () => t('devices.revoked'),
      of: device.name,
      done: reload,
    });
  return (
    <PageFrame
      of="devices"
      actions={
        admin && (
          // By the time this dialog closes, the new kiosk may be waiting for approval.
          <DialogButton kind="primary" label={t('devices.add')} onClosed={pages.reload}>
            <NewKiosk />
          </DialogButton>
        )
      }
    >
      <ErrorNote error={error} />
      <DataTable
        id="devices"
        counted="kiosks"
        pages={pages}
        filters={
          <FilterBar names={['status']}>
            <SelectFilter
              name="status"
              label={t('devices.statusLabel')}
              options={(['pending', 'approved', 'revoked'] as const).map((s) => [s, t(`devices.status.${s}`)])}
            />
          </FilterBar>
        }
        caption={t('devices.nav')}
        rowKey={(d) => d.id}
        empty={{ title: t('devices.none'), text: t('devices.noneText') }}
        columns={{
          name: kioskColumn(t('devices.name'), 'id'),
          status: {
            label: t('devices.statusLabel'),
            cell: (d) => (
              <Badge kind={d.status === 'approved' ? 'good' : undefined}>{t(`devices.status.${d.status}`)}</Badge>
            ),
          },
          health: {
            when: health !== undefined,
            label: t('fleet.howItIs'),
            cell: (d) => {
              const kiosk = health?.find((k) => k.id === d.id);
              return kiosk ? <PlainHealth kiosk={kiosk} /> : '–';
            },
          },
          site: {
            label: t('people.site'),
            sort: (d) => siteOf(d.site)?.name ?? null,
            cell: (d) => <SiteLink id={d.site} />,
          },
          lastHeardAt: { label: t('devices.heard'), cell: (d) => <Ago at={d.lastHeardAt} /> },
          certificateEnds: {
            label: t('devices.certificate'),
            numeric: true,
            cell: (d) => <Moment at={d.certificateEnds} />,
          },
          do: {
            when: admin,
            label: t('attention.do'),
            cell: (d) => (
              <>
                {d.status === 'pending' && (
                  <DialogButton as={RowButton} label={t('devices.approve')}>
                    <ApproveKiosk device={d} onDone={reload} />
                  </DialogButton>
                )}
                {d.status !== 'revoked' && (
                  <>
                    <RenameButton as={RowButton} label={t('people.edit')} device={d} onDone={reload} />
                    <RowButton onClick={() => void revoke(d)}>{t('devices.revoke')}</RowButton>
                  </>
                )}
              </>
            ),
          },
        }}
      />
    </PageFrame>
  );
}

const siteOptions = () => sites.value.map((s) => [s.isDefault ? '' : s.id, s.name] as const);

/** Makes a code for one new kiosk, as text to type and as a picture to show to its camera. */
export function NewKiosk() {
  const name = useField('');
  const site = useField('');
  const [made, setMade] = useState<{ code: string; svg: string; expiresAt: string } | null>(null);
  if (made)
    return (
      <div class="stack">
        <p>{t('devices.codeText')}</p>
        <div class="qr">
          <Svg text={made.svg} label={t('devices.codeQr')} />
        </div>
        <code class="secret long-text" dir="ltr">
          {made.code}
        </code>
        <p class="muted small">
          {t('people.until')} <Moment at={made.expiresAt} />
        </p>
        <Note>{t('devices.codeOnce')}</Note>
        <div class="actions">
          <CopyButton text={made.code} />
        </div>
      </div>
    );
  return (
    <WriteForm
      write={() =>
        api(devices.createProvisioningCode, {
          body: devices.NewProvisioningCode.parse({ name: name.value, site: site.value || null }),
        })
      }
      done={setMade}
      ready={name.value.trim() !== ''}
      keepOpen
      action={t('devices.makeCode')}
    >
      <p class="muted">{t('devices.addText')}</p>
      <TextField label={t('devices.name')} hint={t('devices.nameHint')} required maxLength={80} dir="auto" {...name} />
      {sites.value.length > 1 && <SelectField label={t('people.site')} {...site} options={siteOptions()} />}
    </WriteForm>
  );
}

/** The fingerprint is read from the kiosk's screen and typed. Only comparing it with one shown here would prove nothing. */
export function ApproveKiosk({ device, onDone }: { device: devices.Device; onDone: () => void }) {
  const typed = useField('');
  return (
    <WriteForm
      write={() =>
        api(devices.approveDevice, { params: { device: device.id }, body: { fingerprint: typed.value.trim() } })
      }
      say={() => t('devices.approved')}
      of={device.name}
      done={onDone}
      ready={typed.value.trim() !== ''}
      action={t('devices.approve')}
    >
      <p>{t('devices.approveText', { name: device.name })}</p>
      <TextField label={t('devices.fingerprint')} required dir="ltr" maxLength={60} {...typed} />
    </WriteForm>
  );
}

type Renamed = Pick<devices.Device, 'id' | 'name' | 'site'>;

/** Changes a kiosk's name and, if there are several sites, its site. @param label absent: the dialog's title */
export function RenameButton({
  label,
  as,
  ...renamed
}: {
  label?: string;
  as?: typeof RowButton;
  device: Renamed;
  onDone: () => void;
}) {
  const title = t(sites.value.length > 1 ? 'devices.renameOrMove' : 'devices.rename');
  return (
    <DialogButton as={as} label={label ?? title} title={title}>
      <Rename {...renamed} />
    </DialogButton>
  );
}

function Rename({ device, onDone }: { device: Renamed; onDone: () => void }) {
  const name = useField(device.name);
  const site = useField(device.site ?? '');
  return (
    <WriteForm
      write={() =>
        api(devices.changeDevice, {
          params: { device: device.id },
          body: {
            ...(name.value !== device.name && { name: name.value }),
            ...(site.value !== (device.site ?? '') && { site: site.value || null }),
          },
        })
      }
      say={() => t('people.saved')}
      of={name.value}
      done={onDone}
      ready={name.value.trim() !== ''}
      action={t('people.save')}
    >
      <TextField label={t('devices.name')} required maxLength={80} dir="auto" {...name} />
      {sites.value.length > 1 && (
        <SelectField label={t('people.site')} hint={t('devices.siteHint')} {...site} options={siteOptions()} />
      )}
    </WriteForm>
  );
}
