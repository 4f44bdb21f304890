import { NewSitePolicy, type PolicyChange } from '../../../../sync/protocol/api/sites.ts';
import { currentLanguage, listed, localeOf } from '../../../shared/i18n.ts';
import { hasSentence, type Key, t } from '../../i18n.ts';
import { codeLabel } from '../../parts/labels.tsx';

/**
 * All settings of a policy, in the order of the page: topic, type of value, and when it applies. Names, hints and consequences
 * are sentences under `settings.NAME`; limits come from the policy's schema.
 */

export type Policy = PolicyChange['after'];

export const METHODS = ['face', 'pin', 'qr', 'badge'] as const;
export type CheckinMethod = (typeof METHODS)[number];
/** Check-in methods that may be followed by a comparison with that one person's face. */
export const CLAIMS = ['qr', 'badge'] as const;
export type Claim = (typeof CLAIMS)[number];

/** A form's values: numbers, choices and contacts as text; '': not set. */
export type Fields = Readonly<Record<Exclude<SettingName, keyof Lists>, string>> & Lists;
interface Lists {
  readonly checkinMethods: readonly CheckinMethod[];
  readonly withFace: readonly Claim[];
}

/** Who is responsible for the data, as filled into consent texts and the kiosk's privacy page. */
export const CONTACTS = ['controller', 'contact', 'dpo'] as const;

const onOff = { '': 'settings.asKiosk', on: 'settings.on', off: 'settings.off' } as const;
/** Settings that others depend on. */
type Others = Readonly<Record<'faces' | 'liveness' | 'workStartsAt', string>> & Pick<Lists, 'checkinMethods'>;
const withFaces = (of: Others) => of.faces !== 'off';

export const TOPICS = ['checkin', 'faces', 'consents', 'storage', 'screen', 'contacts'] as const;
type Topic = (typeof TOPICS)[number];

interface Declared {
  readonly topic: Topic;
  /** A number's unit, as for Intl; or a choice's values with their names. Without either: text, a time, or a list of methods. */
  readonly unit?: 'second' | 'minute' | 'day' | 'month' | 'year';
  readonly options?: Readonly<Record<string, Key>>;
  /** Must not be empty. */
  readonly required?: true;
  /** When the setting applies; absent: always. */
  readonly when?: (others: Others) => boolean;
}

const DECLARED = {
  checkinMethods: { topic: 'checkin' },
  withFace: { topic: 'checkin', when: (of) => withFaces(of) && CLAIMS.some((one) => of.checkinMethods.includes(one)) },
  repeatWindowSeconds: { topic: 'checkin', unit: 'second', required: true },
  workStartsAt: { topic: 'checkin' },
  graceMinutes: { topic: 'checkin', unit: 'minute', when: (of) => of.workStartsAt !== '' },
  faces: { topic: 'faces', options: onOff },
  liveness: {
    topic: 'faces',
    options: {
      '': 'settings.asKiosk',
      off: 'settings.livenessOf.off',
      light: 'settings.livenessOf.light',
      standard: 'settings.livenessOf.standard',
      strong: 'settings.livenessOf.strong',
    },
    when: withFaces,
  },
  lightChallenge: {
    topic: 'faces',
    options: { '': 'settings.lightChallengeOf.off', 'when-it-works': 'settings.lightChallengeOf.when-it-works' },
    when: (of) => withFaces(of) && of.liveness !== 'off',
  },
  templates: { topic: 'faces', options: { '': 'settings.store', card: 'settings.card' }, when: withFaces },
  faceMonths: { topic: 'faces', unit: 'month', when: withFaces },
  minorFaceMonths: { topic: 'faces', unit: 'month', when: withFaces },
  consentAge: { topic: 'consents', unit: 'year' },
  consentMonths: { topic: 'consents', unit: 'month' },
  photoDays: { topic: 'storage', unit: 'day' },
  gpsDays: { topic: 'storage', unit: 'day' },
  leaseDays: { topic: 'storage', unit: 'day', required: true },
  watchScreens: { topic: 'screen', options: { '': 'settings.off', on: 'settings.on' } },
  controller: { topic: 'contacts' },
  contact: { topic: 'contacts' },
  dpo: { topic: 'contacts' },
} as const satisfies Readonly<Record<string, Declared>>;

export type SettingName = keyof typeof DECLARED;
export const SETTINGS: Readonly<Record<SettingName, Declared>> = DECLARED;
const NAMES = Object.keys(DECLARED) as SettingName[];

export const isContact = (name: string): name is (typeof CONTACTS)[number] => CONTACTS.some((one) => one === name);

/** Returns the settings of a topic that apply, given the others. */
export const shownOf = (topic: Topic, fields: Fields): SettingName[] =>
  NAMES.filter((name) => SETTINGS[name].topic === topic && (SETTINGS[name].when?.(fields) ?? true));

/** Returns the smallest and largest allowed value, by the policy's schema. */
function limitsOf(name: SettingName): { min: number; max: number } {
  const shape = NewSitePolicy.shape[name as 'photoDays' | 'leaseDays'];
  const { minValue, maxValue } = 'unwrap' in shape ? shape.unwrap() : shape;
  return { min: minValue!, max: maxValue! };
}

export const fieldsOf = (policy: Policy): Fields =>
  ({
    ...Object.fromEntries(
      NAMES.map((name) => [
        name,
        isContact(name) ? (policy.privacy?.[name] ?? '') : String(policy[name as keyof Policy] ?? ''),
      ]),
    ),
    checkinMethods: policy.checkinMethods ?? METHODS,
    withFace: CLAIMS.filter((method) => policy.withFace?.includes(method)),
  }) as unknown as Fields;

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Returns the settings that apply and differ from the policy, in order. Pure. */
export function changedOf(policy: Policy, fields: Fields): SettingName[] {
  const held = fieldsOf(policy);
  return TOPICS.flatMap((topic) => shownOf(topic, fields)).filter((name) => !same(held[name], fields[name]));
}

/** Converts a field's value to the policy's; undefined: not set. */
function valueIn(name: SettingName, fields: Fields): unknown {
  const value = fields[name];
  if (name === 'withFace') return value.length > 0 ? value : undefined;
  if (name === 'checkinMethods') return value;
  if (isContact(name)) return (value as string).trim();
  if (value === '') return undefined;
  return SETTINGS[name].unit ? Number(value) : value;
}

/** Returns the patch for these settings, with each value as it was read and the new one. Pure. */
export function patchOf(policy: Policy, fields: Fields, names: readonly SettingName[]): { was: object; is: object } {
  const part = (of: (name: SettingName) => unknown) => {
    const contacts = names.filter(isContact);
    return {
      ...Object.fromEntries(names.filter((name) => !isContact(name)).map((name) => [name, of(name)])),
      ...(contacts.length > 0 && { privacy: Object.fromEntries(contacts.map((name) => [name, of(name)])) }),
    };
  };
  const held = flat(policy);
  return { was: part((name) => held[name]), is: part((name) => valueIn(name, fields)) };
}

/** Returns what is wrong with a field's value, and what to do; null if it is valid. */
export function errorOf(name: SettingName, policy: Policy, fields: Fields): string | null {
  const { unit, required } = SETTINGS[name];
  if (name === 'checkinMethods') {
    const left = fields.checkinMethods.filter((one) => one !== 'face' && !fields.withFace.some((then) => then === one));
    return left.length === 0 ? t('settings.noMethod') : null;
  }
  if (isContact(name)) {
    const wanted = policy.privacy !== undefined || CONTACTS.some((one) => fields[one].trim() !== '');
    return wanted && fields[name].trim() === '' ? t('settings.contactMissing') : null;
  }
  const text = fields[name] as string;
  if (!unit || (text === '' && !required)) return null;
  const { min, max } = limitsOf(name);
  if (/^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max) return null;
  return t(required ? 'settings.range' : 'settings.rangeOrEmpty', { min, max });
}

/** Flattens a policy, since the page has contacts as separate settings. */
export const flat = (of: object): Record<string, unknown> => {
  const { privacy, ...rest } = of as Record<string, unknown>;
  return { ...rest, ...(privacy as object | undefined) };
};

export const nameLabel = (name: string): string =>
  name === 'name' ? t('settings.siteName') : codeLabel('settings', name);

const quantity = (unit: NonNullable<Declared['unit']> | 'percent') =>
  new Intl.NumberFormat(localeOf(currentLanguage()), { style: 'unit', unit, unitDisplay: 'long' });

/** Returns a unit as written after a number, e.g. "days". */
export const unitLabel = (unit: NonNullable<Declared['unit']> | 'percent', value: string): string =>
  quantity(unit)
    .formatToParts(Number(value) || 0)
    .flatMap((part) => (part.type === 'unit' ? [part.value] : []))
    .join('');

export function valueLabel(name: string, value: unknown): string {
  const declared = (SETTINGS as Readonly<Record<string, Declared>>)[name];
  if (declared?.options) {
    const key = declared.options[String(value ?? '')];
    return key ? t(key) : String(value);
  }
  if (value === undefined || value === '') return '–';
  if (name === 'checkinMethods' || name === 'withFace')
    return listed((value as string[]).map((method) => codeLabel('settings.method', method))) || '–';
  return declared?.unit ? quantity(declared.unit).format(Number(value)) : String(value);
}

/** Returns the consequence of a setting's new value, if its name doesn't say it all. */
export function followsLabel(name: string, value: unknown): string | null {
  if (value === undefined || value === '') return null;
  const keys = [`settings.follows.${name}-${String(value)}`, `settings.follows.${name}`];
  const key = keys.find(hasSentence);
  return key === undefined ? null : t(key as Key);
}
