import { useState } from 'preact/hooks';
import { listIncidents, OpenIncident, openIncident } from '../../../sync/protocol/api/incidents.ts';
import { Button } from '../../shared/button.tsx';
import { api } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { AreaField, SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { usePages } from '../../shared/web/resource.ts';
import { go } from '../../shared/web/router.ts';
import { WriteForm } from '../../shared/web/write-form.tsx';
import { t } from '../i18n.ts';
import { Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { PagedTable } from '../parts/table.tsx';
import { zoneOf } from '../state/places.ts';
import { instantAt } from '../state/zone.ts';
import { ClockBadge } from './incidents/clock.tsx';
import { IncidentView } from './incidents/one.tsx';
import type { PageProps } from './page.ts';

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

export function Incidents({ rest: [id], role }: PageProps) {
  return id ? <IncidentView key={id} id={id} role={role} /> : <List mayOpen={role !== 'auditor'} />;
}

/** Breaches, each with its 72 hours. */
function List({ mayOpen }: { mayOpen: boolean }) {
  const pages = usePages(listIncidents);
  const [opening, setOpening] = useState(false);
  return (
    <PageFrame
      title={t('incidents.nav')}
      lead={t('incidents.lead')}
      actions={
        mayOpen && (
          <Button kind="primary-danger" onClick={() => setOpening(true)}>
            {t('incidents.open')}
          </Button>
        )
      }
    >
      <PagedTable
        pages={pages}
        caption={t('incidents.nav')}
        rowKey={(i) => i.id}
        empty={{ title: t('incidents.none'), text: t('incidents.noneText') }}
        columns={[
          {
            label: t('incidents.title'),
            heads: true,
            cell: (i) => (
              <a class="text-link" href={`#/incidents/${i.id}`} dir="auto">
                {i.title}
              </a>
            ),
          },
          { label: t('incidents.severity'), cell: (i) => t(`incidents.is.${i.severity}`) },
          { label: t('incidents.stateLabel'), cell: (i) => t(`incidents.state.${i.state}`) },
          { label: t('incidents.clock'), cell: (i) => <ClockBadge clock={i.clock} /> },
          { label: t('incidents.foundAt'), numeric: true, cell: (i) => <Moment at={i.foundAt} /> },
        ]}
      />
      {opening && (
        <Dialog title={t('incidents.open')} onClose={() => setOpening(false)}>
          <Open />
        </Dialog>
      )}
    </PageFrame>
  );
}

function Open() {
  const zone = zoneOf();
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
    .format(new Date())
    .split(' ');
  const title = useField('');
  const description = useField('');
  const severity = useField('medium');
  const day = useField(local[0]!);
  const time = useField(local[1]!);
  const parsed = OpenIncident.safeParse({
    title: title.value,
    description: description.value,
    severity: severity.value,
    foundAt: instantAt(day.value, time.value, zone),
  });
  return (
    <WriteForm
      write={() => api(openIncident, { body: parsed.data! })}
      done={(value) => go(`incidents/${value.id}`)}
      ready={parsed.success}
      action={t('incidents.open')}
      danger
    >
      <p>{t('incidents.openText')}</p>
      <TextField label={t('incidents.title')} required maxLength={200} dir="auto" {...title} />
      <AreaField label={t('incidents.text.description')} {...description} />
      <SelectField
        label={t('incidents.severity')}
        {...severity}
        options={SEVERITIES.map((s) => [s, t(`incidents.is.${s}`)])}
      />
      <div class="beside">
        <TextField label={t('incidents.foundDay')} type="date" required dir="ltr" {...day} />
        <TextField label={t('incidents.foundTime')} type="time" required dir="ltr" {...time} />
      </div>
    </WriteForm>
  );
}
