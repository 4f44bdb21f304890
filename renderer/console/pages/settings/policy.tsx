import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import * as sites from '../../../../sync/protocol/api/sites.ts';
import { Button } from '../../../shared/button.tsx';
import { inSmall, listed } from '../../../shared/i18n.ts';
import { api } from '../../../shared/web/api.ts';
import { CheckField, ErrorNote, Form, SelectField, TextField } from '../../../shared/web/form.tsx';
import { Badge, Panel } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.tsx';
import { type Key, t } from '../../i18n.ts';
import { codeLabel } from '../../parts/labels.tsx';
import { useUnsaved } from '../../parts/unsaved.ts';
import {
  type CheckinMethod,
  CLAIMS,
  changedOf,
  errorOf,
  type Fields,
  fieldsOf,
  isContact,
  METHODS,
  nameLabel,
  patchOf,
  SETTINGS,
  type SettingName,
  shownOf,
  TOPICS,
  unitLabel,
} from './declared.ts';
import { Diff, linesOf } from './diff.tsx';

interface TopicPanelProps {
  title: string;
  text: string;
  /** Whether it has unsaved changes. */
  changed: boolean;
  hidden: boolean;
  children: ComponentChildren;
}

/** A topic of the settings, marked if it has unsaved changes. */
export const TopicPanel = ({ title, text, changed, hidden, children }: TopicPanelProps) => (
  <Panel title={title} hidden={hidden} aside={changed && <Badge kind="warn">{t('settings.unsavedTopic')}</Badge>}>
    <p class="muted small">{text}</p>
    {children}
  </Panel>
);

/** Whether each word of a search is in one of the labels. */
export const isFound = (search: string, ...labels: string[]): boolean =>
  inSmall(search)
    .split(/\s+/)
    .every((word) => labels.some((label) => inSmall(label).includes(word)));

/** Returns the settings that match a search, by name and hint. */
export const foundSettings = (search: string): SettingName[] =>
  (Object.keys(SETTINGS) as SettingName[]).filter((name) => isFound(search, nameLabel(name), hintOf(name)));

const hintOf = (name: SettingName): string => {
  const hint = codeLabel('settings', `${name}Hint`);
  return hint === `${name}Hint` ? '' : hint;
};

interface EditPolicyProps {
  site: sites.Site;
  found: sites.SitePolicy;
  mayWrite: boolean;
  /** Search text; empty: everything is shown. */
  search: string;
  onSearch: (search: string) => void;
  /** The search also matches something outside the policy. */
  elsewhere: boolean;
  /** Called when the policy shown is outdated. */
  onReload: () => void;
}

/**
 * A site's policy as a form. It only holds what was edited: when the policy is read again, changes that others made appear in
 * the other fields, and the edits are kept.
 */
export function EditPolicy({ site, found, mayWrite, search, onSearch, elsewhere, onReload }: EditPolicyProps) {
  const { own, policy, kiosks } = found;
  const [edited, setEdited] = useState<Partial<Fields>>({});
  const { busy, error, run } = useWrite();
  const form = useRef<HTMLDivElement>(null);
  const fields: Fields = { ...fieldsOf(policy), ...edited };
  const changed = changedOf(policy, fields);
  useUnsaved(changed.length > 0);
  const edit = (change: Partial<Fields>) => setEdited({ ...edited, ...change });
  const topics = TOPICS.map((topic) => {
    const names = shownOf(topic, fields);
    const title = t(`settings.topic.${topic}`);
    const text = t(`settings.topicText.${topic}`);
    const all = isFound(search, title);
    return {
      topic,
      title,
      text,
      changed: names.some((name) => changed.includes(name)),
      wrong: names.some((name) => errorOf(name, policy, fields) !== null),
      shown: all ? names : names.filter((name) => foundSettings(search).includes(name)),
    };
  });
  const wrong = topics.filter((topic) => topic.wrong);
  const submit = async () => {
    if (changed.length === 0) return;
    if (wrong.length > 0) {
      onSearch('');
      // After the errors are rendered.
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    const { was, is } = patchOf(policy, fields, changed);
    const body = { was, is } as sites.PolicyPatch;
    const done = await run(() => api(sites.changeSitePolicy, { params: { site: site.id }, body }), {
      ask: {
        title: t('settings.review'),
        subject: <Diff lines={linesOf(was, is)} kiosks={kiosks} />,
        text: t(own || site.isDefault ? 'settings.reviewText' : 'settings.reviewOwnText'),
        action: t('settings.save'),
      },
      say: () => t('settings.saved'),
    });
    if (!done) return;
    if (!done.ok) {
      if (done.error.code === 'settings-changed-meanwhile') onReload();
      return;
    }
    setEdited({});
    onReload();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <div class="stack" ref={form}>
        {topics.map(({ topic, title, text, changed: unsaved, shown }) => (
          <TopicPanel key={topic} title={title} text={text} changed={unsaved} hidden={shown.length === 0}>
            <fieldset class="plain grid" disabled={!mayWrite}>
              <legend class="sr-only">{title}</legend>
              {shown.map((name) => (
                <Setting
                  key={name}
                  name={name}
                  fields={fields}
                  error={errorOf(name, policy, fields) ?? undefined}
                  onEdit={edit}
                />
              ))}
            </fieldset>
          </TopicPanel>
        ))}
      </div>
      {!elsewhere && topics.every(({ shown }) => shown.length === 0) && (
        <p class="muted" role="status">
          {t('settings.noneFound')}
        </p>
      )}
      <ErrorNote error={error} />
      {changed.length > 0 && (
        <div class="save-bar">
          <p role="status">
            {t(wrong.length > 0 ? 'settings.fixFirst' : 'settings.unsaved', {
              topics: listed(
                (wrong.length > 0 ? wrong : topics.filter((topic) => topic.changed)).map(({ title }) => title),
              ),
            })}
          </p>
          <div class="actions">
            <Button label={t('settings.discard')} disabled={busy} onClick={() => setEdited({})} />
            <Button submit kind="primary" label={t('settings.save')} disabled={busy} />
          </div>
        </div>
      )}
    </Form>
  );
}

interface SettingProps {
  name: SettingName;
  fields: Fields;
  error: string | undefined;
  onEdit: (change: Partial<Fields>) => void;
}

function Setting({ name, fields, error, onEdit }: SettingProps) {
  const { unit, options, required } = SETTINGS[name];
  if (name === 'checkinMethods') return <Methods fields={fields} error={error} onEdit={onEdit} />;
  if (name === 'withFace') return <ThenFace fields={fields} onEdit={onEdit} />;
  const common = { label: nameLabel(name), hint: hintOf(name) };
  const value = fields[name];
  const onValue = (next: string) => onEdit({ [name]: next });
  if (options)
    return (
      <SelectField
        {...common}
        value={value}
        onValue={onValue}
        options={Object.entries<Key>(options).map(([one, key]) => [one, t(key)])}
      />
    );
  return (
    <TextField
      {...common}
      {...(isContact(name)
        ? { maxLength: 200, dir: 'auto' as const }
        : name === 'workStartsAt'
          ? { type: 'time' as const }
          : {
              type: 'number' as const,
              inputMode: 'numeric' as const,
              dir: 'ltr' as const,
              unit: unitLabel(unit!, value),
            })}
      required={required}
      error={error}
      value={value}
      onValue={onValue}
    />
  );
}

/** The methods offered, in order. */
function Methods({ fields: { checkinMethods }, error, onEdit }: Omit<SettingProps, 'name'>) {
  const edit = (methods: readonly CheckinMethod[]) => onEdit({ checkinMethods: methods });
  const without = (method: CheckinMethod) => checkinMethods.filter((other) => other !== method);
  const move = (method: CheckinMethod, by: number) => {
    const order = without(method);
    order.splice(checkinMethods.indexOf(method) + by, 0, method);
    edit(order);
  };
  const mover = (method: CheckinMethod, by: 1 | -1) => {
    const at = checkinMethods.indexOf(method);
    const last = by < 0 ? at === 0 : at === checkinMethods.length - 1;
    return (
      <Button
        disabled={last}
        aria-label={t(by < 0 ? 'settings.earlier' : 'settings.later', { method: t(`settings.method.${method}`) })}
        onClick={() => !last && move(method, by)}
      >
        {by < 0 ? '↑' : '↓'}
      </Button>
    );
  };
  return (
    <div class="plain wide">
      <ol class="order">
        {[...checkinMethods, ...METHODS.filter((method) => !checkinMethods.includes(method))].map((method) => {
          const on = checkinMethods.includes(method);
          return (
            <li key={method}>
              <CheckField
                label={t(`settings.method.${method}`)}
                checked={on}
                onChecked={(yes) => edit(yes ? [...checkinMethods, method] : without(method))}
              />
              {on && (
                <span class="order-buttons">
                  {mover(method, -1)}
                  {mover(method, 1)}
                </span>
              )}
            </li>
          );
        })}
      </ol>
      {error && (
        <p class="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

/** Which of the offered methods are followed by a face check. */
const ThenFace = ({ fields: { checkinMethods, withFace }, onEdit }: Omit<SettingProps, 'name' | 'error'>) => (
  <div class="plain wide">
    {CLAIMS.filter((method) => checkinMethods.includes(method)).map((method) => (
      <CheckField
        key={method}
        label={t('settings.thenFace', { method: t(`settings.method.${method}`) })}
        checked={withFace.includes(method)}
        onChecked={(yes) =>
          onEdit({ withFace: CLAIMS.filter((other) => (other === method ? yes : withFace.includes(other))) })
        }
      />
    ))}
  </div>
);
