import { listIncidents, OpenIncident, openIncident } from '../../../sync/protocol/api/incidents.ts';
import { api } from '../../shared/web/api.ts';
import { AreaField, SelectField, TextField, useFields } from '../../shared/web/form.tsx';
import { DialogButton } from '../../shared/web/pieces.tsx';
import { usePages, WriteForm } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { momentColumn } from '../parts/column.tsx';
import { MomentField, useMoment } from '../parts/moment-field.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { DataTable } from '../parts/table.tsx';
import { zoneOf } from '../state/places.ts';
import { ClockBadge, IncidentView } from './incidents/one.tsx';

export function Incidents({ rest: [id], role }: PageProps) {
  return id ? <IncidentView key={id} id={id} role={role} /> : <List mayOpen={role !== 'auditor'} />;
}

const SEVERITIES = OpenIncident.shape.severity.options;

/** Breaches, each with its 72-hour deadline. */
function List({ mayOpen }: { mayOpen: boolean }) {
  const pages = usePages(listIncidents);
  return (
    <PageFrame
      of="incidents"
      actions={
        mayOpen && (
          <DialogButton kind="primary-danger" label={t('incidents.open')}>
            <Open />
          </DialogButton>
        )
      }
    >
      <DataTable
        id="incidents"
        // The search text is not put into the address, since a title may contain someone's name.
        search="here"
        pages={pages}
        caption={t('incidents.nav')}
        rowKey={(i) => i.id}
        empty={{ title: t('incidents.none'), text: t('incidents.noneText') }}
        columns={{
          title: {
            label: t('incidents.title'),
            heads: true,
            sort: (i) => i.title,
            cell: (i) => (
              <a class="text-link" href={`#/incidents/${i.id}`} dir="auto">
                {i.title}
              </a>
            ),
          },
          severity: {
            label: t('incidents.severity'),
            sort: (i) => SEVERITIES.indexOf(i.severity),
            choice: (i) => [i.severity, t(`incidents.is.${i.severity}`)],
          },
          state: { label: t('incidents.stateLabel'), choice: (i) => [i.state, t(`incidents.state.${i.state}`)] },
          clock: {
            label: t('incidents.clock'),
            sort: (i) => i.clock.dueAt,
            cell: (i) => <ClockBadge clock={i.clock} />,
          },
          foundAt: momentColumn(t('incidents.foundAt'), 'foundAt'),
        }}
      />
    </PageFrame>
  );
}

function Open() {
  const { values, field } = useFields({ title: '', description: '', severity: 'medium' }, OpenIncident);
  const found = useMoment(new Date().toISOString(), zoneOf());
  const parsed = OpenIncident.safeParse({ ...values, foundAt: found.at });
  return (
    <WriteForm
      write={() => api(openIncident, { body: parsed.data! })}
      done={(value) => go(`incidents/${value.id}`)}
      ready={parsed.success}
      action={t('incidents.open')}
      danger
    >
      <p>{t('incidents.openText')}</p>
      <TextField label={t('incidents.title')} required dir="auto" {...field('title')} />
      <AreaField label={t('incidents.text.description')} {...field('description')} />
      <SelectField
        label={t('incidents.severity')}
        {...field('severity')}
        options={SEVERITIES.map((s) => [s, t(`incidents.is.${s}`)])}
      />
      <MomentField label={t('incidents.foundAt')} required moment={found} />
    </WriteForm>
  );
}
