import {
  type PolicyChange,
  revertSite,
  revertSitePolicy,
  type Site,
  type SiteChange,
} from '../../../../sync/protocol/api/sites.ts';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Panel } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { keyOr, t } from '../../i18n.ts';
import { codeLabel } from '../../parts/labels.ts';
import { Moment } from '../../parts/moment.tsx';
import { RowButton } from '../../parts/table.tsx';
import { loadPlaces } from '../../state/places.ts';
import type { Role } from '../../state/session.ts';

/** A change of the policy, or of the site itself, as the list has it. */
type Line = (PolicyChange | SiteChange) & { readonly of: 'policy' | 'site' };

const LISTS: ReadonlySet<string> = new Set(['checkinMethods', 'withFace']);
const CHOICES: ReadonlySet<string> = new Set(['faces', 'templates']);

/** A setting's value as its page calls it. */
function valueLabel(name: string, value: unknown): string {
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
function undoable(line: Line, site: Site, role: Role): boolean {
  if (line.of === 'policy') return role !== 'auditor';
  const configured = site.isDefault && differences(line.before, line.after).some(([name]) => name !== 'dayStartsAt');
  return role === 'admin' && !configured;
}

interface HistoryProps {
  site: Site;
  policy: readonly PolicyChange[];
  calendar: readonly SiteChange[];
  role: Role;
  onDone: () => void;
}

/** What was changed of a site and of its policy, who did it, and a way back. */
export function History({ site, policy, calendar, role, onDone }: HistoryProps) {
  const { busy, error, run } = useWrite();
  const lines: Line[] = [
    ...policy.map((change) => ({ ...change, of: 'policy' as const })),
    ...calendar.map((change) => ({ ...change, of: 'site' as const })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  const revert = ({ id, of }: Line) => {
    const input = { params: { site: site.id }, body: { change: id } };
    const text = t(of === 'policy' ? 'settings.revertText' : 'settings.revertCalendarText');
    return run<unknown>(() => (of === 'policy' ? api(revertSitePolicy, input) : api(revertSite, input)), {
      ask: { title: t('settings.revert'), text },
      say: () => t('settings.reverted'),
      done: () => (of === 'site' ? loadPlaces().then(onDone) : onDone()),
    });
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
