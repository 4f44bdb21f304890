import { useEffect, useState } from 'preact/hooks';
import * as siteApi from '../../../sync/protocol/api/sites.ts';
import { Button } from '../../shared/button.tsx';
import { api } from '../../shared/web/api.ts';
import { ErrorNote, Form, SelectField, Submit, TextField } from '../../shared/web/form.tsx';
import { Badge, Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { chosenAgain, go } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { filterOf } from '../parts/filters.tsx';
import { Moment, whoLabel } from '../parts/labels.tsx';
import { DayStartField } from '../parts/moment-field.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { Skeleton } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { useUnsaved } from '../parts/unsaved.ts';
import { loadPlaces, siteOf, sites } from '../state/places.ts';
import type { Role } from '../state/session.ts';
import { Diff, linesOf } from './settings/diff.tsx';
import { EditPolicy, isFound, TopicPanel } from './settings/policy.tsx';

/** How a site's kiosks behave, and who changed what. */
export function Settings({ role, query }: PageProps) {
  const chosen = filterOf('site');
  const site = siteOf(chosen.value || null);
  const find = query.get('find') ?? '';
  const [search, setSearch] = useState(find);
  useEffect(() => setSearch(find), [find, chosenAgain.value]);
  return (
    <PageFrame
      of="settings"
      actions={site && <Button label={t('sites.open')} onClick={() => go(`sites/${site.id}`)} />}
    >
      <search class="filters">
        {sites.value.length > 1 && (
          <SelectField
            label={t('people.site')}
            {...chosen}
            options={sites.value.map((s) => [s.isDefault ? '' : s.id, s.name])}
          />
        )}
        <TextField type="search" label={t('settings.search')} value={search} onValue={setSearch} />
      </search>
      {site ? (
        <OfSite key={site.id} site={site} role={role} search={search} onSearch={setSearch} />
      ) : (
        <Skeleton rows={8} />
      )}
    </PageFrame>
  );
}

interface OfSiteProps {
  site: siteApi.Site;
  role: Role;
  search: string;
  onSearch: (search: string) => void;
}

function OfSite({ site, role, search, onSearch }: OfSiteProps) {
  const params = { site: site.id };
  const policy = useRead(siteApi.getSitePolicy, { params });
  const history = useRead(siteApi.getSitePolicyHistory, { params });
  const calendar = useRead(siteApi.getSiteHistory, { params });
  const inCalendar = isFound(
    search,
    ...(['calendar', 'calendarText', 'dayStartsAt', 'timeZone'] as const).map((name) => t(`settings.${name}`)),
  );
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
        <>
          {!site.isDefault && !policy.value.own && (
            <p>
              <Badge>{t('settings.inherited')}</Badge>
            </p>
          )}
          <EditPolicy
            site={site}
            found={policy.value}
            mayWrite={role !== 'auditor'}
            search={search}
            onSearch={onSearch}
            elsewhere={inCalendar}
            onReload={reload}
          />
          <Calendar
            site={site}
            kiosks={policy.value.ownKiosks}
            mayWrite={role === 'admin'}
            hidden={!inCalendar}
            onDone={calendar.reload}
          />
        </>
      )}
      {policy.value && history.value && calendar.value && (
        <History
          site={site}
          now={policy.value}
          policy={history.value.items}
          calendar={calendar.value.items}
          role={role}
          onDone={reload}
        />
      )}
    </>
  );
}

/** A change of the policy or of the site itself, for the history list. */
type Line = (siteApi.PolicyChange | siteApi.SiteChange) & { readonly of: 'policy' | 'site' };

/** Whether the change can be undone here. Name and zone of the default site are the server's own configuration. */
function undoable(line: Line, site: siteApi.Site, role: Role): boolean {
  if (line.of === 'policy') return role !== 'auditor';
  const configured = site.isDefault && linesOf(line.before, line.after).some(({ name }) => name !== 'dayStartsAt');
  return role === 'admin' && !configured;
}

interface HistoryProps {
  site: siteApi.Site;
  now: siteApi.SitePolicy;
  policy: readonly siteApi.PolicyChange[];
  calendar: readonly siteApi.SiteChange[];
  role: Role;
  onDone: () => void;
}

function History({ site, now, policy, calendar, role, onDone }: HistoryProps) {
  const { busy, error, run } = useWrite();
  const lines: Line[] = [
    ...policy.map((change) => ({ ...change, of: 'policy' as const })),
    ...calendar.map((change) => ({ ...change, of: 'site' as const })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  /** Compares with the state before the change. Later changes are reverted too. */
  const diffTo = ({ of, before }: Line) => {
    const is =
      of === 'policy' ? now.policy : Object.fromEntries(Object.entries(site).filter(([name]) => name in before));
    return <Diff lines={linesOf(is, before)} kiosks={of === 'policy' ? now.kiosks : now.ownKiosks} />;
  };
  const revert = (line: Line) => {
    const { id, of } = line;
    const input = { params: { site: site.id }, body: { change: id } };
    const text = t(of === 'policy' ? 'settings.revertText' : 'settings.revertCalendarText');
    return run<unknown>(
      () => (of === 'policy' ? api(siteApi.revertSitePolicy, input) : api(siteApi.revertSite, input)),
      {
        ask: { title: t('settings.revert'), subject: diffTo(line), text },
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
              {linesOf(line.before, line.after).map(({ name, label, before, after }) => (
                <p key={name}>
                  <span class="setting-name">{label}</span> {t('settings.fromTo', { before, after })}
                </p>
              ))}
              <p class="muted small">
                <bdi>{line.by === 'configuration' ? t('settings.by.configuration') : whoLabel(line)}</bdi> ·{' '}
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

interface CalendarProps {
  site: siteApi.Site;
  kiosks: number;
  mayWrite: boolean;
  /** A search is active that doesn't match it. */
  hidden: boolean;
  onDone: () => void;
}

/**
 * How a site's days are counted: its zone, and the time at which its day starts. Like the policy's form, it only holds what
 * was edited.
 */
function Calendar({ site, kiosks, mayWrite, hidden, onDone }: CalendarProps) {
  const { dayStartsAt: heldStart, timeZone: heldZone } = site;
  const [edited, setEdited] = useState<{ dayStartsAt?: string; timeZone?: string }>({});
  const { dayStartsAt = heldStart, timeZone: typed = heldZone } = edited;
  const timeZone = typed.trim();
  const { busy, error, run } = useWrite();
  // The default site's zone is the server's own configuration.
  const patch = siteApi.SitePatch.safeParse({
    ...(dayStartsAt !== heldStart && { dayStartsAt }),
    ...(timeZone !== heldZone && { timeZone }),
  });
  const same = dayStartsAt === heldStart && timeZone === heldZone;
  useUnsaved(!same);
  const [title, text] = [t('settings.calendar'), t('settings.calendarText')];
  const submit = async () => {
    if (!patch.success || same) return;
    // With this query the server refuses to overwrite a change that someone else made meanwhile.
    const query = { change: site.change ?? 'none' };
    const lines = linesOf({ dayStartsAt: heldStart, timeZone: heldZone }, { dayStartsAt, timeZone });
    const done = await run(() => api(siteApi.changeSite, { params: { site: site.id }, query, body: patch.data }), {
      ask: {
        title: t('settings.review'),
        subject: <Diff lines={lines} kiosks={kiosks} />,
        text: t('settings.calendarSure'),
        action: t('settings.saveCalendar'),
      },
      say: () => t('settings.saved'),
    });
    if (!done || (!done.ok && done.error.code !== 'settings-changed-meanwhile')) return;
    await loadPlaces();
    if (done.ok) setEdited({});
    onDone();
  };
  return (
    <TopicPanel title={title} text={text} changed={!same} hidden={hidden}>
      <Form class="stack" onSubmit={() => void submit()}>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend class="sr-only">{title}</legend>
          <DayStartField value={dayStartsAt} onValue={(value) => setEdited({ ...edited, dayStartsAt: value })} />
          <TextField
            label={t('settings.timeZone')}
            hint={t(site.isDefault ? 'settings.timeZoneConfigured' : 'settings.timeZoneHint')}
            error={siteApi.TimeZone.safeParse(timeZone).success ? undefined : t('settings.zoneWrong')}
            required
            readOnly={site.isDefault}
            dir="ltr"
            value={typed}
            onValue={(value) => setEdited({ ...edited, timeZone: value })}
          />
        </fieldset>
        <ErrorNote error={error} />
        {mayWrite && (
          <Submit disabled={busy || !patch.success || same} onCancel={same ? undefined : () => setEdited({})}>
            {t('settings.saveCalendar')}
          </Submit>
        )}
      </Form>
    </TopicPanel>
  );
}
