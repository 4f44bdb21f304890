import { changeSite, createSite, NewSite, type Site, SitePatch } from '../../../../sync/protocol/api/sites.ts';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, Form, Submit, TextField, useFields } from '../../../shared/web/form.tsx';
import { Panel } from '../../../shared/web/pieces.tsx';
import { useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { useUnsaved } from '../../parts/unsaved.ts';
import { loadPlaces } from '../../state/places.ts';

/** By what days of a site are counted: its zone, and when on the wall its day starts. */
export function Calendar({ site, mayWrite, onDone }: { site: Site; mayWrite: boolean; onDone: () => void }) {
  const { values, field } = useFields(site as Pick<Site, 'timeZone' | 'dayStartsAt'>);
  const dayStartsAt = values.dayStartsAt;
  const timeZone = values.timeZone.trim();
  const { busy, error, run } = useWrite();
  // The default site's zone is the server's own configuration.
  const patch = SitePatch.safeParse({
    ...(dayStartsAt !== site.dayStartsAt && { dayStartsAt }),
    ...(timeZone !== site.timeZone && { timeZone }),
  });
  const same = dayStartsAt === site.dayStartsAt && timeZone === site.timeZone;
  useUnsaved(!same);
  const submit = () => {
    if (!patch.success || same) return;
    // Days that someone else has set meanwhile are not written over unseen.
    const query = { change: site.change ?? 'none' };
    const action = t('settings.saveCalendar');
    void run(() => api(changeSite, { params: { site: site.id }, query, body: patch.data }), {
      ask: { title: t('settings.calendar'), text: t('settings.calendarSure'), action },
      say: () => t('settings.saved'),
      done: () => loadPlaces().then(onDone),
    });
  };
  return (
    <Panel title={t('settings.calendar')}>
      <p class="muted small">{t('settings.calendarText')}</p>
      <Form class="stack" onSubmit={submit}>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <TextField
            type="time"
            dir="ltr"
            label={t('settings.dayStartsAt')}
            hint={t('settings.dayStartsAtHint')}
            required
            {...field('dayStartsAt')}
          />
          <TextField
            label={t('settings.timeZone')}
            hint={t(site.isDefault ? 'settings.timeZoneConfigured' : 'settings.timeZoneHint')}
            required
            readOnly={site.isDefault}
            dir="ltr"
            {...field('timeZone')}
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
    </Panel>
  );
}

export function AddSite({ onDone }: { onDone: () => void }) {
  const { values, field } = useFields({ name: '', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone });
  const parsed = NewSite.safeParse(values);
  return (
    <WriteForm
      write={() => api(createSite, { body: parsed.data! })}
      say={() => t('settings.siteAdded')}
      done={onDone}
      ready={parsed.success}
      action={t('settings.addSite')}
    >
      <TextField label={t('settings.siteName')} required maxLength={80} dir="auto" {...field('name')} />
      <TextField
        label={t('settings.timeZone')}
        hint={t('settings.timeZoneHint')}
        required
        dir="ltr"
        {...field('timeZone')}
      />
    </WriteForm>
  );
}
