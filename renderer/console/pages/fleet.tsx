import {
  AlertCode,
  commandKiosk,
  type FleetKiosk,
  type FleetPage,
  listFleet,
  listSettingsTemplates,
  revertSettingsTemplate,
  setSettingsTemplate,
  type Template as TemplateOf,
} from '../../../sync/protocol/api/fleet.ts';
import { Button } from '../../shared/button.tsx';
import { IconRepair } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { ErrorNote, TextField } from '../../shared/web/form.tsx';
import { DialogButton, Empty, Panel } from '../../shared/web/pieces.tsx';
import { useAll, useRead } from '../../shared/web/resource.tsx';
import { go, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { kioskColumn } from '../parts/column.tsx';
import { FilterBar, filterOf, SelectFilter, SiteField } from '../parts/filters.tsx';
import { Ago } from '../parts/labels.tsx';
import { BackButton, PageFrame, type PageProps } from '../parts/page.tsx';
import { SiteLink } from '../parts/place-links.tsx';
import { Reading, Skeleton } from '../parts/reading.tsx';
import { BulkButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { kiosksAt, siteOf, sites } from '../state/places.ts';
import type { Role } from '../state/session.ts';
import { AlertBadges, bytes, cameraLabel } from './fleet/alerts.tsx';
import { KioskPage } from './fleet/kiosk.tsx';
import { SettingsForm, SettingsHistory, settingsText } from './fleet/settings-form.tsx';
import { KioskStaffPage } from './fleet/site-staff.tsx';

/** Polling interval, ms. A kiosk reports changes within seconds. Reading concerns no person, so it adds no audit row. */
const EVERY_MS = 5_000;

export function Fleet({ role, rest }: PageProps) {
  const [first] = rest;
  if (first === 'templates') return <TemplatesPage role={role} />;
  if (first === 'staff') return <KioskStaffPage role={role} />;
  return first ? <KioskPage key={first} device={first} role={role} /> : <List role={role} />;
}

const FILTERS = ['site', 'alert', 'version', 'name'] as const;

function List({ role }: Pick<PageProps, 'role'>) {
  const [site, alert, version, name] = FILTERS.map((filter) => filterOf(filter).value);
  const found = useAll(listFleet, { query: { site, alert, version, name } }, EVERY_MS);
  const kiosks = found.value?.items;
  const page = found.value?.first;
  const versions = Object.keys(page?.summary.versions ?? {}).sort();
  return (
    <PageFrame
      of="fleet"
      actions={
        <>
          <Button onClick={() => go('fleet/staff')}>{t('kioskStaff.nav')}</Button>
          <Button onClick={() => go('fleet/templates')}>{t('fleet.templates')}</Button>
        </>
      }
    >
      <ErrorNote error={found.error} onRetry={found.reload} />
      {page && <Summary page={page} chosen={alert} />}
      <FilterBar names={FILTERS}>
        <TextField label={t('fleet.name')} type="search" maxLength={80} dir="auto" {...filterOf('name')} />
        <SiteField any />
        <SelectFilter
          name="alert"
          label={t('fleet.trouble')}
          options={AlertCode.options.map((code) => [code, t(`fleet.alert.${code}`)])}
        />
        <SelectFilter name="version" label={t('fleet.version')} options={versions.map((v) => [v, v])} />
      </FilterBar>
      <div class="card table-card" aria-busy={found.loading}>
        {!page && found.loading && <Skeleton rows={6} />}
        {kiosks?.length === 0 && <Empty title={t('fleet.none')} text={t('fleet.noneText')} icon={<IconRepair />} />}
        {kiosks && kiosks.length > 0 && <Kiosks kiosks={kiosks} admin={role === 'admin'} onDone={found.reload} />}
      </div>
    </PageFrame>
  );
}

/** The number of healthy kiosks, and a button for each kind of problem. */
function Summary({ page, chosen }: { page: FleetPage; chosen: string }) {
  const { kiosks, well, alerts } = page.summary;
  return (
    <section class="fleet-summary" aria-label={t('fleet.summary')}>
      <p class="fleet-well">
        <strong class="tabular">{t('fleet.well', { well, count: kiosks })}</strong>
      </p>
      {AlertCode.options
        .filter((code) => alerts[code])
        .map((code) => (
          <button
            key={code}
            type="button"
            class="fleet-alert"
            aria-pressed={chosen === code}
            onClick={() => setQuery({ alert: chosen === code ? null : code })}
          >
            {t(`fleet.alert.${code}`)} <span class="tabular">{alerts[code]}</span>
          </button>
        ))}
    </section>
  );
}

const siteName = (k: FleetKiosk): string | null => siteOf(k.site)?.name ?? null;

function Kiosks({ kiosks, admin, onDone }: { kiosks: readonly FleetKiosk[]; admin: boolean; onDone: () => void }) {
  return (
    <DataTable
      id="fleet"
      search={null}
      caption={t('fleet.nav')}
      rows={kiosks}
      rowKey={(k) => k.id}
      bulk={
        admin &&
        ((chosen) =>
          (['restart', 'logs'] as const).map((what) => (
            <BulkButton
              key={what}
              label={t(`fleet.command.${what}`)}
              rows={chosen}
              nameOf={(k) => k.name}
              write={(k) => api(commandKiosk, { params: { device: k.id }, body: { what } })}
              ask={{ title: t(`fleet.command.${what}`), text: t('fleet.bulkText', { count: chosen.length }) }}
              done={onDone}
            />
          )))
      }
      columns={{
        name: kioskColumn(t('fleet.name'), 'id'),
        state: { label: t('fleet.state'), sort: (k) => k.alerts.length, cell: (k) => <AlertBadges kiosk={k} /> },
        site: {
          when: sites.value.length > 1,
          label: t('people.site'),
          sort: siteName,
          cell: (k) => <SiteLink id={k.site} />,
        },
        heard: { label: t('devices.heard'), sort: (k) => k.lastHeardAt, cell: (k) => <Ago at={k.lastHeardAt} /> },
        version: { label: t('fleet.version'), sort: (k) => k.report?.version ?? null },
        camera: { label: t('fleet.camera'), cell: (k) => cameraLabel(k.report?.camera) },
        disk: {
          label: t('fleet.disk'),
          numeric: true,
          sort: (k) => k.report?.diskFree ?? null,
          cell: (k) => bytes(k.report?.diskFree ?? null),
        },
        queue: {
          label: t('fleet.queue'),
          numeric: true,
          sort: (k) => k.report?.queued ?? null,
          total: (all) => all.reduce((sum, k) => sum + (k.report?.queued ?? 0), 0),
          cell: (k) => k.report?.queued ?? '–',
        },
      }}
    />
  );
}

/** Settings a template may have. The name is excluded: a site's kiosks do not share one. */
const NAMES = ['direction', 'language', 'theme', 'volume', 'low', 'trialMinutes'] as const;

function TemplatesPage({ role }: { role: Role }) {
  const found = useRead(listSettingsTemplates);
  return (
    <PageFrame
      title={t('fleet.templates')}
      lead={t('fleet.templatesLead')}
      actions={<BackButton to="fleet">{t('fleet.back')}</BackButton>}
    >
      <Reading of={found} rows={6} />
      {found.value?.items.map((one) => (
        <OneSite key={`${one.site} ${one.revision}`} template={one} admin={role === 'admin'} onChange={found.reload} />
      ))}
    </PageFrame>
  );
}

function OneSite({ template, admin, onChange }: { template: TemplateOf; admin: boolean; onChange: () => void }) {
  const params = { site: template.site };
  return (
    <Panel
      title={<bdi>{template.name}</bdi>}
      aside={
        admin && (
          <DialogButton
            label={t('people.edit')}
            of={template.name}
            title={t('fleet.templateOf', { site: template.name })}
          >
            <SettingsForm
              settings={template.settings}
              names={NAMES}
              kiosks={kiosksAt([template.site])}
              write={(settings) => api(setSettingsTemplate, { params, body: { settings, after: template.revision } })}
              done={onChange}
            />
          </DialogButton>
        )
      }
    >
      <p>{settingsText(template.settings)}</p>
      {template.history.length > 0 && (
        <SettingsHistory
          history={template.history}
          kiosks={kiosksAt([template.site])}
          mayRevert={admin}
          revert={(revision) => api(revertSettingsTemplate, { params, body: { revision } })}
          done={onChange}
        />
      )}
    </Panel>
  );
}
