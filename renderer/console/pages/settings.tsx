import { useState } from 'preact/hooks';
import { getSiteHistory, getSitePolicy, getSitePolicyHistory } from '../../../sync/protocol/api/sites.ts';
import { Button } from '../../shared/button.tsx';
import { api } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { ErrorNote, SelectField } from '../../shared/web/form.tsx';
import { useResource } from '../../shared/web/resource.ts';
import { t } from '../i18n.ts';
import { filterOf } from '../parts/filters.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Skeleton } from '../parts/table.tsx';
import { loadPlaces, siteOf, sites } from '../state/places.ts';
import type { PageProps } from './page.ts';
import { History } from './settings/history.tsx';
import { EditPolicy } from './settings/policy.tsx';
import { AddSite, Calendar } from './settings/site.tsx';

/** How the kiosks of a site behave, and what was changed of it, and who did it. */
export function Settings({ role }: PageProps) {
  const chosen = filterOf('site');
  const site = siteOf(chosen.value || null);
  const id = site?.id ?? null;
  const policy = useResource(id, (signal) => api(getSitePolicy, { params: { site: id! }, signal }));
  const history = useResource(id && `${id} history`, (signal) =>
    api(getSitePolicyHistory, { params: { site: id! }, signal }),
  );
  const calendar = useResource(id && `${id} calendar`, (signal) =>
    api(getSiteHistory, { params: { site: id! }, signal }),
  );
  const [adding, setAdding] = useState(false);
  const mayWrite = role !== 'auditor';
  const reload = () => {
    policy.reload();
    history.reload();
    calendar.reload();
  };
  return (
    <PageFrame
      title={t('settings.nav')}
      lead={t('settings.lead')}
      actions={role === 'admin' && <Button onClick={() => setAdding(true)}>{t('settings.addSite')}</Button>}
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
      <ErrorNote error={policy.error ?? history.error ?? calendar.error} onRetry={reload} />
      {!policy.value && policy.loading && <Skeleton rows={8} />}
      {site && policy.value && (
        <EditPolicy key={id} site={site.id} found={policy.value} mayWrite={mayWrite} onReload={reload} />
      )}
      {site && (
        <Calendar
          key={`${site.id} ${site.timeZone} ${site.dayStartsAt}`}
          site={site}
          mayWrite={role === 'admin'}
          onDone={calendar.reload}
        />
      )}
      {site && history.value && calendar.value && (
        <History site={site} policy={history.value.items} calendar={calendar.value.items} role={role} onDone={reload} />
      )}
      {adding && (
        <Dialog title={t('settings.addSite')} onClose={() => setAdding(false)}>
          <AddSite onDone={() => void loadPlaces()} />
        </Dialog>
      )}
    </PageFrame>
  );
}
