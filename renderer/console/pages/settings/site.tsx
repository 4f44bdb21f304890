import { useState } from 'preact/hooks';
import { changeSite, createSite, NewSite, type Site, SitePatch } from '../../../../sync/protocol/api/sites.ts';
import { api } from '../../../shared/web/api.ts';
import { confirm } from '../../../shared/web/confirm.tsx';
import { ErrorNote, Form, Submit, TextField } from '../../../shared/web/form.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
import { t } from '../../i18n.ts';
import { useUnsaved } from '../../parts/unsaved.ts';
import { loadPlaces } from '../../state/places.ts';

/** By what days of a site are counted: its zone, and when on the wall its day starts. */
export function Calendar({ site, mayWrite, onDone }: { site: Site; mayWrite: boolean; onDone: () => void }) {
  const [timeZone, setZone] = useState(site.timeZone);
  const [dayStartsAt, setStart] = useState(site.dayStartsAt);
  const { busy, error, run } = useWrite();
  // The default site's zone is the server's own configuration.
  const patch = SitePatch.safeParse({
    ...(dayStartsAt !== site.dayStartsAt && { dayStartsAt }),
    ...(timeZone.trim() !== site.timeZone && { timeZone: timeZone.trim() }),
  });
  const same = dayStartsAt === site.dayStartsAt && timeZone.trim() === site.timeZone;
  useUnsaved(!same);
  const submit = async () => {
    if (!patch.success || same) return;
    const action = t('settings.saveCalendar');
    if (!(await confirm({ title: t('settings.calendar'), text: t('settings.calendarSure'), action }))) return;
    // Days that someone else has set meanwhile are not written over unseen.
    const query = { change: site.change ?? 'none' };
    const done = await run(() => api(changeSite, { params: { site: site.id }, query, body: patch.data }));
    if (!done?.ok) return;
    await loadPlaces();
    onDone();
    toast(() => t('settings.saved'));
  };
  return (
    <section class="card panel">
      <h2>{t('settings.calendar')}</h2>
      <p class="muted small">{t('settings.calendarText')}</p>
      <Form class="stack" onSubmit={() => void submit()}>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <TextField
            type="time"
            dir="ltr"
            label={t('settings.dayStartsAt')}
            hint={t('settings.dayStartsAtHint')}
            required
            value={dayStartsAt}
            onValue={setStart}
          />
          <TextField
            label={t('settings.timeZone')}
            hint={t(site.isDefault ? 'settings.timeZoneConfigured' : 'settings.timeZoneHint')}
            required
            readOnly={site.isDefault}
            dir="ltr"
            value={timeZone}
            onValue={setZone}
          />
        </fieldset>
        <ErrorNote error={error} />
        {!patch.success && (
          <p class="field-error" role="alert">
            {t('settings.calendarWrong')}
          </p>
        )}
        {mayWrite && <Submit disabled={busy || !patch.success || same}>{t('settings.saveCalendar')}</Submit>}
      </Form>
    </section>
  );
}

export function AddSite({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [timeZone, setZone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const { busy, error, run } = useWrite();
  const parsed = NewSite.safeParse({ name, timeZone });
  const submit = async () => {
    if (!parsed.success) return;
    const done = await run(() => api(createSite, { body: parsed.data }));
    if (done?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <ErrorNote error={error} />
      <TextField label={t('settings.siteName')} required maxLength={80} dir="auto" value={name} onValue={setName} />
      <TextField
        label={t('settings.timeZone')}
        hint={t('settings.timeZoneHint')}
        required
        dir="ltr"
        value={timeZone}
        onValue={setZone}
      />
      <Submit disabled={busy || !parsed.success}>{t('settings.addSite')}</Submit>
    </Form>
  );
}
