import { useState } from 'preact/hooks';
import * as sites from '../../../../sync/protocol/api/sites.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { CheckField, ErrorNote, Form, SelectField, Submit, TextField } from '../../../shared/web/form.tsx';
import { Badge, Panel } from '../../../shared/web/pieces.tsx';
import { useWrite } from '../../../shared/web/resource.tsx';
import { toast } from '../../../shared/web/toast.tsx';
import { type Key, t } from '../../i18n.ts';
import { useUnsaved } from '../../parts/unsaved.ts';

type Policy = sites.PolicyChange['after'];
type CheckinMethod = (typeof METHODS)[number];
type Claim = (typeof CLAIMS)[number];
const METHODS = ['face', 'pin', 'qr', 'badge'] as const;
/** Check-in methods that a comparison with the one person's face may follow. */
const CLAIMS = ['qr', 'badge'] as const;
const NUMBERS = [
  'leaseDays',
  'photoDays',
  'gpsDays',
  'repeatWindowSeconds',
  'consentAge',
  'consentMonths',
  'faceMonths',
  'minorFaceMonths',
  'graceMinutes',
] as const;
const CHOICES = ['faces', 'liveness', 'lightChallenge', 'templates', 'watchScreens', 'workStartsAt'] as const;
const STRENGTHS = ['off', 'light', 'standard', 'strong'] as const satisfies readonly NonNullable<Policy['liveness']>[];
/** Who answers for the data: what consent texts and the kiosk's privacy page fill in. */
export const CONTACTS = ['controller', 'contact', 'dpo'] as const;

type Text = (typeof NUMBERS)[number] | (typeof CHOICES)[number] | (typeof CONTACTS)[number];
type Fields = Record<Text, string> & { checkinMethods: readonly CheckinMethod[]; withFace: readonly Claim[] };

const fieldsOf = (policy: Policy): Fields => ({
  ...(Object.fromEntries([
    ...NUMBERS.map((name) => [name, String(policy[name] ?? '')]),
    ...CHOICES.map((name) => [name, policy[name] ?? '']),
    ...CONTACTS.map((name) => [name, policy.privacy?.[name] ?? '']),
  ]) as Record<Text, string>),
  checkinMethods: policy.checkinMethods ?? METHODS,
  withFace: CLAIMS.filter((method) => policy.withFace?.includes(method)),
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
    if (name === 'checkinMethods') return fields.checkinMethods;
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

interface EditPolicyProps {
  site: string;
  found: { own: boolean; policy: Policy };
  mayWrite: boolean;
  /** The policy is no longer what is shown here. */
  onReload: () => void;
}

/**
 * What a site's policy says, as a form. It holds what was edited and nothing else: where the policy is read again, what
 * someone else has set meanwhile comes into the other fields, and the edits stay.
 */
export function EditPolicy({ site, found: { own, policy }, mayWrite, onReload }: EditPolicyProps) {
  const [edited, setEdited] = useState<Partial<Fields>>({});
  const { busy, error, run } = useWrite();
  const fields: Fields = { ...fieldsOf(policy), ...edited };
  const { was, is } = changes(policy, fields);
  const dirty = !same(was, {}) || !same(is, {});
  useUnsaved(dirty);
  const { privacy, ...others } = is as Partial<Policy>;
  const next = sites.NewSitePolicy.safeParse({
    ...policy,
    ...others,
    privacy: privacy ? { ...policy.privacy, ...privacy } : policy.privacy,
  });
  const edit = (change: Partial<Fields>) => setEdited({ ...edited, ...change });
  const submit = async () => {
    if (!next.success || !dirty) return;
    const body = { was, is } as sites.PolicyPatch;
    const done = await run(() => api(sites.changeSitePolicy, { params: { site }, body }));
    if (!done) return;
    if (!done.ok) {
      if (done.error.code === 'settings-changed-meanwhile') onReload();
      return;
    }
    setEdited({});
    toast(() => t('settings.saved'));
    onReload();
  };
  const { checkinMethods, withFace } = fields;
  const move = (method: CheckinMethod, by: number) => {
    const at = checkinMethods.indexOf(method);
    const order = [...checkinMethods];
    order.splice(at, 1);
    order.splice(at + by, 0, method);
    edit({ checkinMethods: order });
  };
  const choice = (name: (typeof CHOICES)[number], options: [string, string][], hint?: Key) => (
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
    <Panel title={t('settings.policy')} aside={!own && <Badge>{t('settings.inherited')}</Badge>}>
      <Form class="stack" onSubmit={() => void submit()}>
        <fieldset class="plain" disabled={!mayWrite}>
          <legend>{t('settings.methodsTitle')}</legend>
          <p class="muted small">{t('settings.methodsText')}</p>
          <ol class="order">
            {[...checkinMethods, ...METHODS.filter((w) => !checkinMethods.includes(w))].map((method) => {
              const on = checkinMethods.includes(method);
              const at = checkinMethods.indexOf(method);
              return (
                <li key={method}>
                  <CheckField
                    label={t(`settings.method.${method}`)}
                    checked={on}
                    onChecked={(yes) =>
                      edit({
                        checkinMethods: yes ? [...checkinMethods, method] : checkinMethods.filter((w) => w !== method),
                      })
                    }
                  />
                  {on && (
                    <span class="order-buttons">
                      <Button
                        disabled={at === 0}
                        aria-label={t('settings.earlier', { method: t(`settings.method.${method}`) })}
                        onClick={() => at > 0 && move(method, -1)}
                      >
                        ↑
                      </Button>
                      <Button
                        disabled={at === checkinMethods.length - 1}
                        aria-label={t('settings.later', { method: t(`settings.method.${method}`) })}
                        onClick={() => at < checkinMethods.length - 1 && move(method, 1)}
                      >
                        ↓
                      </Button>
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
          {choice('liveness', [
            ['', t('settings.asKiosk')],
            ...STRENGTHS.map((name): [string, string] => [name, t(`settings.livenessOf.${name}`)]),
          ])}
          {choice(
            'lightChallenge',
            [
              ['', t('settings.lightChallengeOf.off')],
              ['when-it-works', t('settings.lightChallengeOf.when-it-works')],
            ],
            'settings.lightChallengeHint',
          )}
          {choice(
            'templates',
            [
              ['', t('settings.store')],
              ['card', t('settings.card')],
            ],
            'settings.templatesHint',
          )}
          {CLAIMS.map((method) => (
            <CheckField
              key={method}
              label={t('settings.thenFace', { method: t(`settings.method.${method}`) })}
              checked={withFace.includes(method)}
              onChecked={(yes) =>
                edit({ withFace: CLAIMS.filter((other) => (other === method ? yes : withFace.includes(other))) })
              }
            />
          ))}
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.times')}</legend>
          <TextField
            type="time"
            label={t('settings.workStartsAt')}
            hint={t('settings.workStartsAtHint')}
            value={fields.workStartsAt}
            onValue={(value) => edit({ workStartsAt: value })}
          />
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
          <legend>{t('screen.title')}</legend>
          {choice(
            'watchScreens',
            [
              ['', t('settings.off')],
              ['on', t('settings.on')],
            ],
            'settings.watchScreensHint',
          )}
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
        {mayWrite && <Submit disabled={busy || !next.success || !dirty}>{t('settings.save')}</Submit>}
      </Form>
    </Panel>
  );
}
