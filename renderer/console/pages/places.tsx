import { listSites } from '../../../sync/protocol/api/sites.ts';
import { IconDisplay } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useResource } from '../../shared/web/resource.ts';
import { t } from '../i18n.ts';
import { PageFrame } from '../parts/page.tsx';
import { Skeleton, Table } from '../parts/table.tsx';
import type { ConsolePage } from './page.ts';

export const placesPage: ConsolePage = {
  path: 'places',
  group: 'running',
  Icon: IconDisplay,
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  View: Places,
};

/** Sites and their calendars, to read. */
function Places() {
  const sites = useResource('places', (signal) => api(listSites, { signal }));
  return (
    <PageFrame title={t('places.nav')} lead={t('places.lead')}>
      <ErrorNote error={sites.error} />
      {!sites.value && sites.loading && <Skeleton rows={4} />}
      {sites.value && (
        <div class="card table-card">
          <Table
            caption={t('places.nav')}
            rows={sites.value.items}
            rowKey={(s) => s.id}
            columns={[
              { label: t('places.name'), heads: true, cell: (s) => <bdi>{s.name}</bdi> },
              { label: t('places.zone'), cell: (s) => <span dir="ltr">{s.timeZone}</span> },
            ]}
          />
        </div>
      )}
    </PageFrame>
  );
}
