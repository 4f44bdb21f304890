import { useState } from 'preact/hooks';
import {
  listSettingsTemplates,
  revertSettingsTemplate,
  setSettingsTemplate,
  type Template as TemplateOf,
} from '../../../../sync/protocol/api/fleet.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { useResource, useWrite } from '../../../shared/web/resource.ts';
import { t } from '../../i18n.ts';
import { BackButton, PageFrame } from '../../parts/page.tsx';
import { Reading } from '../../parts/table.tsx';
import type { Role } from '../../state/session.ts';
import { SettingsForm, SettingsHistory, settingsText } from './settings-form.tsx';

/** What a kiosk is called is its own: a site's kiosks do not share a name. */
const NAMES = ['direction', 'language', 'theme', 'volume', 'low', 'trialMinutes'] as const;

/** Settings that the kiosks of each site inherit. */
export function TemplatesPage({ role }: { role: Role }) {
  const found = useResource('templates', (signal) => api(listSettingsTemplates, { signal }));
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
  const [editing, setEditing] = useState(false);
  const { error, run } = useWrite();
  const params = { site: template.site };
  const putBack = (revision: number) =>
    run(() => api(revertSettingsTemplate, { params, body: { revision } }), {
      say: () => t('fleet.saved'),
      done: onChange,
    });
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>
          <bdi>{template.name}</bdi>
        </h2>
        {admin && <Button onClick={() => setEditing(true)}>{t('people.edit')}</Button>}
      </div>
      <p>{settingsText(template.settings)}</p>
      <ErrorNote error={error} />
      {template.history.length > 0 && (
        <SettingsHistory history={template.history} onBack={admin ? (r) => void putBack(r) : undefined} />
      )}
      {editing && (
        <Dialog title={t('fleet.templateOf', { site: template.name })} onClose={() => setEditing(false)}>
          <SettingsForm
            settings={template.settings}
            names={NAMES}
            write={(settings) => api(setSettingsTemplate, { params, body: { settings, after: template.revision } })}
            done={onChange}
          />
        </Dialog>
      )}
    </section>
  );
}
