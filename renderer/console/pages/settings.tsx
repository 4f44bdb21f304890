import { getSiteHistory, getSitePolicy, getSitePolicyHistory, type Site } from '../../../sync/protocol/api/sites.ts';
import { ErrorNote, SelectField } from '../../shared/web/form.tsx';
import { DialogButton } from '../../shared/web/pieces.tsx';
import { useRead } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { filterOf } from '../parts/filters.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { Skeleton } from '../parts/table.tsx';
import { loadPlaces, siteOf, sites } from '../state/places.ts';
import type { Role } from '../state/session.ts';
import { History } from './settings/history.tsx';
import { EditPolicy } from './settings/policy.tsx';
import { AddSite, Calendar } from './settings/site.tsx';

/** How the kiosks of a site behave, and what was changed of it, and who did it. */
export function Settings({ role }: PageProps) {
  const chosen = filterOf('site');
  const site = siteOf(chosen.value || null);
  return (
    <PageFrame
      title={t('settings.nav')}
      lead={t('settings.lead')}
      actions={
        role === 'admin' && (
          <DialogButton label={t('settings.addSite')}>
            <AddSite onDone={() => void loadPlaces()} />
          </DialogButton>
        )
      }
    >
      {sites.value.length > 1 && (
        <div class="filters">
          <SelectField
            label={t('people.site')}
            {...chosen}
            options={sites.value.map((s) => [s.isDefault ? '' : s.id, s.name])}
          />
        </div>
      )}
      {site ? <OfSite key={site.id} site={site} role={role} /> : <Skeleton rows={8} />}
    </PageFrame>
  );
}

function OfSite({ site, role }: { site: Site; role: Role }) {
  const params = { site: site.id };
  const policy = useRead(getSitePolicy, { params });
  const history = useRead(getSitePolicyHistory, { params });
  const calendar = useRead(getSiteHistory, { params });
  const reload = () => {
    policy.reload();
    history.reload();
    calendar.reload();
  };
  return (
    <>
      <ErrorNote error={policy.error ?? history.error ?? calendar.error} onRetry={reload} />
      {!policy.value && policy.loading && <Skeleton rows={8} />}
      {policy.value && (
        <EditPolicy site={site.id} found={policy.value} mayWrite={role !== 'auditor'} onReload={reload} />
      )}
      <Calendar
        key={`${site.timeZone} ${site.dayStartsAt}`}
        site={site}
        mayWrite={role === 'admin'}
        onDone={calendar.reload}
      />
      {history.value && calendar.value && (
        <History site={site} policy={history.value.items} calendar={calendar.value.items} role={role} onDone={reload} />
      )}
    </>
  );
}
