import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { AlertTopic, QuietHours } from '../../../protocol/api/alerts.ts';
import type { NewWebhook, WebhookPatch } from '../../../protocol/api/webhooks.ts';
import { quietEnd } from '../../core/sites/quiet.ts';
import { findSite, listSites } from '../../core/sites/sites.ts';
import { logEpochOf } from '../../platform/audit/anchors.ts';
import { horizon } from '../../platform/database/feed.ts';
import { camelCase, defined, findLocked, get, insert, remove, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { moveHeld } from '../../platform/webhooks/queue.ts';

/** How long messages are also signed with the previous secret, so that the receiver can be switched, ms. */
const BOTH_MS = 24 * 3_600_000;

/** The encrypted data of a receiver. The URL is included because it may contain a token. */
export interface Receiver {
  readonly url: string;
  /** base64. */
  readonly secret: string;
  readonly previous: { readonly secret: string; readonly until: string } | null;
  readonly caPem: string | null;
}

export const webhookPlace = (id: string, rowVersion: number): Place => placeOf('webhook.receiver', id, { rowVersion });

const newSecret = (): string => randomBytes(32).toString('base64');
const shownSecret = (secret: string): string => `whsec_${secret}`;

export const receiverOf = (keys: Keys, row: { id: string; row_version: number; sealed: Uint8Array }): Receiver =>
  keys.openJson(webhookPlace(row.id, row.row_version), row.sealed) as Receiver;

/** Returns the secrets to sign with, newest first. */
export function secretsOf({ secret, previous }: Receiver, now: Date): Buffer[] {
  const all = previous && Date.parse(previous.until) > now.getTime() ? [secret, previous.secret] : [secret];
  return all.map((text) => Buffer.from(text, 'base64'));
}

const quietColumns = (quiet: QuietHours) => ({ quiet_from: quiet?.from ?? null, quiet_to: quiet?.to ?? null });

const numberOf = (state: 'due' | 'failed') =>
  sql<number>`(select count(*)::int from webhook_delivery d where d.webhook = w.id and d.state = ${state})`;

export async function listWebhooks(db: Db, keys: Keys, id?: string) {
  const rows = await db
    .selectFrom('webhook as w')
    .selectAll('w')
    .select([
      sql<Date | null>`(select max(d.delivered_at) from webhook_delivery d where d.webhook = w.id)`.as('last'),
      numberOf('due').as('due'),
      numberOf('failed').as('failed'),
    ])
    .$if(id !== undefined, (q) => q.where('w.id', '=', id!))
    .orderBy('w.created_at')
    .execute();
  return rows.map((row) => {
    const { sealed: _, rowVersion: __, pausedUntil: ___, hadRecords: ____, ...rest } = camelCase(row);
    const { last, topics, quietFrom: from, quietTo: to, log: _l, position: _p, ...shown } = rest;
    const { url, caPem } = receiverOf(keys, row);
    const quiet = from !== null && to !== null ? { from, to } : null;
    return {
      ...shown,
      topics: topics as AlertTopic[],
      quiet,
      url,
      ownCa: caPem !== null,
      lastDeliveredAt: last && new Date(last),
    };
  });
}

const unknown = () => new Problem('webhook-unknown');

/** @throws Problem `webhook-unknown` */
export async function findWebhook(db: Db, keys: Keys, id: string) {
  const [found] = await listWebhooks(db, keys, id);
  if (!found) throw unknown();
  return found;
}

/** @returns the secret, which is never shown again @throws Problem `unknown-site` */
export async function addWebhook(
  tx: Tx,
  keys: Keys,
  { name, url, site, withNumber, records, topics, quiet, caPem }: NewWebhook,
  now: Date,
): Promise<{ id: string; secret: string }> {
  if (site !== null) await findSite(tx, site);
  const id = v7();
  const receiver: Receiver = { url, secret: newSecret(), previous: null, caPem };
  await insert(tx, 'webhook', {
    id,
    name,
    site,
    with_number: withNumber,
    records,
    topics,
    ...quietColumns(quiet),
    had_records: records,
    enabled: true,
    sealed: keys.sealJson(webhookPlace(id, 1), receiver),
    row_version: 1,
    created_at: now,
    // Only changes from now on are sent.
    log: await logEpochOf(tx),
    position: await horizon(tx),
  });
  return { id, secret: shownSecret(receiver.secret) };
}

/** Changes a receiver. The new row version prevents replays of an old one. @throws Problem `webhook-unknown`, `unknown-site` */
export async function changeWebhook(tx: Tx, keys: Keys, id: string, patch: WebhookPatch, now: Date): Promise<void> {
  if (patch.site) await findSite(tx, patch.site);
  const { url, caPem, name, site, withNumber, records, topics, quiet, enabled } = patch;
  await replace(tx, keys, id, (receiver) => ({ ...receiver, ...defined({ url, caPem }) }));
  const change = {
    ...defined({ name, site, with_number: withNumber, records, topics, enabled }),
    ...(quiet !== undefined && quietColumns(quiet)),
    ...(records && { had_records: true }),
    ...(enabled !== undefined && { disabled_because: null, failing_since: null, last_failure: null }),
  };
  // Ends the pause, so that someone who fixes a receiver sees at once whether it works.
  await update(tx, 'webhook', { id }, { ...change, paused_until: null });
  const changed = await get(tx, 'webhook', { id });
  await moveHeld(tx, id, quietEnd(changed, await listSites(tx), now) ?? now, now);
}

/**
 * Makes waiting messages due now with all their attempts again. For use after a receiver was fixed.
 *
 * @throws Problem `webhook-unknown`
 */
export async function sendWaiting(tx: Tx, id: string, now: Date): Promise<void> {
  if ((await update(tx, 'webhook', { id }, { paused_until: null })) === 0) throw unknown();
  await update(tx, 'webhook_delivery', { webhook: id, state: 'due' }, { due_at: now, attempts: 0 });
}

/** Replaces the secret. Both sign for a day. @returns the new one, shown only once @throws Problem `webhook-unknown` */
export async function renewSecret(tx: Tx, keys: Keys, id: string, now: Date): Promise<string> {
  const secret = newSecret();
  await replace(tx, keys, id, (receiver) => ({
    ...receiver,
    secret,
    previous: { secret: receiver.secret, until: new Date(now.getTime() + BOTH_MS).toISOString() },
  }));
  return shownSecret(secret);
}

export async function removeWebhook(tx: Tx, id: string): Promise<void> {
  if ((await remove(tx, 'webhook', { id })) === 0) throw unknown();
}

async function replace(tx: Tx, keys: Keys, id: string, change: (receiver: Receiver) => Receiver): Promise<void> {
  const row = await findLocked(tx, 'webhook', { id });
  if (!row) throw unknown();
  const version = row.row_version + 1;
  const sealed = keys.sealJson(webhookPlace(id, version), change(receiverOf(keys, row)));
  await update(tx, 'webhook', { id }, { sealed, row_version: version });
}
