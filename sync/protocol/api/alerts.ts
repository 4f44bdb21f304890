import { z } from 'zod';
import { TimeOfDay } from '../wire/changes.ts';
import { Instant, Uuid } from '../wire/event.ts';
import { ATTENTION_OF_ROLE, type AttentionKind } from './attention.ts';
import { endpoint } from './endpoint.ts';
import { LANGUAGES } from './languages.ts';
import { TimeZone } from './sites.ts';

/** `/api/alerts` and `/api/accounts/:account/alerts`: which attention items accounts get by e-mail (docs/operate/health.md). */

/** The topics that can be chosen, with the kinds of items in each. */
export const ALERT_TOPICS = {
  /** Kiosks with problems, and rollouts that stopped. */
  kiosks: ['kiosk', 'rollout'],
  /** Server, database, backups, webhook receivers. */
  server: ['server', 'webhook'],
  /** People's complaints about their records; consents that expire or are due. */
  privacy: ['complaint', 'consent', 'age'],
  /** Records voided at a kiosk; events that could not be accepted. */
  records: ['void', 'quarantine'],
  /** Enrolments and imports on hold, possible duplicates, faces to re-enrol. */
  people: ['enrolment', 'import', 'duplicate', 'lookalikes', 'drift', 'embedder'],
} as const satisfies Readonly<Record<string, readonly AttentionKind[]>>;
export type AlertTopic = keyof typeof ALERT_TOPICS;
export const AlertTopics = z
  .array(z.enum(Object.keys(ALERT_TOPICS) as [AlertTopic, ...AlertTopic[]]))
  .max(Object.keys(ALERT_TOPICS).length);

/** Defaults: administrators get what prevents check-ins or backups, a DPO what people are waiting for. */
export const DEFAULT_TOPICS: Readonly<Record<string, readonly AlertTopic[]>> = {
  admin: ['kiosks', 'server'],
  dpo: ['privacy'],
};

export const isOfTopics = (topics: readonly string[], kind: string): boolean =>
  topics.some((topic) => ALERT_TOPICS[topic as AlertTopic].some((one) => one === kind));

/** Returns the kinds of a topic that a role may see; empty: the topic is not for that role. */
export const kindsFor = (role: string, topic: AlertTopic): AttentionKind[] =>
  ALERT_TOPICS[topic].filter((kind) => ATTENTION_OF_ROLE[role]?.includes(kind));

/** Local time; spans midnight if `to` is before `from`. Only urgent items are sent during quiet hours. Null: none. */
export const QuietHours = z
  .strictObject({ from: TimeOfDay, to: TimeOfDay })
  .refine(({ from, to }) => from !== to, 'must not begin and end at the same time')
  .nullable();
export type QuietHours = z.infer<typeof QuietHours>;

export const AlertSettings = z.strictObject({
  topics: AlertTopics,
  /** Null: every site. Items of the topic `server` concern all sites. */
  sites: z.array(Uuid).min(1).max(500).nullable(),
  quiet: QuietHours,
  /** Time zone of the quiet hours and of times in e-mails; null: the default site's. */
  timeZone: TimeZone.nullable(),
  language: z.enum(LANGUAGES),
});
export type AlertSettings = z.infer<typeof AlertSettings>;

export const Alerts = z.strictObject({
  role: z.string(),
  /** Where they are sent; null: the account has no address. */
  email: z.string().nullable(),
  /** Whether a mail server is configured. */
  mail: z.boolean(),
  /** False: the role's defaults. */
  chosen: z.boolean(),
  settings: AlertSettings,
  lastSentAt: Instant.nullable(),
  /** Since when the mail server has refused e-mails, and its last answer. */
  failing: z.strictObject({ since: Instant, answer: z.string() }).nullable(),
});
export type Alerts = z.infer<typeof Alerts>;

/** Result of a test: the mail server's answer, or why it could not be reached. */
export const AlertTest = z.strictObject({ to: z.string(), sent: z.boolean(), answer: z.string() });
export type AlertTest = z.infer<typeof AlertTest>;

export const listAlerts = endpoint('GET /api/alerts', {
  summary: 'Show who is mailed which attention items',
  roles: ['admin'],
  data: [],
  /** Accounts that can be e-mailed: not disabled, and with an address. */
  answer: z.strictObject({
    accounts: z.array(z.strictObject({ account: Uuid, topics: AlertSettings.shape.topics })),
  }),
});

export const getAlerts = endpoint('GET /api/accounts/:account/alerts', {
  summary: 'Show which attention items an account is mailed: its own, or for an administrator any',
  roles: ['admin', 'dpo', 'staff'],
  data: ['account.email'],
  answer: Alerts,
});

export const setAlerts = endpoint('PUT /api/accounts/:account/alerts', {
  summary: 'Choose which attention items an account is mailed, and its quiet hours',
  roles: ['admin', 'dpo', 'staff'],
  data: ['account.email'],
  body: AlertSettings,
  answer: Alerts,
  errors: ['unknown-site'],
});

export const testAlerts = endpoint('POST /api/accounts/:account/alerts/test', {
  summary: 'Send a test mail now, and return the mail server’s answer',
  roles: ['admin', 'dpo', 'staff'],
  data: ['account.email'],
  action: 'operate',
  answer: AlertTest,
  errors: ['mail-not-configured', 'email-missing'],
  limit: { max: 5, perMs: 60_000 },
});
