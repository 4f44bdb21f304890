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

/** Most messages to one receiver per run. */
const BATCH = 200;

interface Delivered {
  readonly delivered: number;
  readonly failed: number;
}

/** Sends due messages to all receivers in parallel, to each in the order in which they were queued. */
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

/** Whether a receiver should still get a queued message. For attention messages `messageOf` checks its topics. */
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
    // Messages that failed, or waited while the receiver was paused, may become due in quiet hours.
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
    // Stop here: the other messages would fail too, and have to stay in order.
    await rest(context, webhook.id, delivery.attempts + 1, answer);
    return { delivered, failed: 1 };
  }
  return { delivered, failed: 0 };
}

const waitsForQuiet = (body: Made['body']): boolean =>
  body.type === 'attention.closed' || (body.type === 'attention.opened' && !body.data.urgent);

/** Makes the message and writes its audit row before it is sent, so that everything possibly sent is on record. */
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

/** Stores the outcome of a delivery. @param o `change`: change of the record that was sent */
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
      // Deletes the erased person's id once the message is sent or given up.
      ...(over && delivery.kind === 'person.erased' && { subject: null }),
    })
    .where('id', '=', delivery.id)
    // If the record has changed meanwhile, collect.ts has queued it again, and the row stays due.
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
    // If it was turned off meanwhile, it isn't failing.
    .where('enabled', '=', true)
    .execute();
}

/** Time-out of the whole exchange, ms. */
const TIMEOUT_MS = 10_000;

interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** CA certificate, PEM. Null for the public authorities. */
  readonly ca: string | null;
  /** Whether receivers on this machine are allowed. */
  readonly loopback: boolean;
  readonly signal: AbortSignal;
}

/**
 * Posts over verified TLS (1.2 or newer, since receivers are not ours) and reads only the status of the answer. It follows no
 * redirects. The address is checked when connecting, so that a changed DNS entry can't lead elsewhere.
 *
 * @returns the status, or an error code: `address-not-allowed`, `timed-out`, or that of the system
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

/** Returns this machine's own addresses, which also lead to its services, like the loopback addresses. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address.split('%')[0]!));
