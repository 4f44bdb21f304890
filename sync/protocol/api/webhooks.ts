import { z } from 'zod';
import { Direction, Instant, LookalikeReason, Method, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { AlertTopics, QuietHours } from './alerts.ts';
import { AttentionKind } from './attention.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/**
 * `/api/webhooks`: notifies other programs of records and of what needs attention, signed as in Standard Webhooks
 * (docs/operate/webhooks.md).
 */

const Url = z.url({ protocol: /^https$/ }).max(2000);
const Name = givenName(80);
/** PEM of the operator's own certificate authority, for receivers without a publicly trusted certificate. */
const CaPem = z
  .string()
  .max(20_000)
  .regex(/^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/);

export const Webhook = z.strictObject({
  id: Uuid,
  name: z.string(),
  url: z.string(),
  /** Null: every site. */
  site: Uuid.nullable(),
  /** Sends the person's number with each record. This is a disclosure, recorded in the audit log. */
  withNumber: z.boolean(),
  /** Receives records, and changes that concern the people in them. */
  records: z.boolean(),
  /** The attention topics it receives; for a site, that site's items. Empty: none. */
  topics: AlertTopics,
  /** In local time of its site, or of the default site. They delay attention items, never records. */
  quiet: QuietHours,
  ownCa: z.boolean(),
  enabled: z.boolean(),
  /** Why it was turned off automatically, e.g. `gone`; null: it was not. */
  disabledBecause: z.string().nullable(),
  createdAt: Instant,
  lastDeliveredAt: Instant.nullable(),
  /** Since when it has accepted nothing; null: it accepts what it is sent, or was turned off by hand. */
  failingSince: Instant.nullable(),
  /** Its last answer while it fails: the HTTP status, or a code if there was no answer. */
  lastFailure: z.string().nullable(),
  /** Deliveries waiting, and deliveries given up. */
  due: z.number().int(),
  failed: z.number().int(),
});
export type Webhook = z.infer<typeof Webhook>;

export const NewWebhook = z.strictObject({
  name: Name,
  url: Url,
  site: Uuid.nullable().default(null),
  withNumber: z.boolean().default(false),
  records: z.boolean().default(true),
  topics: AlertTopics.default([]),
  quiet: QuietHours.default(null),
  caPem: CaPem.nullable().default(null),
});
export type NewWebhook = z.infer<typeof NewWebhook>;

export const WebhookPatch = z
  .strictObject({
    name: Name,
    url: Url,
    site: Uuid.nullable(),
    withNumber: z.boolean(),
    records: z.boolean(),
    topics: AlertTopics,
    quiet: QuietHours,
    caPem: CaPem.nullable(),
    enabled: z.boolean(),
  })
  .partial();
export type WebhookPatch = z.infer<typeof WebhookPatch>;

/** Returned once. `whsec_` and 32 bytes in base64. */
export const WebhookSecret = z.strictObject({ id: Uuid, secret: z.string() });

export const DeliveryState = z.enum(['due', 'delivered', 'failed']);
export const Delivery = z.strictObject({
  id: Uuid,
  kind: z.enum([
    'attendance.record',
    'person.erased',
    'lookalikes.marked',
    'emergency-pin.used',
    'attention.opened',
    'attention.closed',
    'webhook.test',
  ]),
  /** The record, person, pair or event that it is about; null for a test. */
  record: Uuid.nullable(),
  state: DeliveryState,
  attempts: z.number().int(),
  madeAt: Instant,
  /** When it is tried next, while it is due. */
  dueAt: Instant,
  deliveredAt: Instant.nullable(),
  /** Result of the last attempt: the receiver's status, or a code if there was none. */
  lastAnswer: z.string().nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

/** Body of `attendance.record`: a record with its current state. A later message about the same `id` replaces it. */
export const RecordMessage = z.strictObject({
  type: z.literal('attendance.record'),
  timestamp: Instant,
  data: z.strictObject({
    id: Uuid,
    /** Increases with each change of the record. Of two messages, the one with the higher number is valid. */
    change: z.number().int(),
    at: Instant,
    site: z.string(),
    device: z.string().nullable(),
    direction: Direction,
    method: Method,
    /** False: voided, corrected, or a duplicate; `because` says which. */
    counts: z.boolean(),
    because: z.string().nullable(),
    /** Null once erased. */
    person: Uuid.nullable(),
    /** Only if the webhook asks for it. */
    number: z.string().nullable().optional(),
  }),
});
export type RecordMessage = z.infer<typeof RecordMessage>;

/** Body of `person.erased`: receivers that were notified of this person have to erase their data (GDPR Art. 19). */
export const ErasedMessage = z.strictObject({
  type: z.literal('person.erased'),
  timestamp: Instant,
  data: z.strictObject({ person: Uuid }),
});

/** Body of `lookalikes.marked`: these two people can no longer be distinguished by face alone, and someone should check them. */
export const LookalikesMessage = z.strictObject({
  type: z.literal('lookalikes.marked'),
  timestamp: Instant,
  data: z.strictObject({
    id: Uuid,
    people: z.tuple([Uuid, Uuid]),
    reason: LookalikeReason,
    at: Instant,
    /** The kiosk where it was marked; null: the console. */
    device: Uuid.nullable(),
  }),
});

/** Body of `emergency-pin.used`: the sealed emergency PIN was used at a kiosk that has staff of its own. */
export const EmergencyPinMessage = z.strictObject({
  type: z.literal('emergency-pin.used'),
  timestamp: Instant,
  data: z.strictObject({
    id: Uuid,
    device: Uuid,
    deviceName: z.string().nullable(),
    at: Instant,
    /** On the kiosk's screen, or on its machine's command line. */
    where: z.enum(['screen', 'command-line']),
  }),
});

/** Body of `attention.opened` and `attention.closed`: something needs attention, or no longer does. Names nobody. */
export const AttentionMessage = z.strictObject({
  type: z.enum(['attention.opened', 'attention.closed']),
  timestamp: Instant,
  data: z.strictObject({
    /** The same in both messages about an item. */
    id: Uuid,
    kind: AttentionKind,
    code: z.string(),
    /** It prevents check-ins or backups, or needs attention now. */
    urgent: z.boolean(),
    /** Names of the sites concerned; empty: the whole installation. */
    sites: z.array(z.string()),
    device: Uuid.nullable(),
    deviceName: z.string().nullable(),
    at: Instant,
    closedAt: Instant.nullable(),
  }),
});

export const listWebhooks = endpoint('GET /api/webhooks', {
  summary: 'List webhooks and their state',
  roles: ['admin', 'dpo', 'auditor'],
  data: [],
  answer: z.strictObject({ items: z.array(Webhook) }),
});

export const createWebhook = endpoint('POST /api/webhooks', {
  summary: 'Add a webhook; returns its signing secret once',
  roles: ['admin'],
  data: [],
  body: NewWebhook,
  answer: WebhookSecret,
  errors: ['unknown-site', 'name-unreadable'],
});

export const changeWebhook = endpoint('PATCH /api/webhooks/:webhook', {
  summary: 'Change a webhook, or turn it on or off; ends a pause after failures',
  roles: ['admin'],
  data: [],
  body: WebhookPatch,
  answer: Webhook,
  errors: ['unknown-site', 'name-unreadable'],
});

export const removeWebhook = endpoint('DELETE /api/webhooks/:webhook', {
  summary: 'Remove a webhook and its delivery log',
  roles: ['admin'],
  data: [],
});

export const renewWebhookSecret = endpoint('POST /api/webhooks/:webhook/secret', {
  summary: 'Create a new signing secret, shown once; both sign for one day',
  roles: ['admin'],
  data: [],
  answer: WebhookSecret,
});

export const listDeliveries = endpoint('GET /api/webhooks/:webhook/deliveries', {
  summary: 'List deliveries, newest first, with the receiver’s last response',
  roles: ['admin', 'dpo', 'auditor'],
  data: [],
  query: z.strictObject({ ...sortedQuery(['madeAt'], '-madeAt'), state: DeliveryState.optional() }),
  answer: countedPageOf(Delivery),
});

export const testWebhook = endpoint('POST /api/webhooks/:webhook/test', {
  summary: 'Send a test message without data; the delivery log shows the result',
  roles: ['admin'],
  data: [],
  answer: z.strictObject({ delivery: Uuid }),
});

export const sendWaiting = endpoint('POST /api/webhooks/:webhook/send', {
  summary: 'Send messages waiting for their next attempt at once; quiet hours still apply',
  roles: ['admin'],
  data: [],
});

export const repeatDelivery = endpoint('POST /api/webhooks/:webhook/deliveries/:delivery/retry', {
  summary: 'Send a delivered or failed message again',
  roles: ['admin'],
  data: [],
  errors: ['webhook-unknown'],
});
