import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { ProductLanguage } from '../../../protocol/api/languages.ts';
import * as api from '../../../protocol/api/reports.ts';
import { fillIn } from '../../../protocol/fill-in.ts';
import type { AttendanceDay, SiteCalendar } from '../../../protocol/wire/calendar.ts';
import { listAccounts } from '../../core/accounts/accounts.ts';
import { mailTexts } from '../../core/accounts/links.ts';
import { type Mail, sendMail } from '../../core/accounts/mail.ts';
import { calendarOf, findSite } from '../../core/sites/sites.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { type Actor, SYSTEM } from '../../platform/audit/actor.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import {
  atMost,
  below,
  count,
  exists,
  findAll,
  findLocked,
  findSorted,
  insert,
  remove,
  update,
} from '../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import type { Job, JobContext } from '../../platform/jobs/job.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { dayNamed } from './day.ts';
import { openReport, reportSums } from './report.ts';

/**
 * Reports by e-mail. A mail has only totals and a link that needs a sign-in, since others may read mailboxes, and mails
 * outlive every retention period. When a schedule is due, one transaction queues a row per receiver and sets the next due
 * time. A row is deleted once the mail server has accepted its mail.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Longest pause before a mail is retried, minutes. */
const LONGEST_PAUSE = 60;
/** Days after which a mail that could not be sent is given up. */
const TRIED_DAYS = 1;
/** Fewest people in a report for its totals to be mailed. Totals of fewer could reveal one person's hours. */
const FEWEST_PEOPLE = 5;

type When = Pick<api.NewReportSchedule, 'every' | 'at'>;

/** Days of a site that start at the time at which a report is due. */
const dueDays = ({ at }: Pick<When, 'at'>, site: SiteCalendar) => calendarOf({ ...site, dayStartsAt: at });

/**
 * Returns when a report is due on a day of `dueDays`, ms since 1970. Pure. It is due at a local time, also across clock changes,
 * but not before the last day of its period is over, if the site's days start later than that time.
 */
function dueOn({ day, start }: AttendanceDay, site: SiteCalendar): number {
  const running = calendarOf(site)(start);
  return running.day < day ? running.end : start;
}

/**
 * Returns when a report is due next, and the site's day then (`YYYY-MM-DD`). Pure.
 *
 * @param after ms since 1970
 */
export function nextDue(when: When, site: SiteCalendar, after: number): { next_at: Date; next_day: string } {
  const { every } = when;
  const dayOf = dueDays(when, site);
  const fits = (day: string) =>
    every === 'day' || (every === 'week' ? new Date(day).getUTCDay() === 1 : day.endsWith('-01'));
  let next = dayOf(after);
  while (!fits(next.day) || dueOn(next, site) <= after) next = dayOf(next.end);
  return { next_at: new Date(dueOn(next, site)), next_day: next.day };
}

/** Returns the period of a report sent on this day: the day, seven days or month before. Pure. */
export function periodBefore(every: api.Every, day: string): { from: string; to: string } {
  const before = (days: number) => new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
  const to = before(1);
  return { from: every === 'day' ? to : every === 'week' ? before(7) : `${to.slice(0, 8)}01`, to };
}

/** Returns the accounts that may read reports, with their addresses. */
const receiversIn = async (db: Db, keys: Keys) =>
  (await listAccounts(db, keys)).flatMap(({ id, role, email, disabledAt }) =>
    email !== null && disabledAt === null && role !== 'auditor' ? [{ id, email }] : [],
  );

/** Returns the receivers that this account may see and choose. Staff can only choose themselves. */
const knownTo = <T extends { readonly id: string }>({ role, id }: Actor, receivers: readonly T[]): T[] =>
  receivers.filter((one) => role !== 'staff' || one.id === id);

/**
 * Returns the row to store for a new or changed schedule.
 *
 * @param kept its present receivers, which may stay
 * @throws Problem `mail-not-configured`, `unknown-site`, `report-receiver-unknown`
 */
async function rowFrom(
  tx: Tx,
  actor: Actor,
  { keys, config }: Pick<JobContext, 'keys' | 'config'>,
  { only, ...schedule }: api.NewReportSchedule,
  now: Date,
  kept: readonly string[] = [],
) {
  if (!config.mail) throw new Problem('mail-not-configured');
  const site = await findSite(tx, schedule.site);
  const known = [...knownTo(actor, await receiversIn(tx, keys)).map((one) => one.id), ...kept];
  const receivers = [...new Set(schedule.receivers)];
  if (receivers.some((id) => !known.includes(id))) throw new Problem('report-receiver-unknown');
  return { ...schedule, receivers, which: only ?? null, ...nextDue(schedule, site, now.getTime()) };
}

export const scheduleRoutes: readonly Route[] = [
  implement(api.listReportSchedules, async ({ tx, services: { keys, config }, actor }) => {
    const all = await receiversIn(tx, keys);
    const receivers = knownTo(actor, all);
    const rows = await findSorted(tx, 'report_schedule', {}, ['made_at', 'id']);
    const items: api.ReportSchedule[] = [];
    for (const row of rows) {
      const { made_at: _, made_by: __, next_day: ___, next_at, sent_at, which, receivers: ids, ...kept } = row;
      items.push({
        ...kept,
        language: row.language as ProductLanguage,
        ...(which && { only: which }),
        receivers: all
          .filter(({ id }) => ids.includes(id))
          .map(({ id }) => ({ id, email: receivers.find((one) => one.id === id)?.email ?? null })),
        nextAt: next_at.toISOString(),
        sentAt: sent_at?.toISOString() ?? null,
        waiting: await count(tx, 'report_mail', { schedule: row.id }),
      });
    }
    return { items, receivers, mail: config.mail !== null };
  }),
  implement(api.createReportSchedule, async ({ tx, services, actor, body, now, on }) => {
    const id = v7();
    const made = { made_by: actor.id, made_at: now };
    await insert(tx, 'report_schedule', { ...(await rowFrom(tx, actor, services, body, now)), ...made, id });
    on(id);
    return { id };
  }),
  implement(api.changeReportSchedule, async ({ tx, services, actor, params: { schedule: id }, body, now }) => {
    const row = await findLocked(tx, 'report_schedule', { id });
    if (!row) throw new Problem('report-schedule-unknown');
    await update(tx, 'report_schedule', { id }, await rowFrom(tx, actor, services, body, now, row.receivers));
  }),
  implement(api.stopReportSchedule, async ({ tx, params: { schedule } }) => {
    if ((await remove(tx, 'report_schedule', { id: schedule })) === 0) throw new Problem('report-schedule-unknown');
  }),
  implement(api.sendReport, async ({ tx, services: { config }, params: { schedule: id }, now }) => {
    const row = await findLocked(tx, 'report_schedule', { id });
    if (!row) throw new Problem('report-schedule-unknown');
    if (!config.mail) throw new Problem('mail-not-configured');
    // If mails of this schedule are waiting, they are sent now instead, so that nobody gets one twice.
    if ((await update(tx, 'report_mail', { schedule: id }, { due_at: now })) > 0) return;
    await queue(tx, row, calendarOf(await findSite(tx, row.site))(now.getTime()).day, now);
  }),
];

/** Queues a mail for each receiver. @param day the site's day on which it is sent */
async function queue(tx: Tx, { id, receivers }: Row<'report_schedule'>, day: string, now: Date): Promise<void> {
  const waiting = { schedule: id, day, made_at: now, due_at: now, attempts: 0 };
  const accounts = await findAll(tx, 'account', { id: receivers, disabled_at: null }, ['id']);
  const mails = accounts.map((account) => ({ ...waiting, id: v7(), account: account.id }));
  await insert(tx, 'report_mail', mails);
}

/** Sends reports that are due, and retries mails that the mail server did not accept. */
export const reportMailsJob: Job = {
  name: 'report-mails',
  everyMs: 5000,
  wanted: async ({ db, now }) =>
    (await exists(db, 'report_schedule', { next_at: atMost(now()) })) ||
    (await exists(db, 'report_mail', { due_at: atMost(now()) })),
  async run(context) {
    const { db, now, signal } = context;
    const due = await findSorted(db, 'report_schedule', { next_at: atMost(now()) }, ['next_at'], { columns: ['id'] });
    for (const { id } of due) await inTransaction(db, (tx) => queueDue(tx, id, now()));
    await remove(db, 'report_mail', { made_at: below(new Date(now().getTime() - TRIED_DAYS * DAY_MS)) });
    let [sent, failed] = [0, 0];
    for (const mail of await findSorted(db, 'report_mail', { due_at: atMost(now()) }, ['due_at', 'id'])) {
      signal.throwIfAborted();
      const attempts = mail.attempts + 1;
      const pause = Math.min(2 ** mail.attempts, LONGEST_PAUSE);
      // The first process to update the row sends the mail. If it dies, the mail is retried after the pause.
      const taken = { attempts, due_at: new Date(now().getTime() + pause * MINUTE_MS) };
      if ((await update(db, 'report_mail', { id: mail.id, attempts: mail.attempts }, taken)) === 0) continue;
      const error = await send(context, mail);
      if (error === null) sent += 1;
      else failed += 1;
      await update(db, 'report_schedule', { id: mail.schedule }, { error, ...(error === null && { sent_at: now() }) });
    }
    return { due: due.length, sent, failed };
  },
};

async function queueDue(tx: Tx, id: string, now: Date): Promise<void> {
  const row = await findLocked(tx, 'report_schedule', { id });
  // The schedule was stopped meanwhile, or another process has queued it.
  if (!row || row.next_at > now) return;
  const site = await findSite(tx, row.site);
  // The site's time zone or start of the day may have changed since, so that its day is not over yet.
  const due = new Date(dueOn(dayNamed(dueDays(row, site), row.next_day), site));
  if (due <= now) await queue(tx, row, row.next_day, now);
  await update(tx, 'report_schedule', { id }, due > now ? { next_at: due } : nextDue(row, site, now.getTime()));
}

/** Sends a mail. @returns null if it was accepted or is no longer wanted, otherwise an error code */
async function send(context: JobContext, mail: Row<'report_mail'>): Promise<string | null> {
  const { db, config } = context;
  try {
    if (!config.mail) throw new Problem('mail-not-configured');
    const made = await inTransaction(db, (tx) => mailOf(tx, context, mail));
    if (made) await sendMail(config.mail, made);
    await remove(db, 'report_mail', { id: mail.id });
    return null;
  } catch (err) {
    context.log.warn(
      { code: 'report-not-sent', schedule: mail.schedule, err },
      'a report could not be sent; it will be retried',
    );
    return err instanceof Problem ? err.code : 'internal';
  }
}

/** Writes the mail, and its audit row before it is sent. @returns null if it is no longer wanted */
async function mailOf(tx: Tx, { keys, config, now }: JobContext, mail: Row<'report_mail'>): Promise<Mail | null> {
  const row = await findLocked(tx, 'report_schedule', { id: mail.schedule });
  const receiver = (await receiversIn(tx, keys)).find(({ id }) => id === mail.account);
  if (!row || !receiver) return null;
  const { by, site, which: only } = row;
  const asked = { by, site, ...periodBefore(row.every, mail.day), ...(only && { only }) };
  const report = await openReport(tx, asked, config.site.timeZone, now());
  const sums = await reportSums(tx, report);
  const audited = { actor: SYSTEM, action: 'export', route: 'report-mail', resource: row.id, outcome: 'ok' } as const;
  await writeAudit(tx, keys, { ...audited, data: ['attendance'], subjects: [] }, now());
  const url = `${config.peopleUrl}/console/#/reports?${new URLSearchParams(asked)}`;
  return {
    to: receiver.email,
    ...textOf(row.language as ProductLanguage, report, sums, { ...asked, site: report.site.name, url }),
  };
}

function textOf(
  language: ProductLanguage,
  { columns }: { readonly columns: readonly api.ReportColumn[] },
  sums: api.ReportSums,
  values: { readonly site: string; readonly from: string; readonly to: string; readonly url: string },
): Omit<Mail, 'to'> {
  const { subject, text, totals, few } = mailTexts(language).report;
  const number = (n: number) => n.toLocaleString(language, { maximumFractionDigits: 1 });
  const lines = (['people', 'late', 'minutes', 'missing'] as const)
    .filter((name) => name === 'people' || columns.includes(name))
    .map((name) => `${totals[name]}: ${number(name === 'minutes' ? sums.minutes / 60 : sums[name])}`);
  const numbers = sums.people < FEWEST_PEOPLE ? few : lines.join('\n');
  return { subject: fillIn(subject, values), text: fillIn(`${text.join('\n')}\n`, { ...values, numbers }) };
}
