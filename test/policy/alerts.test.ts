import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Alerts, AlertTest } from '../../sync/protocol/api/alerts.ts';
import { alertsCheck } from '../../sync/server/app/checks/installation.ts';
import { alertsJob } from '../../sync/server/features/attention/alerts.ts';
import { startJobs } from '../../sync/server/platform/jobs/runner.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newPerson } from '../kit/person.ts';
import { SITE } from '../kit/services.ts';
import { OTHER_SITE, withDatabase } from '../kit/suite.ts';
import { startSmtp, type TestSmtp } from '../services/smtp.ts';
import { erasing } from '../sync/erasing.ts';

/** Mail about what needs attention, sent to a real mail server over TLS, on both databases. */

const NOW = new Date('2026-03-28T10:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let api: Api;
let smtp: TestSmtp;

/** A mail as its reader sees it. */
const read = ({ to, text }: TestSmtp['mails'][number]) => {
  const [, subject = ''] = /^Subject: (.*(?:\r\n .*)*)/m.exec(text)!;
  const bytes = text.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => `%${hex}`);
  return { to: to.join(), subject, text: decodeURIComponent(bytes.replaceAll(/%(?![0-9A-F]{2})/g, '%25')) };
};

describe.each(DATABASES)('alerts on $name', (kind) => {
  withDatabase(kind, async (database, undo) => {
    smtp = await startSmtp('implicit');
    undo.defer(() => smtp.close());
    api = undo.use(
      await newApi(database, NOW, {
        SMTP_URL: `smtps://localhost:${smtp.port}`,
        SMTP_FROM: 'no-reply@example.org',
        SMTP_CA_FILE: smtp.caFile,
      }),
    );
    await database.db.insertInto('site').values({ id: OTHER_SITE, name: 'Bonn', time_zone: SITE.timeZone }).execute();
  });
  beforeEach(async () => {
    if (kind.unavailable) return;
    for (const table of ['account', 'alert_item', 'kiosk_alert', 'server_finding'] as const)
      await api.db.deleteFrom(table).execute();
    api.now = NOW;
    smtp.refuse = null;
    smtp.mails.length = 0;
  });

  /** An account that can sign in. */
  const account = async (role: 'admin' | 'dpo' | 'staff' | 'auditor', email = `${randomUUID()}@example.org`) => {
    const { account: made } = await api.ask<{ account: { id: string } }>('POST', '/api/accounts', {
      body: { role, email },
    });
    const enrolled = { password: 'x', totp_confirmed_at: NOW };
    await api.db.updateTable('account').set(enrolled).where('id', '=', made.id).execute();
    return { id: made.id, email, url: `/api/accounts/${made.id}/alerts`, as: api.actorOf(role, made.id) };
  };
  type Account = Awaited<ReturnType<typeof account>>;
  const SETTINGS = { topics: ['kiosks'], sites: null, quiet: null, timeZone: null, language: 'en' };
  const choose = ({ url, as }: Account, more: object) =>
    api.ask<Alerts>('PUT', url, { as, body: { ...SETTINGS, ...more } });
  const kiosk = async (site: string | null = null, code = 'camera-bad') => {
    const { device } = await api.kiosk(site);
    await api.db.insertInto('kiosk_alert').values({ device, code, since: api.now }).execute();
    return device;
  };
  const solve = (device: string) => api.db.deleteFrom('kiosk_alert').where('device', '=', device).execute();
  const context = () => ({ ...api.services, signal: new AbortController().signal });
  const run = () => alertsJob.run(context());
  const mailed = () => smtp.mails.splice(0).map(read);
  const later = (ms: number) => {
    api.now = new Date(api.now.getTime() + ms);
  };

  test('an account gets alerts for its role and sites; by default those that stop check-ins or concern people’s rights', async () => {
    const [admin, dpo] = [await account('admin'), await account('dpo')];
    for (const role of ['staff', 'auditor'] as const) await account(role);
    const bonn = await account('staff');
    // Staff are not shown the server's problems, whatever they choose.
    await choose(bonn, { topics: ['kiosks', 'server'], sites: [OTHER_SITE] });
    const now = new Date();
    const finding = { replica: '*', code: 'backup-old', detail: null, since: now, seen_at: now };
    await api.db.insertInto('server_finding').values(finding).execute();
    await kiosk();
    await kiosk(OTHER_SITE, 'hot');
    const box = await api.kiosk();
    const ada = newPerson(box, 'Ada Lovelace', NOW, '4711');
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const record = box.append('checkin', open, { person: ada, score: 0.7 }, NOW).header.id;
    await api.deliver(box);
    const complaint = { record, message: 'It was not me' };
    await api.ask('POST', '/api/me/complaints', { as: api.actorOf('person', ada), body: complaint });
    expect(await run()).toMatchObject({ mails: 3, failed: 0 });
    const mails = mailed();
    const to = ({ email }: Account) => mails.find((mail) => mail.to.includes(email))!;
    expect(to(admin).subject).toBe('SmartPresence: Urgent (2), New (1)');
    expect(to(admin).text).toMatch(/Kiosk problem \(camera-bad\): Door \S+ · Berlin/);
    expect(to(admin).text).toContain('Server problem (backup-old)');
    expect(to(admin).text).toContain('/console/#/attention?kind=kiosk');
    expect(to(admin).text).not.toContain('personal page');
    expect(to(dpo).text).toContain('Reported on a personal page: ');
    expect(to(dpo).text).toContain('answer the person');
    expect(to(dpo).text).not.toContain('Kiosk problem');
    expect(to(bonn).text).toMatch(/Kiosk problem \(hot\): Door \S+ · Bonn/);
    expect(to(bonn).text).not.toMatch(/Berlin|Server problem/);
    for (const { text } of mails) expect(text).not.toMatch(/Ada|Lovelace|4711|It was not me/);
    await run();
    expect(mailed(), 'nothing comes twice').toEqual([]);
  });

  test('a kiosk’s problems go to the people in charge of its current site', async () => {
    const [berlin, bonn] = [await account('staff'), await account('staff')];
    await choose(berlin, { sites: [SITE.id] });
    await choose(bonn, { sites: [OTHER_SITE] });
    const device = await kiosk();
    await run();
    expect(mailed().map(({ to }) => to)).toEqual([expect.stringContaining(berlin.email)]);
    await api.ask('PATCH', `/api/devices/${device}`, { body: { site: OTHER_SITE } });
    await run();
    const [mail, ...others] = mailed();
    expect([mail?.to, others]).toEqual([expect.stringContaining(bonn.email), []]);
    expect(mail!.text).toMatch(/Kiosk problem \(camera-bad\): Door \S+ · Bonn/);
    await solve(device);
  });

  test('what concerns the server, also a webhook that fails, goes to accounts of any site', async () => {
    await choose(await account('admin'), { topics: ['server'], sites: [OTHER_SITE] });
    const { id } = await api.ask<{ id: string }>('POST', '/api/webhooks', {
      body: { name: 'Payroll', url: 'https://payroll.example/hook' },
    });
    await api.db.updateTable('webhook').set({ failing_since: NOW, last_failure: '503' }).where('id', '=', id).execute();
    later(15 * MINUTE);
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: New (1)']);
    await api.ask('DELETE', `/api/webhooks/${id}`);
  });

  test('items of an erased person no longer name them, and their resolution is still mailed', async () => {
    await account('dpo');
    const box = await api.kiosk();
    const ada = newPerson(box, 'Ada Lovelace', NOW, '4711');
    const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
    const record = box.append('checkin', open, { person: ada, score: 0.7 }, NOW).header.id;
    await api.deliver(box);
    const complaint = { record, message: 'It was not me' };
    await api.ask('POST', '/api/me/complaints', { as: api.actorOf('person', ada), body: complaint });
    await run();
    expect(mailed()).toHaveLength(1);
    const items = api.db.selectFrom('alert_item').selectAll();
    const before = await items.where('person', '=', ada).executeTakeFirstOrThrow();
    using home = temporaryFolder();
    await (await erasing(api.db, api.keys, home.path, { now: () => api.now })).erase(ada);
    const after = await items.where('id', '=', before.id).executeTakeFirstOrThrow();
    expect(after.person).toBeNull();
    expect(after.key).not.toEqual(before.key);
    await run();
    later(HOUR);
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: Resolved (1)']);
  });

  test('only an administrator sets another account’s alerts, and only for existing sites', async () => {
    const [admin, staff, other] = [await account('admin'), await account('staff'), await account('staff')];
    const as = staff.as;
    await expect(api.ask('GET', other.url, { as })).rejects.toMatchObject({ code: 'account-unknown' });
    await expect(api.ask('PUT', other.url, { as, body: SETTINGS })).rejects.toMatchObject({ code: 'account-unknown' });
    await expect(api.ask('POST', `${other.url}/test`, { as })).rejects.toMatchObject({ code: 'account-unknown' });
    await expect(choose(staff, { sites: [randomUUID()] })).rejects.toMatchObject({ code: 'unknown-site' });
    const set = await api.ask<Alerts>('PUT', staff.url, { as: admin.as, body: { ...SETTINGS, language: 'de' } });
    expect(set).toMatchObject({ role: 'staff', email: staff.email, chosen: true, settings: { language: 'de' } });
    expect(await api.lastAudit()).toMatchObject({ action: 'write', resource: staff.id });
    await kiosk();
    await run();
    expect(mailed().find(({ to }) => to.includes(staff.email))!.text).toContain('Problem mit einem Kiosk (camera-bad)');
  });

  test('during quiet hours only urgent alerts are mailed, and the rest in one mail afterwards, also in the night that is an hour short', async () => {
    await choose(await account('admin'), { quiet: { from: '22:00', to: '07:00' } });
    api.now = new Date('2026-03-28T21:30:00Z');
    await kiosk(null, 'hot');
    await kiosk(null, 'queue-long');
    await run();
    expect(mailed()).toEqual([]);
    api.now = new Date('2026-03-29T01:30:00Z');
    await kiosk();
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: Urgent (1)']);
    // 06:59 local time; it was 05:59 the day before.
    api.now = new Date('2026-03-29T04:59:00Z');
    await run();
    expect(mailed()).toEqual([]);
    api.now = new Date('2026-03-29T05:00:00Z');
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: New (2)']);
  });

  test('urgent items that stay open are mailed daily; a resolution is mailed only to those who got the alert', async () => {
    await choose(await account('admin'), {});
    const device = await kiosk();
    await run();
    expect(mailed()).toHaveLength(1);
    later(23 * HOUR);
    await run();
    expect(mailed()).toEqual([]);
    later(HOUR);
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: Still open (1)']);
    // Offline for a moment and back: nothing changes.
    const [held] = await api.db.selectFrom('kiosk_alert').selectAll().execute();
    await solve(device);
    await run();
    later(2 * MINUTE);
    await api.db.insertInto('kiosk_alert').values(held!).execute();
    await run();
    later(2 * HOUR);
    await run();
    expect(mailed()).toEqual([]);
    await solve(device);
    const brief = await kiosk(null, 'hot');
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: New (1)']);
    await solve(brief);
    const unsent = await kiosk(null, 'disk-low');
    await run();
    later(5 * MINUTE);
    await solve(unsent);
    await run();
    later(2 * HOUR);
    await run();
    const [last] = mailed();
    expect(last!.subject).toBe('SmartPresence: Resolved (2)');
    expect(last!.text).not.toContain('disk-low');
    later(2 * HOUR);
    await run();
    expect(mailed()).toEqual([]);
  });

  test('an item needs attention again once its note is undone', async () => {
    await choose(await account('admin'), {});
    const device = await kiosk();
    await run();
    const [{ ref }] = (await api.ask<{ items: [{ ref: string }] }>('GET', '/api/attention?kind=kiosk')).items;
    const item = { kind: 'kiosk', ref };
    await api.ask('POST', '/api/attention/resolve', { body: { ...item, note: 'New camera ordered' } });
    await run();
    later(2 * HOUR);
    await run();
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual([
      'SmartPresence: Urgent (1)',
      'SmartPresence: Resolved (1)',
    ]);
    await api.ask('POST', '/api/attention/reopen', { body: item });
    await run();
    expect(mailed().map(({ subject }) => subject)).toEqual(['SmartPresence: Urgent (1)']);
    await solve(device);
  });

  test('two servers mail an alert only once', async () => {
    await choose(await account('admin'), {});
    await kiosk();
    const servers = await Promise.all([0, 1].map(() => startJobs(api.services, [alertsJob])));
    await expect.poll(() => smtp.mails.length).toBe(1);
    for (const server of servers) await server.stop();
    const runs = await api.db.selectFrom('job_run').select('outcome').where('job', '=', 'alerts').execute();
    expect(runs).toEqual([{ outcome: 'ok' }]);
    expect(mailed()).toHaveLength(1);
  });

  test('accounts that are disabled or not yet set up get no alerts', async () => {
    const [closed, pending, open] = [await account('admin'), await account('admin'), await account('admin')];
    await api.ask('PATCH', `/api/accounts/${closed.id}`, { body: { disabled: true } });
    await api.db.updateTable('account').set({ password: null }).where('id', '=', pending.id).execute();
    await kiosk();
    await run();
    expect(mailed().map(({ to }) => to)).toEqual([`<${open.email}>`]);
    const { accounts } = await api.ask<{ accounts: { account: string; topics: string[] }[] }>('GET', '/api/alerts');
    const topicsOf = ({ id }: Account) => accounts.find((one) => one.account === id)?.topics;
    expect([closed, pending, open].map(topicsOf)).toEqual([undefined, ['kiosks', 'server'], ['kiosks', 'server']]);
  });

  test('while the mail server is down this needs attention and alerts wait, then arrive in one mail', async () => {
    const made = [await account('admin'), await account('admin')];
    // Accounts of equal age are mailed in the order of their ids.
    const [first, second] = made.sort((a, b) => (a.id < b.id ? -1 : 1)) as [Account, Account];
    const found = () =>
      alertsCheck
        .inspect({ config: api.config, now: () => api.now, open: api.services, broker: null })
        .then((facts) => alertsCheck.judge(facts));
    await kiosk();
    // If nobody answers, one is tried and the others don't wait.
    const { mail } = api.config;
    expect(await alertsJob.run({ ...context(), config: { ...api.config, mail: { ...mail!, port: 1 } } })).toMatchObject(
      {
        mails: 0,
        failed: 1,
      },
    );
    expect((await found())['alerts-not-sent']).toMatch(/^1 waiting: ESOCKET/);
    expect(await api.ask('GET', first.url, { as: first.as })).toMatchObject({
      failing: { since: NOW.toISOString(), answer: expect.stringContaining('ESOCKET') },
    });
    // A rejected address delays nobody else.
    later(MINUTE);
    smtp.refuse = '550 5.1.1 no such mailbox';
    expect(await run()).toMatchObject({ mails: 0, failed: 2 });
    expect((await found())['alerts-not-sent']).toMatch(/^2 waiting/);
    await kiosk(null, 'hot');
    expect(await run(), 'it is left alone for a while').toMatchObject({ mails: 0, failed: 0 });
    smtp.refuse = null;
    later(15 * MINUTE);
    expect(await run()).toMatchObject({ mails: 2, failed: 0 });
    expect(mailed().map(({ to, subject }) => [to, subject])).toEqual(
      [first, second].map(({ email }) => [`<${email}>`, 'SmartPresence: Urgent (1), New (1)']),
    );
    expect((await found())['alerts-not-sent']).toBe(false);
  });

  test('a test alert reports at once what the mail server answered', async () => {
    const { url, as, email } = await account('staff');
    const tried = () => api.ask<AlertTest>('POST', `${url}/test`, { as });
    expect(await tried()).toEqual({ to: email, sent: true, answer: '250 taken' });
    expect(mailed()).toMatchObject([{ to: `<${email}>`, subject: 'SmartPresence: test' }]);
    smtp.refuse = '550 5.1.1 no such mailbox';
    expect(await tried()).toEqual({ to: email, sent: false, answer: '550 5.1.1 no such mailbox' });
    expect(await api.lastAudit()).toMatchObject({ action: 'operate', outcome: 'ok' });
  });
});
