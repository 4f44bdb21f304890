import { listAttention } from '../../../sync/protocol/api/attention.ts';
import { listFleet } from '../../../sync/protocol/api/fleet.ts';
import { getEvacuation, listPresence } from '../../../sync/protocol/api/presence.ts';
import * as siteApi from '../../../sync/protocol/api/sites.ts';
import { Button } from '../../shared/button.tsx';
import { IconExit, IconPeople, IconSettings } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { ErrorNote, TextField, useFields } from '../../shared/web/form.tsx';
import { Badge, DialogButton, Fact, Panel } from '../../shared/web/pieces.tsx';
import { useAll, useRead, WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { Ago } from '../parts/labels.tsx';
import { DayStartField } from '../parts/moment-field.tsx';
import { BackButton, PageFrame, type PageProps } from '../parts/page.tsx';
import { PersonLink } from '../parts/person-fields.tsx';
import { KioskLink, SiteLink } from '../parts/place-links.tsx';
import { Reading, Skeleton } from '../parts/reading.tsx';
import { DataTable } from '../parts/table.tsx';
import { kiosks, loadPlaces, siteOf, sites } from '../state/places.ts';
import { itemLabel } from './attention.tsx';
import { AlertBadges } from './fleet/alerts.tsx';
import { valueLabel } from './settings/declared.ts';

/** Polling interval of who is inside, ms. Each read adds everybody shown to the audit log. */
const EVERY_MS = 60_000;
/** Number of people and items shown here. The rest are on their own page. */
const SHOWN = 8;

/** All sites, or the one in the address. */
export function Sites({ rest: [id], role }: PageProps) {
  if (id === undefined) return <List mayAdd={role === 'admin'} />;
  const site = sites.value.find((s) => s.id === id);
  const title = site?.name ?? t('sites.nav');
  const ofPeople = role !== 'auditor';
  return (
    <PageFrame title={title} actions={<BackButton to="sites">{t('sites.back')}</BackButton>}>
      {!site && (sites.value.length === 0 ? <Skeleton rows={6} /> : <p class="muted">{t('sites.unknown')}</p>)}
      {site && (
        <div class="columns" key={site.id}>
          <FactsPanel site={site} mayOpen={role !== 'staff'} />
          {ofPeople && <InsidePanel site={site} />}
          <KiosksPanel site={site} />
          {ofPeople && <AttentionPanel site={site} />}
        </div>
      )}
    </PageFrame>
  );
}

const kiosksOf = (site: siteApi.Site) => kiosks.value.filter((k) => siteOf(k.site)?.id === site.id);

function List({ mayAdd }: { mayAdd: boolean }) {
  return (
    <PageFrame
      of="sites"
      actions={
        mayAdd && (
          <DialogButton kind="primary" label={t('settings.addSite')}>
            <AddSite onDone={() => void loadPlaces()} />
          </DialogButton>
        )
      }
    >
      <div class="card table-card">
        {sites.value.length === 0 && <Skeleton rows={4} />}
        {sites.value.length > 0 && (
          <DataTable
            id="sites"
            caption={t('sites.nav')}
            rows={sites.value}
            rowKey={(s) => s.id}
            columns={{
              name: {
                label: t('people.site'),
                heads: true,
                sort: (s) => s.name,
                cell: (s) => (
                  <>
                    <SiteLink id={s.id} /> {s.isDefault && <Badge>{t('sites.default')}</Badge>}
                  </>
                ),
              },
              kiosks: {
                label: t('devices.nav'),
                numeric: true,
                sort: (s) => kiosksOf(s).length,
                cell: (s) => kiosksOf(s).length,
              },
              zone: {
                label: t('settings.timeZone'),
                choice: (s) => [s.timeZone, s.timeZone],
                cell: (s) => <bdi dir="ltr">{s.timeZone}</bdi>,
              },
              day: {
                label: t('settings.dayStartsAt'),
                numeric: true,
                sort: (s) => s.dayStartsAt,
                cell: (s) => <bdi dir="ltr">{s.dayStartsAt}</bdi>,
              },
            }}
          />
        )}
      </div>
    </PageFrame>
  );
}

/** The settings of the policy shown at a glance. */
const POLICY = ['checkinMethods', 'faces', 'liveness', 'templates', 'watchScreens'] as const;

function FactsPanel({ site, mayOpen }: { site: siteApi.Site; mayOpen: boolean }) {
  const found = useRead(siteApi.getSitePolicy, { params: { site: site.id } });
  const policy = found.value;
  return (
    <Panel
      title={t('settings.nav')}
      aside={policy && !policy.own && !site.isDefault && <Badge>{t('settings.inherited')}</Badge>}
    >
      <ErrorNote error={found.error} onRetry={found.reload} />
      <dl class="facts">
        <Fact name={t('settings.timeZone')} dir="ltr" value={site.timeZone} />
        <Fact name={t('settings.dayStartsAt')} dir="ltr" value={site.dayStartsAt} />
        {policy &&
          POLICY.filter((name) => policy.policy[name] !== undefined).map((name) => (
            <Fact key={name} name={t(`settings.${name}`)} value={valueLabel(name, policy.policy[name])} />
          ))}
      </dl>
      {mayOpen && (
        <div class="actions start">
          <Button
            icon={<IconSettings />}
            label={t('settings.nav')}
            onClick={() => go('settings', { site: site.isDefault ? null : site.id })}
          />
        </div>
      )}
    </Panel>
  );
}

/** Who is inside now: the number, some names, and a link to the whole list. */
function InsidePanel({ site }: { site: siteApi.Site }) {
  const query = { site: site.id };
  const found = useRead(listPresence, { query: { ...query, limit: SHOWN } }, EVERY_MS);
  const rollCall = useRead(getEvacuation, { query });
  const inside = found.value;
  return (
    <Panel
      title={t('presence.nav')}
      aside={rollCall.value?.current && <Badge kind="bad">{t('sites.rollCall')}</Badge>}
      data-at="inside"
    >
      <Reading of={found} rows={3} />
      {inside && (
        <>
          <p role="status">
            {inside.inside === 0 ? t('presence.empty') : t('presence.count', { count: inside.inside })}
          </p>
          <ul>
            {inside.items.map((row) => (
              <li key={row.person} class="setting">
                <PersonLink id={row.person} name={row.name} />
                <span class="muted small">
                  <Ago at={row.since} site={site.id} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="actions start">
        <Button icon={<IconPeople />} label={t('sites.everyone')} onClick={() => go('presence', query)} />
        <Button icon={<IconExit />} label={t('evacuation.nav')} onClick={() => go('evacuation', query)} />
      </div>
    </Panel>
  );
}

/** The site's kiosks and their health. */
function KiosksPanel({ site }: { site: siteApi.Site }) {
  const found = useAll(listFleet, { query: { site: site.id } }, EVERY_MS);
  const here = found.value?.items;
  return (
    <Panel title={t('devices.nav')} data-at="kiosks">
      <Reading of={found} rows={3} />
      {here?.length === 0 && <p class="muted">{t('sites.noKiosks')}</p>}
      <ul>
        {here?.map((kiosk) => (
          <li key={kiosk.id} class="setting">
            <KioskLink id={kiosk.id} name={kiosk.name} />
            <AlertBadges kiosk={kiosk} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Items at this site that need attention. */
function AttentionPanel({ site }: { site: siteApi.Site }) {
  const query = { site: site.id };
  const found = useRead(listAttention, { query: { ...query, limit: SHOWN } }, EVERY_MS);
  const items = found.value?.items;
  return (
    <Panel title={t('attention.nav')} data-at="attention">
      <Reading of={found} rows={2} />
      {items?.length === 0 && <p class="muted">{t('attention.none')}</p>}
      <ul>
        {items?.map((item) => (
          <li key={item.ref} class="setting">
            <div>
              <p class="setting-name">{itemLabel(item)}</p>
              <p class="muted small">
                {item.device !== null && (
                  <>
                    <KioskLink id={item.device} /> ·{' '}
                  </>
                )}
                <Ago at={item.at} site={site.id} />
              </p>
            </div>
          </li>
        ))}
      </ul>
      {items && items.length > 0 && (
        <div class="actions start">
          <Button label={t('attention.nav')} onClick={() => go('attention', query)} />
        </div>
      )}
    </Panel>
  );
}

function AddSite({ onDone }: { onDone: () => void }) {
  const { values, field } = useFields(
    { name: '', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, dayStartsAt: '00:00' },
    siteApi.NewSite,
  );
  const parsed = siteApi.NewSite.safeParse(values);
  return (
    <WriteForm
      write={() => api(siteApi.createSite, { body: parsed.data! })}
      say={() => t('settings.siteAdded')}
      of={values.name}
      done={onDone}
      ready={parsed.success}
      action={t('settings.addSite')}
    >
      <TextField label={t('settings.siteName')} required dir="auto" {...field('name')} />
      <TextField
        label={t('settings.timeZone')}
        hint={t('settings.timeZoneHint')}
        required
        dir="ltr"
        {...field('timeZone')}
      />
      <DayStartField {...field('dayStartsAt')} />
    </WriteForm>
  );
}
