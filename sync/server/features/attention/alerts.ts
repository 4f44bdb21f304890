import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/alerts.ts';
import { isUrgent } from '../../../protocol/api/attention.ts';
import { isLanguage } from '../../../protocol/api/languages.ts';
import type { Site } from '../../../protocol/api/sites.ts';
import type { Config } from '../../app/config.ts';
import { isEnrolled, lockAccount } from '../../core/accounts/accounts.ts';
import { trySending } from '../../core/accounts/mail.ts';
import { quietEnd, quietUntil } from '../../core/sites/quiet.ts';
import { listSites } from '../../core/sites/sites.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import {
  below,
  find,
  findAll,
  findSorted,
  idsOf,
  insert,
  not,
  remove,
  update,
  upsert,
} from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import { openEmail } from '../../platform/http/email.ts';
import type { Job, JobContext } from '../../platform/jobs/job.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { attentionOf, type Erasing } from '../../platform/server-module.ts';
import { dropHeld, queueMessages } from '../../platform/webhooks/queue.ts';
import { alertMail, type Places, testMail } from './alerts-mail.ts';
import { type Due, dueNow, type Item } from './alerts-rules.ts';
import { type OpenItem, openItems } from './items.ts';

/** Alerts: items of the attention queue sent by mail and to webhook receivers. */

/** How long an item has to be off the list to count as closed, ms. A restarted server has yet to find its problems again. */
const GRACE_MS = 3 * 60_000;
/** How long closed items are kept for receivers and mail servers that don't answer, ms. */
const KEPT_MS = 30 * 86_400_000;
/** Rows per statement. */
const CHUNK = 1000;
/** Limits of the pause after a failed mail, ms. Within them, the pause is as long as mails have been failing. */
const RETRY_MS = { least: 60_000, most: 15 * 60_000 };

/** Key of an item. For problems of the server it ignores when they were found, since that changes with a restart. */
const keyOf = ({ kind, ref }: OpenItem): string =>
  createHash('sha256')
    .update(`${kind} ${kind === 'server' ? ref.replace(/@\d+$/, '') : ref}`)
    .digest('hex');

const consoleOf = ({ peopleUrl }: Pick<Config, 'peopleUrl'>): string => `${peopleUrl}/console/#/`;

/** Mails each account the open items it chose and may see, now or after its quiet hours. */
export const alertsJob: Job = {
  name: 'alerts',
  everyMs: 60_000,
  run: async (context) => ({ ...(await notice(context, context.now())), ...(await mailAccounts(context)) }),
};

/**
 * Compares the attention list with the stored items in one transaction, and queues opened and closed items for receivers. A
 * closed item that is on the list again is a new item for receivers. Accounts not yet mailed that it closed get no mail.
 */
function notice(
  { db, modules }: Pick<JobContext, 'db' | 'modules'>,
  now: Date,
): Promise<{ opened: number; closed: number }> {
  return inTransaction(db, async (tx) => {
    const all = await listSites(tx);
    const defaultSite = all.find((s) => s.isDefault)?.id ?? '';
    const open = new Map(
      (await openItems(tx, attentionOf(modules), defaultSite, now)).map((item) => [keyOf(item), item]),
    );
    const known = new Map((await findAll(tx, 'alert_item', {})).map((row) => [hex(row.key), row]));
    const fresh: Row<'alert_item'>[] = [];
    const opened: Row<'alert_item'>[] = [];
    for (const [key, { ref: _, sites, ...item }] of open) {
      const row = known.get(key);
      const values = { ...item, sites: sites && [...sites], absent_at: null, closed_at: null };
      // The kiosk or person has moved to another site, so that the item concerns the staff there.
      const moved = JSON.stringify(row?.sites) !== JSON.stringify(values.sites);
      const made = { ...values, id: row && row.closed_at === null ? row.id : v7(), key: Buffer.from(key, 'hex') };
      if (!row) fresh.push(made);
      else if (made.id !== row.id || row.absent_at || row.code !== item.code || moved)
        await update(tx, 'alert_item', { id: row.id }, { ...values, id: made.id });
      if (made.id !== row?.id) opened.push(made);
    }
    for (let i = 0; i < fresh.length; i += CHUNK) await insert(tx, 'alert_item', fresh.slice(i, i + CHUNK));
    const absent = [...known].flatMap(([key, row]) => (open.has(key) || row.closed_at ? [] : [row]));
    const over = (row: Row<'alert_item'>) =>
      row.absent_at !== null && now.getTime() - row.absent_at.getTime() >= GRACE_MS;
    const closed = absent.filter(over);
    const newlyAbsent = idsOf(absent.filter(({ absent_at }) => absent_at === null));
    await update(tx, 'alert_item', { id: newlyAbsent }, { absent_at: now });
    await update(tx, 'alert_item', { id: idsOf(closed) }, { closed_at: now });
    await queueAll(tx, 'attention.opened', opened, all, now);
    await queueAll(tx, 'attention.closed', closed, all, now);
    await remove(tx, 'alert_item', { closed_at: below(new Date(now.getTime() - KEPT_MS)) });
    // A person may have been erased since the list was read.
    await sql`update alert_item i set ${OF_NOBODY} from person p
              where p.id = i.person and p.deleted_at is not null`.execute(tx);
    return { opened: opened.length, closed: closed.length };
  });
}

const OF_NOBODY = sql`person = null, key = sha256(uuid_send(gen_random_uuid()))`;

/** Unlinks items from erased people. That the items closed is still reported. */
export const unlinkItems = ({ tx, people }: Pick<Erasing, 'tx' | 'people'>): Promise<unknown> =>
  sql`update alert_item set ${OF_NOBODY} where person = any(${people}::uuid[])`.execute(tx);

const hex = (key: Uint8Array): string => Buffer.from(key).toString('hex');

async function queueAll(
  tx: Tx,
  kind: 'attention.opened' | 'attention.closed',
  items: readonly Item[],
  sites: readonly Site[],
  now: Date,
): Promise<void> {
  const byId = new Map(items.map((item) => [item.id, item]));
  const closes = kind === 'attention.closed';
  // As with mail, an item that opened and closed within the quiet hours is not sent.
  const dropped = closes ? await dropHeld(tx, [...byId.keys()], now) : new Set();
  await queueMessages(tx, kind, [...byId.keys()], now, (receiver, id) => {
    const item = byId.get(id)!;
    if (!api.isOfTopics(receiver.topics, item.kind) || dropped.has(`${receiver.id} ${id}`)) return null;
    if (receiver.site !== null && !item.sites?.includes(receiver.site)) return null;
    return (!closes && isUrgent(item) ? null : quietEnd(receiver, sites, now)) ?? now;
  });
}

/** An account with an e-mail address. It gets mails once it is set up (`enrolled`). */
interface Reader {
  readonly id: string;
  readonly role: string;
  readonly email: string;
  readonly enrolled: boolean;
  readonly row: Row<'alert_account'> | null;
  readonly settings: api.AlertSettings;
}

const settingsOf = (role: string, row: Row<'alert_account'> | null): api.AlertSettings => {
  // The choice may date from an earlier role: topics that this role can't see are dropped.
  const chosen = (row?.topics as api.AlertTopic[] | null | undefined) ?? api.DEFAULT_TOPICS[role] ?? [];
  return {
    topics: chosen.filter((topic) => api.kindsFor(role, topic).length > 0),
    sites: row?.sites ?? null,
    quiet: row?.quiet_from && row.quiet_to ? { from: row.quiet_from, to: row.quiet_to } : null,
    timeZone: row?.time_zone ?? null,
    language: row && isLanguage(row.language) ? row.language : 'en',
  };
};

/** Returns all accounts that have an address and are not disabled, in a fixed order. */
async function readersOf(db: Db, keys: Keys): Promise<Reader[]> {
  const rows = new Map((await findAll(db, 'alert_account', {})).map((row) => [row.account, row]));
  const accounts = await findSorted(db, 'account', { disabled_at: null, email: not(null) }, ['made_at', 'id']);
  return accounts.map((account) => {
    const { id, role, email, row_version } = account;
    const row = rows.get(id) ?? null;
    const [enrolled, settings] = [isEnrolled(account), settingsOf(role, row)];
    return { id, role, email: openEmail(keys, id, row_version, email!), enrolled, row, settings };
  });
}

/** Whether an account may see an item and has chosen its topic and site. Pure. */
function isFor({ role, settings: { topics, sites } }: Pick<Reader, 'role' | 'settings'>, item: Item): boolean {
  if (!topics.some((topic) => api.kindsFor(role, topic).some((kind) => kind === item.kind))) return false;
  if (sites === null) return true;
  return item.sites === null ? api.isOfTopics(['server'], item.kind) : item.sites.some((site) => sites.includes(site));
}

async function mailAccounts(context: JobContext): Promise<{ mails: number; failed: number }> {
  const { db, keys, config, now, signal } = context;
  let [mails, failed] = [0, 0];
  if (!config.mail) return { mails, failed };
  const items: Item[] = await findSorted(db, 'alert_item', {}, ['at', 'id']);
  const sites = await listSites(db);
  const kiosks = new Map((await findAll(db, 'device', {}, ['id', 'name'])).map(({ id, name }) => [id, name]));
  const zone = sites.find((s) => s.isDefault)?.timeZone ?? 'UTC';
  for (const reader of (await readersOf(db, keys)).filter((one) => one.enrolled)) {
    signal.throwIfAborted();
    const { row, settings, email } = reader;
    const at = now();
    if (row?.retry_at && row.retry_at > at) continue;
    const mine = items.filter((item) => isFor(reader, item));
    const timeZone = settings.timeZone ?? zone;
    const quiet = settings.quiet !== null && quietUntil({ ...settings.quiet, timeZone }, at) !== null;
    const sentRows = await findAll(db, 'alert_sent', { account: reader.id });
    const sent = new Map(sentRows.map(({ item, sent_at }) => [item, sent_at]));
    const due = dueNow(mine, sent, { quiet, sentAt: row?.sent_at ?? null }, at);
    if (Object.values(due).every((part) => part.length === 0)) continue;
    const places: Places = {
      console: consoleOf(config),
      timeZone,
      siteName: (id) => sites.find((s) => s.id === id)?.name,
      kioskName: (id) => kiosks.get(id),
    };
    const mail = alertMail(settings.language, due, places);
    const { sent: taken, answer, reason } = await trySending(config.mail, { to: email, ...mail });
    if (!taken) {
      failed++;
      await noteFailure(db, reader, reason, at);
      // The mail server didn't answer: mails to other accounts would fail too.
      if (answer === null) break;
      continue;
    }
    await noteSent(db, reader.id, due, at);
    mails++;
  }
  return { mails, failed };
}

const WELL = { failing_since: null, answer: null, retry_at: null };

function noteSent(db: Db, account: string, { urgent, opened, still, closed }: Due, at: Date): Promise<void> {
  return inTransaction(db, async (tx) => {
    const rows = [...urgent, ...opened, ...still].map(({ id: item }) => ({ account, item, sent_at: at }));
    for (let i = 0; i < rows.length; i += CHUNK)
      await upsert(tx, 'alert_sent', ['account', 'item'], rows.slice(i, i + CHUNK), { sent_at: at });
    await remove(tx, 'alert_sent', { account, item: idsOf(closed) });
    const values = { ...WELL, sent_at: at };
    await upsert(tx, 'alert_account', 'account', { account, ...values }, values);
  });
}

async function noteFailure(db: Db, { id: account, row }: Reader, answer: string, at: Date): Promise<void> {
  const since = row?.failing_since ?? at;
  const pause = Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, at.getTime() - since.getTime()));
  const values = { failing_since: since, answer, retry_at: new Date(at.getTime() + pause) };
  await upsert(db, 'alert_account', 'account', { account, ...values }, values);
}

/** Allows an account itself, or any administrator. @throws Problem `account-unknown`, so as not to reveal other accounts */
function requireOwn(actor: Actor, account: string): void {
  if (actor.role !== 'admin' && actor.id !== account) throw new Problem('account-unknown');
}

/** @throws Problem `account-unknown` */
async function alertsOf(tx: Tx, keys: Keys, config: Config, id: string) {
  const account = await lockAccount(tx, id);
  const row = (await find(tx, 'alert_account', { account: id })) ?? null;
  return {
    role: account.role,
    email: account.email ? openEmail(keys, id, account.row_version, account.email) : null,
    mail: config.mail !== null,
    chosen: (row?.topics ?? null) !== null,
    settings: settingsOf(account.role, row),
    lastSentAt: row?.sent_at ?? null,
    failing: row?.failing_since ? { since: row.failing_since, answer: row.answer ?? '' } : null,
  };
}

export const alertRoutes: readonly Route[] = [
  implement(api.listAlerts, async ({ tx, services: { keys } }) => ({
    accounts: (await readersOf(tx, keys)).map(({ id, settings }) => ({ account: id, topics: settings.topics })),
  })),
  implement(api.getAlerts, ({ tx, services: { keys, config }, actor, params: { account } }) => {
    requireOwn(actor, account);
    return alertsOf(tx, keys, config, account);
  }),
  implement(api.setAlerts, async ({ tx, services: { keys, config }, actor, params: { account }, body }) => {
    requireOwn(actor, account);
    await lockAccount(tx, account);
    const { topics, sites, quiet, timeZone, language } = body;
    const known = (await listSites(tx)).map(({ id }) => id);
    if (sites?.some((site) => !known.includes(site))) throw new Problem('unknown-site');
    const values = {
      topics,
      sites,
      quiet_from: quiet?.from ?? null,
      quiet_to: quiet?.to ?? null,
      time_zone: timeZone,
      language,
      // Retry now with the new choice.
      retry_at: null,
    };
    await upsert(tx, 'alert_account', 'account', { account, ...values }, values);
    return alertsOf(tx, keys, config, account);
  }),
  implement(api.testAlerts, {
    async before({ services: { db, keys, config }, actor, params: { account } }) {
      requireOwn(actor, account);
      const { mail } = config;
      const row = await find(db, 'account', { id: account });
      if (!row) throw new Problem('account-unknown');
      if (!mail) throw new Problem('mail-not-configured');
      if (!row.email) throw new Problem('email-missing');
      const to = openEmail(keys, account, row.row_version, row.email);
      const { language } = settingsOf(row.role, (await find(db, 'alert_account', { account })) ?? null);
      const { sent, answer, reason } = await trySending(mail, {
        to,
        ...testMail(language, { console: consoleOf(config) }),
      });
      return { to, sent, answer: answer ?? reason };
    },
    // The mail server accepts mail for this account, so that waiting mails are sent now.
    handle: async ({ tx, params: { account }, prepared }) => {
      if (prepared.sent) await update(tx, 'alert_account', { account }, WELL);
      return prepared;
    },
  }),
];
