import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/webhooks.ts';
import { byTimeOf, pageOfItems, readPage } from '../../platform/access/list.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { camelCase, insert, update } from '../../platform/database/rows.ts';
import {
  addWebhook,
  changeWebhook,
  findWebhook,
  listWebhooks,
  removeWebhook,
  renewSecret,
  sendWaiting,
} from './store.ts';

export const webhookRoutes: readonly Route[] = [
  implement(api.listWebhooks, async ({ tx, services: { keys } }) => ({ items: await listWebhooks(tx, keys) })),
  implement(api.createWebhook, async ({ tx, services: { keys }, body, now, on }) => {
    const made = await addWebhook(tx, keys, body, now);
    on(made.id);
    return made;
  }),
  implement(api.changeWebhook, async ({ tx, services: { keys }, params: { webhook }, body, now }) => {
    await changeWebhook(tx, keys, webhook, body, now);
    return findWebhook(tx, keys, webhook);
  }),
  implement(api.removeWebhook, async ({ tx, params: { webhook } }) => {
    await removeWebhook(tx, webhook);
  }),
  implement(api.renewWebhookSecret, async ({ tx, services: { keys }, params: { webhook }, now }) => {
    return { id: webhook, secret: await renewSecret(tx, keys, webhook, now) };
  }),
  implement(api.listDeliveries, async ({ tx, services: { keys }, params: { webhook }, query: { state, ...ask } }) => {
    await findWebhook(tx, keys, webhook);
    let query = tx.selectFrom('webhook_delivery').selectAll().where('webhook', '=', webhook);
    if (state) query = query.where('state', '=', state);
    const page = await readPage(tx, query, { by: { madeAt: byTimeOf('made_at') }, id: 'id' }, ask);
    return pageOfItems(page, (row) => {
      const { webhook: _, change: __, subject, ...delivery } = camelCase(row);
      return { ...delivery, record: delivery.kind === 'attendance.record' ? subject : null };
    });
  }),
  implement(api.testWebhook, async ({ tx, services: { keys }, params: { webhook }, now }) => {
    await findWebhook(tx, keys, webhook);
    const id = v7();
    const made = { id, webhook, kind: 'webhook.test', change: 0, state: 'due', attempts: 0 } as const;
    await insert(tx, 'webhook_delivery', { ...made, made_at: now, due_at: now });
    await update(tx, 'webhook', { id: webhook }, { paused_until: null });
    return { delivery: id };
  }),
  implement(api.sendWaiting, ({ tx, params: { webhook }, now }) => sendWaiting(tx, webhook, now)),
  implement(api.repeatDelivery, async ({ tx, params: { webhook, delivery }, now }) => {
    const row = await tx
      .updateTable('webhook_delivery')
      .set({ state: 'due', attempts: 0, due_at: now })
      .where('id', '=', delivery)
      .where('webhook', '=', webhook)
      .where((e) => e.or([e('subject', 'is not', null), e('kind', '=', 'webhook.test')]))
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new Problem('delivery-unknown');
    await update(tx, 'webhook', { id: webhook }, { paused_until: null });
  }),
];
