import { useState } from 'preact/hooks';
import { NewSitePolicy, type PolicyChange, type PolicyPatch, SitePolicy } from '../../../../sync/protocol/api/sites.ts';
import { t } from '../../../shared/i18n.ts';
import { send } from '../../core/api.ts';
import { useWrite } from '../../core/resource.ts';
import { CheckField, ErrorNote, Form, SelectField, TextField } from '../../parts/form.tsx';
import { toast } from '../../parts/toast.tsx';
import { useUnsaved } from '../../parts/unsaved.ts';

type Policy = PolicyChange['after'];
type Way = (typeof WAYS)[number];
type Claim = (typeof CLAIMS)[number];
const WAYS = ['face', 'pin', 'qr', 'badge'] as const;
/** Ways that a comparison with the one person's face may follow. */
const CLAIMS = ['qr', 'badge'] as const;
const NUMBERS = ['leaseDays', 'photoDays', 'gpsDays', 'repeatWindowSeconds', 'consentAge', 'consentMonths'] as const;
const CHOICES = ['faces', 'liveness', 'templates'] as const;
const CONTACTS = ['controller', 'contact', 'dpo'] as const;

type Text = (typeof NUMBERS)[number] | (typeof CHOICES)[number] | (typeof CONTACTS)[number];
type Fields = Record<Text, string> & { ways: readonly Way[]; withFace: readonly Claim[] };

const fieldsOf = (policy: Policy): Fields => ({
  ...(Object.fromEntries([
    ...NUMBERS.map((name) => [name, String(policy[name] ?? '')]),
    ...CHOICES.map((name) => [name, policy[name] ?? '']),
    ...CONTACTS.map((name) => [name, policy.privacy?.[name] ?? '']),
  ]) as Record<Text, string>),
  ways: policy.ways ?? WAYS,
  withFace: CLAIMS.filter((way) => policy.withFace?.includes(way)),
});

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The settings that differ from the policy: as it has them, and as the form has them. Pure. */
function changes(policy: Policy, fields: Fields): { was: object; is: object } {
  const held = fieldsOf(policy);
  const names = (Object.keys(held) as (keyof Fields)[]).filter((name) => !same(held[name], fields[name]));
  const contacts = CONTACTS.filter((name) => names.includes(name));
  const others = names.filter((name) => !(CONTACTS as readonly string[]).includes(name)) as (keyof Fields &
    keyof Policy)[];
  const value = (name: (typeof others)[number]) => {
    if (name === 'ways') return fields.ways;
    if (name === 'withFace') return fields.withFace.length > 0 ? fields.withFace : undefined;
    if (fields[name] === '') return undefined;
    return (NUMBERS as readonly string[]).includes(name) ? Number(fields[name]) : fields[name];
  };
  const part = (
    of: (name: (typeof others)[number]) => unknown,
    contact: (name: (typeof contacts)[number]) => unknown,
  ) => ({
    ...Object.fromEntries(others.map((name) => [name, of(name)])),
    ...(contacts.length > 0 && { privacy: Object.fromEntries(contacts.map((name) => [name, contact(name)])) }),
  });
  return {
    was: part(
      (name) => policy[name],
      (name) => policy.privacy?.[name],
    ),
    is: part(value, (name) => fields[name].trim()),
  };
}

/**
 * What a site's policy says, as a form. It holds what was edited and nothing else: where the policy is read again, what somebody
 * else has set meanwhile comes into the other fields, and the edits stay.
 */
export function EditPolicy({
  site,
  found: { own, policy },
  mayWrite,
  onReload,
}: {
  site: string;
  found: { own: boolean; policy: Policy };
  mayWrite: boolean;
  /** The policy is no longer what is shown here. */
  onReload: () => void;
}) {
  const [edited, setEdited] = useState<Partial<Fields>>({});
  const { busy, error, run } = useWrite();
  const fields: Fields = { ...fieldsOf(policy), ...edited };
  const { was, is } = changes(policy, fields);
  const dirty = !same(was, {}) || !same(is, {});
  useUnsaved(dirty);
  const { privacy, ...others } = is as Partial<Policy>;
  const next = NewSitePolicy.safeParse({
    ...policy,
    ...others,
    privacy: privacy ? { ...policy.privacy, ...privacy } : policy.privacy,
  });
  const edit = (change: Partial<Fields>) => setEdited({ ...edited, ...change });
  const submit = async () => {
    if (!next.success || !dirty) return;
    const body = { was, is } as PolicyPatch;
    const done = await run(() => send('PATCH', `/api/sites/${site}/policy`, { body, answer: SitePolicy }));
    if (!done) return;
    if (!done.ok) {
      if (done.error.code === 'settings-changed-meanwhile') onReload();
      return;
    }
    setEdited({});
    toast(() => t('settings.saved'));
    onReload();
  };
  const { ways, withFace } = fields;
  const move = (way: Way, by: number) => {
    const at = ways.indexOf(way);
    const order = [...ways];
    order.splice(at, 1);
    order.splice(at + by, 0, way);
    edit({ ways: order });
  };
  const choice = (name: (typeof CHOICES)[number], options: [string, string][], hint?: string) => (
    <SelectField
      label={t(`settings.${name}`)}
      hint={hint && t(hint)}
      value={fields[name]}
      onValue={(value) => edit({ [name]: value })}
      options={options}
    />
  );
  const onOff: [string, string][] = [
    ['', t('settings.asKiosk')],
    ['on', t('settings.on')],
    ['off', t('settings.off')],
  ];
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('settings.policy')}</h2>
        {!own && <span class="badge">{t('settings.inherited')}</span>}
      </div>
      <Form class="stack" onSubmit={() => void submit()}>
        <fieldset class="plain" disabled={!mayWrite}>
          <legend>{t('settings.waysTitle')}</legend>
          <p class="muted small">{t('settings.waysText')}</p>
          <ol class="order">
            {[...ways, ...WAYS.filter((w) => !ways.includes(w))].map((way) => {
              const on = ways.includes(way);
              const at = ways.indexOf(way);
              return (
                <li key={way}>
                  <CheckField
                    label={t(`settings.way.${way}`)}
                    checked={on}
                    onChecked={(yes) => edit({ ways: yes ? [...ways, way] : ways.filter((w) => w !== way) })}
                  />
                  {on && (
                    <span class="order-buttons">
                      <button
                        type="button"
                        class="quiet"
                        aria-disabled={at === 0}
                        aria-label={t('settings.earlier', { way: t(`settings.way.${way}`) })}
                        onClick={() => at > 0 && move(way, -1)}
                      >
                        ↑
                      </button>
                      <button
                        type="button"
                        class="quiet"
                        aria-disabled={at === ways.length - 1}
                        aria-label={t('settings.later', { way: t(`settings.way.${way}`) })}
                        onClick={() => at < ways.length - 1 && move(way, 1)}
                      >
                        ↓
                      </button>
                    </span>
                  )}
                </li>
              );
            })}
          </ol>
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.faceTitle')}</legend>
          {choice('faces', onOff, 'settings.facesHint')}
          {choice('liveness', onOff)}
          {choice(
            'templates',
            [
              ['', t('settings.store')],
              ['card', t('settings.card')],
            ],
            'settings.templatesHint',
          )}
          {CLAIMS.map((way) => (
            <CheckField
              key={way}
              label={t('settings.thenFace', { way: t(`settings.way.${way}`) })}
              checked={withFace.includes(way)}
              onChecked={(yes) =>
                edit({ withFace: CLAIMS.filter((other) => (other === way ? yes : withFace.includes(other))) })
              }
            />
          ))}
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.times')}</legend>
          {NUMBERS.map((name) => (
            <TextField
              key={name}
              type="number"
              inputMode="numeric"
              dir="ltr"
              label={t(`settings.${name}`)}
              hint={t(`settings.${name}Hint`)}
              required={name === 'leaseDays' || name === 'repeatWindowSeconds'}
              value={fields[name]}
              onValue={(value) => edit({ [name]: value })}
            />
          ))}
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.contacts')}</legend>
          {CONTACTS.map((name) => (
            <TextField
              key={name}
              label={t(`settings.${name}`)}
              maxLength={200}
              dir="auto"
              value={fields[name]}
              onValue={(value) => edit({ [name]: value })}
            />
          ))}
        </fieldset>
        <ErrorNote error={error} />
        {!next.success && (
          <p class="field-error" role="alert">
            {t('settings.wrong')}
          </p>
        )}
        {mayWrite && (
          <div class="actions">
            <button type="submit" class="primary" aria-disabled={busy || !next.success || !dirty}>
              {t('settings.save')}
            </button>
          </div>
        )}
      </Form>
    </section>
  );
}
