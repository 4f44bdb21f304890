import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery, Webhook } from '../../sync/protocol/api/webhooks.ts';
import { AttentionMessage, RecordMessage } from '../../sync/protocol/api/webhooks.ts';
import { alertsJob } from '../../sync/server/features/attention/alerts.ts';
import { collect } from '../../sync/server/features/webhooks/collect.ts';
import { webhooksEndJob, webhooksJob } from '../../sync/server/features/webhooks/module.ts';
import { logEpochOf } from '../../sync/server/platform/audit/anchors.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { selfSignedServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { queueMessages } from '../../sync/server/platform/webhooks/queue.ts';
import { type Api, newApi } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { SITE } from '../kit/services.ts';
import { OTHER_SITE, withDatabase } from '../kit/suite.ts';

/** Other programs are notified of records: a real receiver over TLS, on both databases. */

const certificate = await selfSignedServerCertificate(['localhost'], Date.now());

interface Heard {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
}

let api: Api;
let box: MemoryOutbox;
let receiver: Server;
let url: string;
let heard: Heard[] = [];
/** The receiver's answers. */
let answers: { status: number; location?: string };

beforeAll(async () => {
  receiver = createServer({ key: certificate.keyPem, cert: certificate.certPem }, async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const header = (name: string) => String(request.headers[name]);
    heard.push({
      id: header('webhook-id'),
      timestamp: header('webhook-timestamp'),
      signature: header('webhook-signature'),
      body,
    });
    response.writeHead(answers.status, answers.location ? { location: answers.location } : {});
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `https://localhost:${(receiver.address() as AddressInfo).port}/hook?token=of-their-own`;
});
afterAll(() => new Promise((resolve) => receiver.close(resolve)));

describe.each(DATABASES)('webhooks on $name', (kind) => {
  withDatabase(kind, async (database, undo) => {
    api = undo.use(await newApi(database, new Date('2026-07-20T08:00:00Z')));
    await api.db.insertInto('site').values({ id: OTHER_SITE, name: 'Bonn', time_zone: SITE.timeZone }).execute();
  });
  beforeEach(async () => {
    box = await api.kiosk();
    heard = [];
    answers = { status: 204 };
    await run(); // Everything up to here has been processed.
  });
  afterEach(async () => {
    if (kind.unavailable) return;
    for (const { id } of (await api.ask<{ items: Webhook[] }>('GET', '/api/webhooks')).items)
      await api.ask('DELETE', `/api/webhooks/${id}`);
  });

  const run = (loopback = true) =>
    webhooksJob.run({
      ...api.services,
      now: () => api.now,
      config: { ...api.services.config, webhooks: { loopback } },
      signal: new AbortController().signal,
    });
  const end = () => webhooksEndJob.run({ ...api.services, now: () => api.now, signal: new AbortController().signal });
  const receive = (more: object = {}) =>
    api.ask<{ id: string; secret: string }>('POST', '/api/webhooks', {
      body: { name: 'Payroll', url, site: null, withNumber: false, caPem: certificate.certPem, ...more },
    });
  const logOfHook = async (id: string) =>
    (await api.ask<{ items: Delivery[] }>('GET', `/api/webhooks/${id}/deliveries?limit=50`)).items;
  const messages = () => heard.map((h) => RecordMessage.parse(JSON.parse(h.body)).data);
  const later = (seconds: number) => {
    api.now = new Date(api.now.getTime() + seconds * 1000);
  };

  test('a record is sent once, signed according to Standard Webhooks, and again when it is voided', async () => {
    const { id, secret } = await receive({ withNumber: true });
    await run();
    const person = box.person('Ada Lovelace');
    const event = box.checkin(person, 'in', api.now);
    await api.deliver(box);
    await run();
    await run();
    expect(messages()).toMatchObject([
      { id: event.header.id, direction: 'in', counts: true, because: null, person, number: '1001', site: 'Berlin' },
    ]);
    const { id: message, timestamp, signature, body } = heard[0]!;
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect(signature).toBe(
      `v1,${createHmac('sha256', key).update(`${message}.${timestamp}.${body}`).digest('base64')}`,
    );
    expect(body).not.toContain('Lovelace');
    const audit = await api.lastAudit();
    expect(audit).toMatchObject({ action: 'export', route: 'webhook', resource: id, count: 1, role: 'system' });

    box.append('void', { target: event.header.id, reason: 'not-me' }, { person }, api.now);
    await api.deliver(box);
    await run();
    expect(messages()[1]).toMatchObject({ id: event.header.id, counts: false, because: 'not-me' });
    expect(messages()[1]!.change).toBeGreaterThan(messages()[0]!.change);
    expect(await logOfHook(id)).toMatchObject([{ state: 'delivered', record: event.header.id, lastAnswer: '204' }]);
  });

  test('a failing receiver is retried in order with growing pauses, and finally gets everything', async () => {
    const { id } = await receive();
    await run();
    answers = { status: 503 };
    const person = box.person('Grace Hopper');
    const events = [0, 1, 2].map((i) =>
      box.checkin(person, i % 2 ? 'out' : 'in', new Date(api.now.getTime() + i * 120_000)),
    );
    later(600);
    await api.deliver(box);
    await run();
    expect(heard).toHaveLength(1);
    await run();
    expect(heard, 'it is left alone for a while').toHaveLength(1);
    later(12);
    answers = { status: 200 };
    await run();
    expect(
      new Set(
        messages()
          .slice(1)
          .map((m) => m.id),
      ),
    ).toEqual(new Set(events.map((e) => e.header.id)));
    expect((await logOfHook(id)).map((d) => d.state)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(new Set(heard.map((h) => h.id)).size, 'the id of a message is the same at each try').toBe(3);
  });

  test('a message that is never accepted is given up after days, and can be resent manually', async () => {
    const { id } = await receive();
    await run();
    answers = { status: 500 };
    box.checkin(box.person('Emmy Noether'), 'in', api.now);
    await api.deliver(box);
    for (let tries = 0; tries < 10; tries++) {
      await run();
      later(27 * 3600);
    }
    const [delivery] = await logOfHook(id);
    expect(delivery).toMatchObject({ state: 'failed', attempts: 10, lastAnswer: '500' });
    answers = { status: 200 };
    await api.ask('POST', `/api/webhooks/${id}/deliveries/${delivery!.id}/retry`);
    await run();
    expect((await logOfHook(id))[0]).toMatchObject({ state: 'delivered' });
  });

  test('a receiver that answers 410 is turned off; redirects, unknown certificates and this machine’s addresses are refused', async () => {
    const { id } = await receive();
    const test = () => api.ask('POST', `/api/webhooks/${id}/test`);
    const newest = async () => (await logOfHook(id))[0];
    answers = { status: 302, location: url };
    await test();
    await run();
    expect(heard).toHaveLength(1);
    expect(await newest()).toMatchObject({ kind: 'webhook.test', state: 'due', lastAnswer: '302' });
    later(20);
    await run(false);
    expect(await newest()).toMatchObject({ lastAnswer: 'address-not-allowed' });
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { caPem: null } });
    later(120);
    await run();
    expect((await newest())!.lastAnswer).toMatch(/CERT|SELF_SIGNED|VERIFY/);
    expect(heard).toHaveLength(1);
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { caPem: certificate.certPem } });
    answers = { status: 410 };
    later(3600);
    await run();
    expect((await api.ask<{ items: Webhook[] }>('GET', '/api/webhooks')).items).toMatchObject([
      { enabled: false, disabledBecause: 'answered-410' },
    ]);
  });

  test('a failing receiver shows since when and why, needs attention after ten minutes, and gets the queue once fixed', async () => {
    const { id } = await receive();
    const since = new Date('2026-08-03T09:00:00Z');
    api.now = since;
    const hook = async () => (await api.ask<{ items: Webhook[] }>('GET', '/api/webhooks')).items[0];
    const waiting = async () =>
      (await api.ask<{ items: object[] }>('GET', '/api/attention?kind=webhook')).items.map((item) => ({ ...item }));
    const change = (enabled: boolean) => api.ask('PATCH', `/api/webhooks/${id}`, { body: { enabled } });
    answers = { status: 503 };
    box.checkin(box.person('Ada Lovelace'), 'in', api.now);
    await api.deliver(box);
    await run();
    expect(await hook()).toMatchObject({ failingSince: since.toISOString(), lastFailure: '503' });
    expect(await waiting(), 'it is tried again soon').toEqual([]);
    answers = { status: 500 };
    for (const seconds of [12, 70, 350, 2000]) {
      later(seconds);
      await run();
    }
    expect(await hook()).toMatchObject({ failingSince: since.toISOString(), lastFailure: '500', due: 1 });
    expect(await waiting()).toMatchObject([{ code: 'webhook-failing', at: since.toISOString(), webhook: 'Payroll' }]);
    // Switched off by hand, it isn't an alert for anyone. Its later answers are new.
    await change(false);
    expect(await hook()).toMatchObject({ failingSince: null, lastFailure: null });
    expect(await waiting()).toEqual([]);
    await change(true);
    answers = { status: 200 };
    await run();
    expect(heard.length, 'the next attempt is hours away').toBe(5);
    await api.ask('POST', `/api/webhooks/${id}/send`);
    expect(await api.lastAudit()).toMatchObject({ action: 'write', resource: id });
    await run();
    expect(heard.length).toBe(6);
    expect(await hook()).toMatchObject({ failingSince: null, due: 0 });
    // A success ends it too.
    answers = { status: 503 };
    await api.ask('POST', `/api/webhooks/${id}/test`);
    await run();
    later(700);
    expect(await waiting()).toHaveLength(1);
    answers = { status: 200 };
    await run();
    expect(await waiting()).toEqual([]);
    answers = { status: 410 };
    await api.ask('POST', `/api/webhooks/${id}/test`);
    await run();
    expect(await waiting()).toMatchObject([{ code: 'webhook-turned-off', webhook: 'Payroll' }]);
  });

  test('a replaced secret signs alongside the old one for a day; address and secrets are stored encrypted', async () => {
    const { id, secret } = await receive();
    const renewed = await api.ask<{ secret: string }>('POST', `/api/webhooks/${id}/secret`);
    expect(renewed.secret).not.toBe(secret);
    await api.ask('POST', `/api/webhooks/${id}/test`);
    await run();
    expect(heard[0]!.signature.split(' ')).toHaveLength(2);
    later(25 * 3600);
    await api.ask('POST', `/api/webhooks/${id}/test`);
    await run();
    expect(heard[1]!.signature.split(' ')).toHaveLength(1);
    const row = await api.db.selectFrom('webhook').selectAll().executeTakeFirstOrThrow();
    const bytes = Buffer.from(row.sealed).toString('latin1');
    expect(bytes).not.toContain('of-their-own');
    expect(bytes).not.toContain(renewed.secret.slice(6));
  });

  test('receivers that got data of a person are notified of the erasure, and the queue no longer names them', async () => {
    const { id } = await receive();
    const person = box.person('Rosalind Franklin');
    await inTransaction(api.db, (tx) => queueMessages(tx, 'person.erased', [person], api.now));
    await run();
    expect(heard.map((h) => JSON.parse(h.body))).toMatchObject([{ type: 'person.erased', data: { person } }]);
    const rows = await api.db.selectFrom('webhook_delivery').selectAll().where('webhook', '=', id).execute();
    expect(rows).toMatchObject([{ kind: 'person.erased', state: 'delivered', subject: null }]);
  });

  test('a receiver no longer subscribed to records gets no queued ones, but still erasures; one that never was gets neither', async () => {
    const { id } = await receive();
    await receive({ name: 'Pager', records: false, topics: ['kiosks'] });
    await run();
    const person = box.person('Lise Meitner');
    box.checkin(person, 'in', api.now);
    await api.deliver(box);
    await collect(api.db, await logEpochOf(api.db), api.now);
    expect(await logOfHook(id)).toMatchObject([{ kind: 'attendance.record', state: 'due' }]);
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { records: false, topics: ['kiosks'] } });
    await inTransaction(api.db, (tx) => queueMessages(tx, 'person.erased', [person], api.now));
    await run();
    expect(heard.map((h) => JSON.parse(h.body))).toMatchObject([{ type: 'person.erased', data: { person } }]);
    expect(await logOfHook(id)).toMatchObject([{ kind: 'person.erased', state: 'delivered' }]);
  });

  test('the queue of a silent or disabled receiver keeps an erased person’s id for at most three days', async () => {
    const [busy, off] = [await receive(), await receive()];
    const person = box.person('Maria Mayer');
    answers = { status: 503 };
    // Those before it in the queue are not sent either.
    box.checkin(box.person('Vera Rubin'), 'in', api.now);
    await api.deliver(box);
    await run();
    later(1);
    await inTransaction(api.db, (tx) => queueMessages(tx, 'person.erased', [person], api.now));
    await api.ask('PATCH', `/api/webhooks/${off.id}`, { body: { enabled: false } });
    const named = () => api.db.selectFrom('webhook_delivery').select('webhook').where('subject', '=', person).execute();
    later(71 * 3600);
    await run();
    await end();
    expect(await named()).toHaveLength(2);
    later(2 * 3600);
    await end();
    expect(await named()).toEqual([]);
    for (const { id } of [busy, off])
      expect((await logOfHook(id)).find((d) => d.kind === 'person.erased')).toMatchObject({ state: 'failed' });
  });

  test('an erasure while a receiver is off is queued too, and sent once it is on, or given up', async () => {
    const [back, off] = [await receive(), await receive()];
    for (const { id } of [back, off]) await api.ask('PATCH', `/api/webhooks/${id}`, { body: { enabled: false } });
    const person = box.person('Chien-Shiung Wu');
    await inTransaction(api.db, (tx) => queueMessages(tx, 'person.erased', [person], api.now));
    await api.ask('PATCH', `/api/webhooks/${back.id}`, { body: { enabled: true } });
    await run();
    expect(heard.map((h) => JSON.parse(h.body))).toMatchObject([{ type: 'person.erased', data: { person } }]);
    later(73 * 3600);
    await end();
    expect(await logOfHook(off.id)).toMatchObject([{ kind: 'person.erased', state: 'failed' }]);
  });

  test('a new receiver gets events from then on, also if there was none for long', async () => {
    await receive();
    await run();
    for (const { id } of (await api.ask<{ items: Webhook[] }>('GET', '/api/webhooks')).items)
      await api.ask('DELETE', `/api/webhooks/${id}`);
    const person = box.person('Emmy Noether');
    box.checkin(person, 'in', api.now);
    await api.deliver(box);
    later(90 * 24 * 3600);
    await receive({ name: 'Another payroll' });
    box.checkin(person, 'out', api.now);
    await api.deliver(box);
    await run();
    expect(messages()).toMatchObject([{ person, direction: 'out' }]);
  });

  test('a receiver that was off continues where it stopped, also if another one was added and served meanwhile', async () => {
    const { id } = await receive();
    await run();
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { enabled: false } });
    const person = box.person('Lise Meitner');
    const meanwhile = box.checkin(person, 'in', api.now);
    await api.deliver(box);
    await receive({ name: 'Another payroll' });
    later(60);
    const then = box.checkin(person, 'out', api.now);
    await api.deliver(box);
    await run();
    expect(messages().map((m) => m.id)).toEqual([then.header.id]);
    heard = [];
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { enabled: true } });
    await run();
    expect(new Set(messages().map((m) => m.id))).toEqual(new Set([meanwhile.header.id, then.header.id]));
    await run();
    expect(messages()).toHaveLength(2);
  });

  test('a receiver moved to another site gets nothing queued from the previous site', async () => {
    const { id } = await receive({ site: SITE.id });
    await run();
    box.checkin(box.person('Hedy Lamarr'), 'in', api.now);
    await api.deliver(box);
    await collect(api.db, await logEpochOf(api.db), api.now);
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { site: OTHER_SITE } });
    await run();
    expect(heard).toEqual([]);
  });

  test('the delivery log keeps deliveries for 30 days and failures for 90, also if no receiver is on', async () => {
    const { id } = await receive();
    await run();
    const at = (days: number) => new Date(api.now.getTime() - days * 86_400_000);
    const row = { webhook: id, kind: 'webhook.test', subject: null, change: 0, attempts: 1 } as const;
    const made = (['delivered', 'failed', 'due'] as const).flatMap((state) =>
      [29, 31, 89, 91].map((days) => ({ ...row, state, days })),
    );
    for (const { days, ...values } of made)
      await api.db
        .insertInto('webhook_delivery')
        .values({
          ...values,
          id: randomUUID(),
          made_at: at(days),
          due_at: at(days),
          delivered_at: null,
          last_answer: String(days),
        })
        .execute();
    await api.ask('PATCH', `/api/webhooks/${id}`, { body: { enabled: false } });
    expect(await end()).toEqual({ givenUp: 0, removed: 4 });
    const left = (await logOfHook(id)).map((d) => `${d.state} ${d.lastAnswer}`).sort();
    expect(left).toEqual([
      'delivered 29',
      ...[29, 31, 89, 91].map((n) => `due ${n}`),
      'failed 29',
      'failed 31',
      'failed 89',
    ]);
  });

  test('a receiver of one site gets only its records, and a restore resends nothing old', async () => {
    await receive({ site: '11111111-1111-4111-8111-111111111111' });
    await run();
    box.checkin(box.person('Lise Meitner'), 'in', api.now);
    await api.deliver(box);
    await run();
    expect(heard).toHaveLength(1);
    const log = await logEpochOf(api.db);
    await collect(api.db, '22222222-2222-4222-8222-222222222222', api.now);
    expect(await collect(api.db, log, api.now)).toEqual({ queued: 0, more: false });
    expect(heard).toHaveLength(1);
  });

  test('attention items are sent to subscribed receivers when they open and close, and name nobody', async () => {
    const look = () => alertsJob.run({ ...api.services, now: () => api.now, signal: new AbortController().signal });
    await look(); // Everything up to here has been noticed.
    const { id } = await receive({ name: 'Pager', records: false, topics: ['kiosks'] });
    await receive({ name: 'Bonn', records: false, topics: ['kiosks'], site: OTHER_SITE });
    const payroll = await receive();
    await run();
    const { device } = box;
    box.checkin(box.person('Chien-Shiung Wu'), 'in', api.now);
    await api.deliver(box);
    await api.db.insertInto('kiosk_alert').values({ device, code: 'camera-bad', since: api.now }).execute();
    await look();
    await look();
    await run();
    const sent = () => heard.splice(0).map(({ body }) => JSON.parse(body) as { type: string; data: object });
    const [record, opened] = sent().sort((a, b) => a.type.localeCompare(b.type));
    expect(record!.type, 'for payroll').toBe('attendance.record');
    expect(AttentionMessage.parse(opened)).toMatchObject({
      type: 'attention.opened',
      data: { kind: 'kiosk', code: 'camera-bad', urgent: true, sites: ['Berlin'], device, closedAt: null },
    });
    await api.db.deleteFrom('kiosk_alert').execute();
    await look();
    later(180);
    await look();
    await run();
    const [closed, ...others] = sent();
    expect(closed).toMatchObject({
      type: 'attention.closed',
      data: { ...opened!.data, closedAt: api.now.toISOString() },
    });
    expect(others).toEqual([]);
    expect((await logOfHook(id)).map((d) => [d.kind, d.state, d.record]).sort()).toEqual([
      ['attention.closed', 'delivered', null],
      ['attention.opened', 'delivered', null],
    ]);
    expect((await logOfHook(payroll.id)).map((d) => d.kind)).toEqual(['attendance.record']);
  });

  test('a receiver that was off is sent that an item closed, if it was sent that it opened', async () => {
    const look = () => alertsJob.run({ ...api.services, now: () => api.now, signal: new AbortController().signal });
    await look();
    const { id } = await receive({ name: 'Pager', records: false, topics: ['kiosks'] });
    const turn = (enabled: boolean) => api.ask('PATCH', `/api/webhooks/${id}`, { body: { enabled } });
    const alert = (code: string) =>
      api.db.insertInto('kiosk_alert').values({ device: box.device, code, since: api.now }).execute();
    await alert('camera-bad');
    await look();
    await run();
    await turn(false);
    await alert('hot');
    await look();
    await api.db.deleteFrom('kiosk_alert').execute();
    await look();
    later(180);
    await look();
    await run();
    await turn(true);
    await run();
    const sent = heard.splice(0).map(({ body }) => AttentionMessage.parse(JSON.parse(body)));
    expect(sent.map(({ type, data }) => [type, data.code])).toEqual([
      ['attention.opened', 'camera-bad'],
      ['attention.closed', 'camera-bad'],
    ]);
  });

  test('a receiver gets its topics; during quiet hours only urgent ones, and the rest afterwards unless resolved', async () => {
    const look = () => alertsJob.run({ ...api.services, now: () => api.now, signal: new AbortController().signal });
    const go = async () => {
      await look();
      await run();
      return heard.splice(0).map(({ body }) => AttentionMessage.parse(JSON.parse(body)));
    };
    const codes = (messages: { type: string; data: { code: string } }[]) =>
      messages.map(({ type, data }) => `${type.slice('attention.'.length)} ${data.code}`).sort();
    const alert = (code: string) =>
      api.db.insertInto('kiosk_alert').values({ device: box.device, code, since: api.now }).execute();
    const solve = async (code: string) => {
      await api.db.deleteFrom('kiosk_alert').where('code', '=', code).execute();
      await look();
      later(180);
    };
    await api.db.deleteFrom('kiosk_alert').execute();
    later(86_400);
    await look();
    later(180);
    await look();
    const quiet = { from: '22:00', to: '06:00' };
    const { id } = await receive({ name: 'Pager', records: false, topics: ['kiosks'], quiet });
    await receive({ name: 'Server', records: false, topics: ['server'], quiet: null });
    expect((await api.ask<{ items: Webhook[] }>('GET', '/api/webhooks')).items).toMatchObject([
      { topics: ['kiosks'], quiet },
      { topics: ['server'], quiet: null },
    ]);
    await run();
    // 22:30 in Berlin.
    api.now = new Date('2026-07-22T20:30:00Z');
    for (const code of ['camera-bad', 'clock-wrong', 'disk-low']) await alert(code);
    expect(codes(await go())).toEqual(['opened camera-bad']);
    await solve('camera-bad');
    await solve('disk-low');
    expect(await go()).toEqual([]);
    api.now = new Date('2026-07-23T03:59:59Z');
    expect(await go()).toEqual([]);
    api.now = new Date('2026-07-23T04:00:00Z');
    expect(codes(await go())).toEqual(['closed camera-bad', 'opened clock-wrong']);
    // Different hours move what is held back; a topic that is deselected is no longer sent.
    api.now = new Date('2026-07-23T20:30:00Z');
    await alert('disk-low');
    expect(await go()).toEqual([]);
    const change = (body: object) => api.ask('PATCH', `/api/webhooks/${id}`, { body });
    await change({ quiet: { from: '22:00', to: '23:00' } });
    api.now = new Date('2026-07-23T20:59:59Z');
    expect(await go()).toEqual([]);
    await change({ quiet: null });
    expect(codes(await go())).toEqual(['opened disk-low']);
    await change({ quiet });
    await solve('disk-low');
    await look();
    await change({ topics: ['privacy'], quiet: null });
    expect(await go()).toEqual([]);
    // Failed attempts in the evening, at 21:55 in Berlin, wait too.
    await change({ topics: ['kiosks'], quiet });
    api.now = new Date('2026-07-24T19:55:00Z');
    answers = { status: 503 };
    await alert('disk-low');
    expect(codes(await go())).toEqual(['opened disk-low']);
    answers = { status: 204 };
    api.now = new Date('2026-07-24T20:30:00Z');
    expect(codes(await go()), 'the other receiver, of this one').toEqual(['opened webhook-failing']);
    api.now = new Date('2026-07-25T04:00:00Z');
    expect(codes(await go())).toEqual(['opened disk-low']);
    // A receiver that belongs to another site by the end of its quiet hours is not sent what was held back for it.
    await solve('clock-wrong');
    await go();
    api.now = new Date('2026-07-25T20:30:00Z');
    await alert('clock-wrong');
    expect(await go()).toEqual([]);
    await change({ site: OTHER_SITE });
    api.now = new Date('2026-07-26T04:00:00Z');
    expect(await go()).toEqual([]);
  });
});
