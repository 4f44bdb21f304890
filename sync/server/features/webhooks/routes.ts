import { sql } from 'kysely';
import { v7 } from 'uuid';
import { z } from 'zod';
import {
  type Delivery,
  DeliveryPage,
  DeliveryQuery,
  NewWebhook,
  Webhook,
  WebhookList,
  WebhookPatch,
  WebhookSecret,
} from '../../../protocol/api/webhooks.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { addWebhook, changeWebhook, findWebhook, listWebhooks, removeWebhook, renewSecret } from './store.ts';

const One = z.strictObject({ webhook: Uuid });
const OneDelivery = z.strictObject({ webhook: Uuid, delivery: Uuid });
const READERS = ['admin', 'dpo', 'auditor'] as const;

const list = route({
  method: 'GET',
  path: '/api/webhooks',
  summary: 'Programs that are notified of records, and their state',
  roles: READERS,
  data: [],
  action: 'read',
  answer: WebhookList,
  handle: async ({ tx, services: { keys } }) => ({ items: await listWebhooks(tx, keys) }),
});

const create = route({
  method: 'POST',
  path: '/api/webhooks',
  summary: 'Notify a program of records from now on; the answer holds the secret that signs them, once',
  roles: ['admin'],
  data: [],
  action: 'write',
  body: NewWebhook,
  answer: WebhookSecret,
  errors: ['unknown-site', 'name-unreadable'],
  async handle({ tx, services: { keys }, body, now, on }) {
    const made = await addWebhook(tx, keys, body, now);
    on(made.id);
    return made;
  },
});

const patch = route({
  method: 'PATCH',
  path: '/api/webhooks/:webhook',
  summary: 'Change a receiver, switch it off or on; a pause after failures ends',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: One,
  body: WebhookPatch,
  answer: Webhook,
  errors: ['webhook-unknown', 'unknown-site', 'name-unreadable'],
  async handle({ tx, services: { keys }, params: { webhook }, body, on }) {
    on(webhook);
    await changeWebhook(tx, keys, webhook, body);
    return findWebhook(tx, keys, webhook);
  },
});

const remove = route({
  method: 'DELETE',
  path: '/api/webhooks/:webhook',
  summary: 'Stop notifying a program; its delivery log goes too',
  roles: ['admin'],
  data: [],
  action: 'delete',
  params: One,
  answer: 'nothing',
  errors: ['webhook-unknown'],
  async handle({ tx, params: { webhook }, on }) {
    on(webhook);
    await removeWebhook(tx, webhook);
  },
});

const secret = route({
  method: 'POST',
  path: '/api/webhooks/:webhook/secret',
  summary: 'A new secret, shown once; for a day the old one signs too',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: One,
  answer: WebhookSecret,
  errors: ['webhook-unknown'],
  async handle({ tx, services: { keys }, params: { webhook }, now, on }) {
    on(webhook);
    return { id: webhook, secret: await renewSecret(tx, keys, webhook, now) };
  },
});

const deliveries = route({
  method: 'GET',
  path: '/api/webhooks/:webhook/deliveries',
  summary: 'What was sent, what waits and what was given up, newest first, with the receiver’s last answer',
  roles: READERS,
  data: [],
  action: 'read',
  params: One,
  query: DeliveryQuery,
  answer: DeliveryPage,
  errors: ['webhook-unknown', 'cursor-unreadable'],
  async handle({ tx, services: { keys }, params: { webhook }, query: { limit, cursor, state } }) {
    await findWebhook(tx, keys, webhook);
    const after = readPageCursor(z.tuple([z.string(), Uuid]), cursor);
    const made = sql<Date>`date_trunc('milliseconds', made_at)`;
    let query = tx
      .selectFrom('webhook_delivery')
      .selectAll()
      .where('webhook', '=', webhook)
      .orderBy(made, 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (state) query = query.where('state', '=', state);
    if (after) query = query.where(sql<boolean>`(${made}, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`);
    const item = (r: Awaited<ReturnType<typeof query.execute>>[number]): Delivery => ({
      id: r.id,
      kind: r.kind,
      record: r.kind === 'attendance.record' ? r.subject : null,
      state: r.state,
      attempts: r.attempts,
      madeAt: r.made_at.toISOString(),
      dueAt: r.due_at.toISOString(),
      deliveredAt: r.delivered_at?.toISOString() ?? null,
      lastAnswer: r.last_answer,
    });
    return pageFrom(await query.execute(), limit, item, (r) => [r.made_at.toISOString(), r.id]);
  },
});

const test = route({
  method: 'POST',
  path: '/api/webhooks/:webhook/test',
  summary: 'Send a message without data; the delivery log says what came of it',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: One,
  answer: z.strictObject({ delivery: Uuid }),
  errors: ['webhook-unknown'],
  async handle({ tx, services: { keys }, params: { webhook }, now, on }) {
    on(webhook);
    await findWebhook(tx, keys, webhook);
    const id = v7();
    const when = { made_at: now, due_at: now, delivered_at: null };
    await tx
      .insertInto('webhook_delivery')
      .values({
        id,
        webhook,
        kind: 'webhook.test',
        subject: null,
        change: 0,
        state: 'due',
        attempts: 0,
        last_answer: null,
        ...when,
      })
      .execute();
    await tx.updateTable('webhook').set({ paused_until: null }).where('id', '=', webhook).execute();
    return { delivery: id };
  },
});

const again = route({
  method: 'POST',
  path: '/api/webhooks/:webhook/deliveries/:delivery/again',
  summary: 'Send a message once more that was delivered or given up',
  roles: ['admin'],
  data: [],
  action: 'write',
  params: OneDelivery,
  answer: 'nothing',
  errors: ['webhook-unknown', 'delivery-unknown'],
  async handle({ tx, params: { webhook, delivery }, now, on }) {
    on(webhook);
    const row = await tx
      .updateTable('webhook_delivery')
      .set({ state: 'due', attempts: 0, due_at: now })
      .where('id', '=', delivery)
      .where('webhook', '=', webhook)
      .where((e) => e.or([e('subject', 'is not', null), e('kind', '=', 'webhook.test')]))
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new Problem('delivery-unknown', 'There is no such delivery any more.', 'Read the log again.');
    await tx.updateTable('webhook').set({ paused_until: null }).where('id', '=', webhook).execute();
  },
});

export const webhookRoutes: readonly RouteSpec[] = [list, create, patch, remove, secret, deliveries, test, again];
