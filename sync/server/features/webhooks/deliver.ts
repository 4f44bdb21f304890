import { lookup } from 'node:dns';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { DataKind } from '../../../protocol/api/data-kinds.ts';
import type { Site } from '../../../protocol/api/sites.ts';
import { quietEnd } from '../../core/sites/quiet.ts';
import { listSites } from '../../core/sites/sites.ts';
import { SYSTEM } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { atMost, findSorted, remove, update } from '../../platform/database/rows.ts';
import type { Row } from '../../platform/database/schema.ts';
import type { JobContext } from '../../platform/jobs/job.ts';
import { type Made, messageOf } from './message.ts';
import { mayReach, pauseAfter, restAfter, sign } from './rules.ts';
import { type Receiver, receiverOf, secretsOf } from './store.ts';

/** Messages to one receiver in one run. */
const BATCH = 200;

interface Delivered {
  readonly delivered: number;
  readonly failed: number;
}

/** Sends what is due, to each receiver in the order in which it was made, all receivers in parallel. */
export async function deliverDue(context: JobContext): Promise<Delivered> {
  const { db, now } = context;
  const receivers = await db
    .selectFrom('webhook')
    .selectAll()
    .where('enabled', '=', true)
    .where((e) => e.or([e('paused_until', 'is', null), e('paused_until', '<=', now())]))
    .execute();
  const sites = await listSites(db);
  const results = await Promise.all(
    receivers.map((row) => deliverTo(context, row, receiverOf(context.keys, row), sites)),
  );
  return {
    delivered: results.reduce((sum, t) => sum + t.delivered, 0),
    failed: results.reduce((sum, t) => sum + t.failed, 0),
  };
}

/** Whether a receiver should still get what was queued for it; of attention its topics decide (`messageOf`). */
const isWanted = ({ records }: Pick<Row<'webhook'>, 'records'>, kind: string): boolean =>
  kind === 'person.erased' || kind === 'webhook.test' || kind.startsWith('attention.') || records;

async function deliverTo(
  context: JobContext,
  webhook: Row<'webhook'>,
  receiver: Receiver,
  sites: readonly Site[],
): Promise<Delivered> {
  const { db, now, signal } = context;
  const waiting = { webhook: webhook.id, state: 'due', due_at: atMost(now()) } as const;
  const due = await findSorted(db, 'webhook_delivery', waiting, ['made_at', 'id'], { limit: BATCH });
  let delivered = 0;
  for (const delivery of due) {
    signal.throwIfAborted();
    const at = now();
    const made = isWanted(webhook, delivery.kind) ? await disclose(context, webhook, delivery, at) : null;
    if (made === null) {
      await remove(db, 'webhook_delivery', { id: delivery.id });
      continue;
    }
    // What was tried in vain, or waited while the receiver rested, is due in quiet hours too.
    const quiet = quietEnd(webhook, sites, at);
    if (quiet && waitsForQuiet(made.body)) {
      await update(db, 'webhook_delivery', { id: delivery.id }, { due_at: quiet });
      continue;
    }
    const answer = await send(context, receiver, `${delivery.id}.${made.change}`, JSON.stringify(made.body), at);
    const ok = typeof answer === 'number' && answer >= 200 && answer < 300;
    await settle(context, delivery, { ok, change: made.change, answer: String(answer) });
    if (ok) {
      if (webhook.failing_since && delivered === 0)
        await update(db, 'webhook', { id: webhook.id }, { failing_since: null, last_failure: null });
      delivered++;
      continue;
    }
    // The others would fail as well; they keep their order.
    await rest(context, webhook.id, delivery.attempts + 1, answer);
    return { delivered, failed: 1 };
  }
  return { delivered, failed: 0 };
}

const waitsForQuiet = (body: Made['body']): boolean =>
  body.type === 'attention.closed' || (body.type === 'attention.opened' && !body.data.urgent);

/** The message, and its audit row before it goes out: what may have been sent is on record. */
function disclose(
  { db, keys }: JobContext,
  webhook: Row<'webhook'>,
  delivery: Pick<Row<'webhook_delivery'>, 'kind' | 'subject'>,
  at: Date,
) {
  return inTransaction(db, async (tx) => {
    const made = await messageOf(tx, keys, delivery, webhook, at);
    if (made && made.people.length > 0) {
      const data: DataKind[] = webhook.with_number ? ['attendance', 'person.number'] : ['attendance'];
      const entry = { actor: SYSTEM, action: 'export', route: 'webhook', data, outcome: 'ok' } as const;
      await writeAudit(tx, keys, { ...entry, resource: webhook.id, subjects: made.people }, at);
    }
    return made;
  });
}

function send(context: JobContext, receiver: Receiver, id: string, body: string, at: Date): Promise<number | string> {
  const seconds = Math.floor(at.getTime() / 1000);
  return post({
    url: receiver.url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'SmartPresence',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': sign(secretsOf(receiver, at), id, seconds, body),
    },
    body,
    ca: receiver.caPem,
    loopback: context.config.webhooks.loopback,
    signal: context.signal,
  });
}

/** @param o `change`: of the record that was sent */
async function settle(
  { db, now }: JobContext,
  delivery: Pick<Row<'webhook_delivery'>, 'id' | 'kind' | 'attempts'>,
  { ok, change, answer }: { readonly ok: boolean; readonly change: number; readonly answer: string },
): Promise<void> {
  const at = now();
  const attempts = delivery.attempts + 1;
  const pause = ok ? null : pauseAfter(attempts, Math.random());
  const over = ok || pause === null;
  await db
    .updateTable('webhook_delivery')
    .set({
      state: ok ? 'delivered' : over ? 'failed' : 'due',
      attempts,
      last_answer: answer,
      ...(ok && { delivered_at: at, change }),
      ...(pause !== null && { due_at: new Date(at.getTime() + pause) }),
      // Nothing keeps the name of a person who was erased once it was sent.
      ...(over && delivery.kind === 'person.erased' && { subject: null }),
    })
    .where('id', '=', delivery.id)
    // What changed again meanwhile is due again: collect.ts has written it.
    .where('change', '<=', ok ? change : Number.MAX_SAFE_INTEGER)
    .execute();
}

async function rest({ db, now }: JobContext, id: string, attempts: number, answer: number | string): Promise<void> {
  const at = now();
  const rested =
    answer === 410
      ? { enabled: false, disabled_because: 'answered-410' as const }
      : { paused_until: new Date(at.getTime() + restAfter(attempts)) };
  await db
    .updateTable('webhook')
    .set((e) => ({ ...rested, failing_since: e.fn.coalesce('failing_since', e.val(at)), last_failure: String(answer) }))
    .where('id', '=', id)
    // Turned off meanwhile, it does not fail.
    .where('enabled', '=', true)
    .execute();
}

/** Whole exchange, ms. */
const TIMEOUT_MS = 10_000;

interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM; null: the public authorities. */
  readonly ca: string | null;
  /** Receivers on this machine are allowed. */
  readonly loopback: boolean;
  readonly signal: AbortSignal;
}

/**
 * Posts over verified TLS (1.2 or newer: receivers are not ours) and reads no answer but its status. Follows no redirect.
 * The address is checked when it is connected to, so that a name that changes leads nowhere else.
 *
 * @returns the status, or a code of why there was none: `address-not-allowed`, `timed-out`, or the system's
 */
function post({ url, headers, body, ca, loopback, signal }: Post): Promise<number | string> {
  const { hostname } = new URL(url);
  const bare = hostname.replace(/^\[|\]$/g, '');
  const reachable = (address: string) => mayReach(address, { own: ownAddresses(), loopback });
  if (isIP(bare) !== 0 && !reachable(bare)) return Promise.resolve('address-not-allowed');
  const guarded: LookupFunction = (name, options, done) =>
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const allowed = found.filter(({ address }) => reachable(address));
      if (allowed.length === 0)
        return done(Object.assign(new Error('not allowed'), { code: 'address-not-allowed' }), []);
      if (options.all) return done(null, allowed);
      return done(null, allowed[0]!.address, allowed[0]!.family);
    });
  return new Promise((resolve) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        minVersion: 'TLSv1.2',
        lookup: guarded,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        ...(ca !== null && { ca }),
      },
      (answer) => {
        resolve(answer.statusCode ?? 'no-status');
        answer.destroy();
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const late = error.name === 'AbortError' || error.name === 'TimeoutError';
      resolve(late ? 'timed-out' : String(error.code ?? 'failed').slice(0, 60));
    });
    outgoing.end(body);
  });
}

/** Addresses of this machine, by which its own services could be reached from outside the loopback interface. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address.split('%')[0]!));
