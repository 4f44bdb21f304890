import { useState } from 'preact/hooks';
import { listIncidents, OpenIncident, openIncident } from '../../../sync/protocol/api/incidents.ts';
import { Button } from '../../shared/button.tsx';
import { IconShield } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { AreaField, ErrorNote, Form, SelectField, Submit, TextField } from '../../shared/web/form.tsx';
import { usePages, useWrite } from '../../shared/web/resource.ts';
import { go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { PagedTable } from '../parts/table.tsx';
import { zoneOf } from '../state/places.ts';
import { instantAt } from '../state/zone.ts';
import { ClockBadge } from './incidents/clock.tsx';
import { IncidentView } from './incidents/one.tsx';
import type { ConsolePage, PageProps } from './page.ts';

export const incidentsPage: ConsolePage = {
  path: 'incidents',
  group: 'privacy',
  Icon: IconShield,
  roles: ['admin', 'dpo', 'auditor'],
  View: Incidents,
};

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

function Incidents({ rest: [id], role }: PageProps) {
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
            key: 'title',
            label: t('incidents.title'),
            heads: true,
            cell: (i) => (
              <a class="text-link" href={`#/incidents/${i.id}`} dir="auto">
                {i.title}
              </a>
            ),
          },
          { key: 'severity', label: t('incidents.severity'), cell: (i) => t(`incidents.is.${i.severity}`) },
          { key: 'state', label: t('incidents.stateLabel'), cell: (i) => t(`incidents.state.${i.state}`) },
          { key: 'clock', label: t('incidents.clock'), cell: (i) => <ClockBadge clock={i.clock} /> },
          { key: 'found', label: t('incidents.foundAt'), numeric: true, cell: (i) => <Moment at={i.foundAt} /> },
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
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [severity, setSeverity] = useState('medium');
  const [day, setDay] = useState(local[0]!);
  const [time, setTime] = useState(local[1]!);
  const { busy, error, run } = useWrite();
  const parsed = OpenIncident.safeParse({ title, description, severity, foundAt: instantAt(day, time, zone) });
  const submit = async () => {
    if (!parsed.success) return;
    const made = await run(() => api(openIncident, { body: parsed.data }));
    if (made?.ok) go(`incidents/${made.value.id}`);
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <p>{t('incidents.openText')}</p>
      <ErrorNote error={error} />
      <TextField label={t('incidents.title')} required maxLength={200} dir="auto" value={title} onValue={setTitle} />
      <AreaField label={t('incidents.text.description')} value={description} onValue={setDescription} />
      <SelectField
        label={t('incidents.severity')}
        value={severity}
        onValue={setSeverity}
        options={SEVERITIES.map((s) => [s, t(`incidents.is.${s}`)])}
      />
      <div class="beside">
        <TextField label={t('incidents.foundDay')} type="date" required dir="ltr" value={day} onValue={setDay} />
        <TextField label={t('incidents.foundTime')} type="time" required dir="ltr" value={time} onValue={setTime} />
      </div>
      <Submit danger disabled={busy || !parsed.success}>
        {t('incidents.open')}
      </Submit>
    </Form>
  );
}
