import { addIncidentNote, type Incident } from '../../../../sync/protocol/api/incidents.ts';
import { Button } from '../../../shared/button.tsx';
import { listed } from '../../../shared/i18n.ts';
import { api } from '../../../shared/web/api.ts';
import { AreaField, ErrorNote, Form, useField } from '../../../shared/web/form.tsx';
import { Panel } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.tsx';
import { hasSentence, t } from '../../i18n.ts';
import { codeLabel, Email, Moment } from '../../parts/labels.tsx';
import { Conditions } from './scope.tsx';

/** The events of an incident, oldest first, and a form to add a note. */
export function Timeline({ incident, may, onDone }: { incident: Incident; may: boolean; onDone: () => void }) {
  return (
    <Panel title={t('incidents.timeline')}>
      <ol class="timeline">
        {incident.timeline.map((entry) => (
          <li key={entry.id}>
            <Moment at={entry.at} />
            <div>
              <p class="setting-name">{codeLabel('incidents.entry', entry.kind)}</p>
              <EntryText entry={entry} />
              <p class="muted small">
                {codeLabel('audit.roles', entry.byRole)} {entry.byEmail && <Email of={entry.byEmail} />}
              </p>
            </div>
          </li>
        ))}
      </ol>
      {may && <AddNote id={incident.id} onDone={onDone} />}
    </Panel>
  );
}

/** An entry's text, with field names and moments formatted for the reader. */
function EntryText({ entry: { kind, text } }: { entry: Incident['timeline'][number] }) {
  switch (kind) {
    case 'closed':
      return null;
    case 'changed':
      return <p>{listed(text.split(', ').map(fieldLabel))}</p>;
    case 'authority-notified':
    case 'people-notified':
      return <p>{text ? <Moment at={text} /> : t('incidents.takenBack')}</p>;
    case 'contained':
      return (
        <p lang="en" dir="ltr">
          {text}
        </p>
      );
    case 'scope':
    case 'scope-removed':
      return <Conditions of={JSON.parse(text)} />;
    default:
      return <p dir="auto">{text}</p>;
  }
}

const fieldLabel = (field: string): string => {
  const known = ['incidents.text', 'incidents'].map((at) => `${at}.${field}`).find(hasSentence);
  return known ? t(known) : field;
};

function AddNote({ id, onDone }: { id: string; onDone: () => void }) {
  const text = useField('');
  const { busy, error, run } = useWrite();
  const submit = () =>
    run(() => api(addIncidentNote, { params: { incident: id }, body: { text: text.value } }), {
      done: () => {
        text.onValue('');
        onDone();
      },
    });
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <AreaField label={t('incidents.note')} required maxLength={10_000} {...text} />
      <ErrorNote error={error} />
      <div class="actions">
        <Button label={t('incidents.addNote')} submit disabled={busy || !text.value.trim()} />
      </div>
    </Form>
  );
}
