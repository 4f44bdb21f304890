import { useContext, useState } from 'preact/hooks';
import { DeviceConfig, type SettingsChange } from '../../../../sync/protocol/api/fleet.ts';
import { LANGUAGES } from '../../../../sync/protocol/api/languages.ts';
import { Button } from '../../../shared/button.tsx';
import { durationOf, labelled, numberOf, ownName } from '../../../shared/i18n.ts';
import type { Answer } from '../../../shared/web/api.ts';
import { ErrorNote, Form, SelectField, Submit, TextField } from '../../../shared/web/form.tsx';
import { CloseDialog } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { codeLabel, Moment, whoLabel } from '../../parts/labels.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { DataTable } from '../../parts/table.tsx';
import { unitLabel } from '../settings/declared.ts';
import { Diff, type Line } from '../settings/diff.tsx';

type Name = keyof DeviceConfig;
const CHOICES = {
  direction: ['auto', 'in', 'out'],
  language: LANGUAGES,
  theme: ['auto', 'light', 'dark'],
  low: ['true', 'false'],
} as const satisfies Partial<Record<Name, readonly string[]>>;
const NUMBERS = {
  volume: { min: '0', max: '100', unit: 'percent' },
  trialMinutes: { min: '2', max: '60', unit: 'minute' },
} as const;
const ORDER: readonly Name[] = ['name', 'direction', 'language', 'theme', 'volume', 'low', 'trialMinutes'];

function settingLabel(name: Name, value: unknown): string {
  if (name === 'volume') return numberOf(Number(value) / 100, { style: 'percent' });
  if (name === 'trialMinutes') return durationOf(Number(value), 'minute');
  if (name === 'language') return ownName(String(value));
  return codeLabel(`fleet.choices.${name}`, String(value));
}

export const settingsText = (settings: DeviceConfig): string =>
  ORDER.filter((name) => settings[name] !== undefined)
    .map((name) => labelled(t(`fleet.setting.${name}`), settingLabel(name, settings[name])))
    .join(' · ') || t('fleet.nothingSet');

/** Label of a setting left open. @param inherited the values that then apply; absent: not known */
const openLabel = (name: Name, inherited: DeviceConfig): string =>
  inherited[name] === undefined ? t('fleet.asItIs') : t('fleet.asSite', { value: settingLabel(name, inherited[name]) });

/** Returns the changed settings as text. @param inherited null for past changes, when other values may have been inherited */
function changesOf(before: DeviceConfig, after: DeviceConfig, inherited: DeviceConfig | null): Line[] {
  const open = (name: Name) => (inherited ? openLabel(name, inherited) : t('fleet.nothingSet'));
  const shown = (of: DeviceConfig, name: Name) => (of[name] === undefined ? open(name) : settingLabel(name, of[name]));
  return ORDER.filter((name) => before[name] !== after[name]).map((name) => ({
    name,
    label: t(`fleet.setting.${name}`),
    before: shown(before, name),
    after: shown(after, name),
    follows: null,
  }));
}

/**
 * A form for all settings. A setting left open is inherited from the site, or if the site has none from the kiosk's site.json.
 * @param inherited values that apply to settings left open; absent: not known
 * @param kiosks number of kiosks that the settings apply to
 * @param write sends the settings; the surrounding dialog closes once they are saved
 */
export function SettingsForm<T>({
  settings,
  inherited = {},
  names = ORDER,
  kiosks,
  write,
  done,
}: {
  settings: DeviceConfig;
  kiosks: number;
  inherited?: DeviceConfig;
  names?: readonly Name[];
  write: (settings: DeviceConfig) => Promise<Answer<T>>;
  done: (value: T) => void;
}) {
  const { busy, error, run } = useWrite();
  const close = useContext(CloseDialog);
  const [values, setValues] = useState<Readonly<Partial<Record<Name, string>>>>(() =>
    Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
  );
  const [wrong, setWrong] = useState<ReadonlySet<string>>(new Set());
  const set = (name: Name) => (value: string) => {
    setValues((all) => ({ ...all, [name]: value }));
    setWrong((all) => new Set([...all].filter((other) => other !== name)));
  };
  const parsed = DeviceConfig.safeParse(read(values));
  // An invalid value also counts as a change, so that Save can be pressed and reports it.
  const changes = parsed.success ? changesOf(settings, parsed.data, inherited) : null;
  const submit = () => {
    if (changes?.length === 0) return;
    setWrong(new Set(parsed.success ? [] : parsed.error.issues.map((issue) => String(issue.path[0]))));
    if (!parsed.success) return;
    const saved = (value: T) => {
      close();
      done(value);
    };
    void run(() => write(parsed.data), { say: () => t('fleet.saved'), done: saved });
  };
  return (
    <Form class="stack" noValidate onSubmit={submit}>
      <div class="beside">
        {names.map((name) => {
          const range = NUMBERS[name as keyof typeof NUMBERS];
          const shared = {
            label: t(`fleet.setting.${name}`),
            value: values[name] ?? '',
            onValue: set(name),
            ...(wrong.has(name) && { error: range ? t('settings.rangeOrEmpty', range) : t('fleet.wrong') }),
          };
          if (name in CHOICES) {
            const choices = CHOICES[name as keyof typeof CHOICES];
            const options = choices.map((c) => [c, settingLabel(name, c)] as const);
            return <SelectField key={name} {...shared} options={[['', openLabel(name, inherited)], ...options]} />;
          }
          return (
            <TextField
              key={name}
              {...shared}
              hint={openLabel(name, inherited)}
              {...(range
                ? { type: 'number' as const, ...range, unit: unitLabel(range.unit, values[name] ?? '') }
                : { maxLength: 100, dir: 'auto' as const })}
            />
          );
        })}
      </div>
      {changes && changes.length > 0 && <Diff lines={changes} kiosks={kiosks} />}
      <ErrorNote error={error} />
      <Submit disabled={busy || changes?.length === 0}>{t('people.save')}</Submit>
    </Form>
  );
}

/** Parses the values as typed. Settings left open are not included. */
function read(values: Readonly<Partial<Record<Name, string>>>): Record<string, unknown> {
  const given = Object.entries(values).filter((e): e is [string, string] => (e[1] ?? '').trim() !== '');
  return Object.fromEntries(
    given.map(([name, value]) => {
      if (name in NUMBERS) return [name, Number(value)];
      return [name, name === 'low' ? value === 'true' : value.trim()];
    }),
  );
}

interface SettingsHistoryProps<T> {
  history: readonly SettingsChange[];
  inherited?: DeviceConfig;
  kiosks: number;
  mayRevert: boolean;
  revert: (revision: number) => Promise<Answer<T>>;
  done: (value: T) => void;
}

/** Who changed what and when. Any revision but the newest can be restored, also the state before the first. */
export function SettingsHistory<T>({
  history,
  inherited = {},
  kiosks,
  mayRevert,
  revert,
  done,
}: SettingsHistoryProps<T>) {
  const { error, run } = useWrite();
  if (history.length === 0) return <p class="muted">{t('fleet.noHistory')}</p>;
  const newest = history[0]!;
  const restore = ({ revision, settings }: Pick<SettingsChange, 'revision' | 'settings'>) =>
    void run(() => revert(revision), {
      ask: {
        title: t('fleet.restore'),
        subject: <Diff lines={changesOf(newest.settings, settings, inherited)} kiosks={kiosks} />,
        text: t('settings.reviewText'),
      },
      say: () => t('fleet.saved'),
      done,
    });
  /** For the oldest entry listed, the change is only known if it is the first revision. */
  const changesIn = (change: SettingsChange): Line[] => {
    const before = history[history.indexOf(change) + 1]?.settings ?? (change.revision === 1 ? {} : change.settings);
    return changesOf(before, change.settings, null);
  };
  return (
    <>
      <ErrorNote error={error} />
      <DataTable
        id="settings-history"
        beside
        caption={t('fleet.history')}
        rows={history}
        rowKey={(c) => String(c.revision)}
        columns={{
          revision: { label: t('fleet.revision'), heads: true, cell: (c) => <span class="tabular">{c.revision}</span> },
          when: { label: t('fleet.when'), numeric: true, cell: (c) => <Moment at={c.at} /> },
          who: { label: t('fleet.who'), cell: (c) => <bdi>{whoLabel(c)}</bdi> },
          what: {
            label: t('fleet.what'),
            cell: (c) => (
              <>
                {changesIn(c).map(({ name, label, before, after }) => (
                  <p key={name}>{labelled(label, t('settings.fromTo', { before, after }))}</p>
                ))}
                <span class="muted small">{settingsText(c.settings)}</span>
                {c.revertedTo !== null && (
                  <span class="muted">
                    {' '}
                    ({c.revertedTo === 0 ? t('fleet.wasCleared') : t('fleet.wasRestored', { revision: c.revertedTo })})
                  </span>
                )}
              </>
            ),
          },
          do: {
            when: mayRevert,
            label: t('attention.do'),
            cell: (c) =>
              c.revision !== newest.revision && <RowButton onClick={() => restore(c)}>{t('fleet.restore')}</RowButton>,
          },
        }}
      />
      {mayRevert && Object.keys(newest.settings).length > 0 && (
        <div class="actions start">
          <Button label={t('fleet.restoreFirst')} onClick={() => restore({ revision: 0, settings: {} })} />
        </div>
      )}
    </>
  );
}
