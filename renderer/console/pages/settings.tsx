import * as siteApi from '../../../sync/protocol/api/sites.ts';
import { Button } from '../../shared/button.tsx';
import { api } from '../../shared/web/api.ts';
import { ErrorNote, Form, SelectField, Submit, TextField, useFields } from '../../shared/web/form.tsx';
import { Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { go } from '../../shared/web/router.ts';
import { keyOr, t } from '../i18n.ts';
import { filterOf } from '../parts/filters.tsx';
import { codeLabel, Moment } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { RowButton, Skeleton } from '../parts/table.tsx';
import { useUnsaved } from '../parts/unsaved.ts';
import { loadPlaces, siteOf, sites } from '../state/places.ts';
import type { Role } from '../state/session.ts';
import { EditPolicy } from './settings/policy.tsx';

/** How the kiosks of a site behave, and what was changed of it, and who did it. */
export function Settings({ role }: PageProps) {
  const chosen = filterOf('site');
  const site = siteOf(chosen.value || null);
  return (
    <PageFrame
      of="settings"
      actions={site && <Button label={t('sites.open')} onClick={() => go(`sites/${site.id}`)} />}
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

function OfSite({ site, role }: { site: siteApi.Site; role: Role }) {
  const params = { site: site.id };
  const policy = useRead(siteApi.getSitePolicy, { params });
  const history = useRead(siteApi.getSitePolicyHistory, { params });
  const calendar = useRead(siteApi.getSiteHistory, { params });
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

/** A change of the policy, or of the site itself, as the list has it. */
type Line = (siteApi.PolicyChange | siteApi.SiteChange) & { readonly of: 'policy' | 'site' };

const LISTS: ReadonlySet<string> = new Set(['checkinMethods', 'withFace']);
const CHOICES: ReadonlySet<string> = new Set(['faces', 'templates', 'watchScreens']);

/** A setting's value as its page calls it. */
export function valueLabel(name: string, value: unknown): string {
  if (value === undefined || value === '') return '–';
  if (LISTS.has(name))
    return (value as string[]).map((method) => codeLabel('settings.method', method)).join(', ') || '–';
  if (name === 'liveness' || name === 'lightChallenge') return codeLabel(`settings.${name}Of`, String(value));
  return CHOICES.has(name) ? codeLabel('settings', String(value)) : String(value);
}

const nameLabel = (name: string): string => (name === 'name' ? t('settings.siteName') : codeLabel('settings', name));

/** Contacts are settings of their own on the page. */
const flat = (of: object): Record<string, unknown> => {
  const { privacy, ...rest } = of as Record<string, unknown>;
  return { ...rest, ...(privacy as object | undefined) };
};

/** What differs between two, by name. */
function differences(before: object, after: object): [name: string, before: string, after: string][] {
  const [was, is] = [flat(before), flat(after)];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) => {
    const [one, other] = [valueLabel(name, was[name]), valueLabel(name, is[name])];
    return one === other ? [] : [[name, one, other] as [string, string, string]];
  });
}

/** Whether this page can take it back: name and zone of the default site are the server's own configuration. */
function undoable(line: Line, site: siteApi.Site, role: Role): boolean {
  if (line.of === 'policy') return role !== 'auditor';
  const configured = site.isDefault && differences(line.before, line.after).some(([name]) => name !== 'dayStartsAt');
  return role === 'admin' && !configured;
}

interface HistoryProps {
  site: siteApi.Site;
  policy: readonly siteApi.PolicyChange[];
  calendar: readonly siteApi.SiteChange[];
  role: Role;
  onDone: () => void;
}

/** What was changed of a site and of its policy, who did it, and a way back. */
function History({ site, policy, calendar, role, onDone }: HistoryProps) {
  const { busy, error, run } = useWrite();
  const lines: Line[] = [
    ...policy.map((change) => ({ ...change, of: 'policy' as const })),
    ...calendar.map((change) => ({ ...change, of: 'site' as const })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  const revert = ({ id, of }: Line) => {
    const input = { params: { site: site.id }, body: { change: id } };
    const text = t(of === 'policy' ? 'settings.revertText' : 'settings.revertCalendarText');
    return run<unknown>(
      () => (of === 'policy' ? api(siteApi.revertSitePolicy, input) : api(siteApi.revertSite, input)),
      {
        ask: { title: t('settings.revert'), text },
        say: () => t('settings.reverted'),
        done: () => (of === 'site' ? loadPlaces().then(onDone) : onDone()),
      },
    );
  };
  return (
    <Panel title={t('settings.history')}>
      <ErrorNote error={error} />
      {lines.length === 0 && <p class="muted">{t('settings.noHistory')}</p>}
      <ul>
        {lines.map((line) => (
          <li key={line.id} class="setting">
            <div id={`change-${line.id}`}>
              {differences(line.before, line.after).map(([name, before, after]) => (
                <p key={name}>
                  <span class="setting-name">{nameLabel(name)}</span> {t('settings.fromTo', { before, after })}
                </p>
              ))}
              <p class="muted small">
                <bdi>{line.email ?? t(keyOr(`settings.by.${line.by}`, 'settings.by.account'))}</bdi> ·{' '}
                <Moment at={line.at} />
              </p>
            </div>
            {undoable(line, site, role) && (
              <RowButton of={`change-${line.id}`} disabled={busy} onClick={() => void revert(line)}>
                {t('settings.revert')}
              </RowButton>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** By what days of a site are counted: its zone, and when on the wall its day starts. */
function Calendar({ site, mayWrite, onDone }: { site: siteApi.Site; mayWrite: boolean; onDone: () => void }) {
  const { values, field } = useFields(site as Pick<siteApi.Site, 'timeZone' | 'dayStartsAt'>);
  const dayStartsAt = values.dayStartsAt;
  const timeZone = values.timeZone.trim();
  const { busy, error, run } = useWrite();
  // The default site's zone is the server's own configuration.
  const patch = siteApi.SitePatch.safeParse({
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
    void run(() => api(siteApi.changeSite, { params: { site: site.id }, query, body: patch.data }), {
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
