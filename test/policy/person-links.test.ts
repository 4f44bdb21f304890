import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createLink } from '../../sync/server/core/accounts/links.ts';
import { sendMail } from '../../sync/server/core/accounts/mail.ts';
import { writePerson } from '../../sync/server/core/people/records.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { DATABASES } from '../kit/databases.ts';
import { newListener, type PeopleListener } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';
import { startSmtp, type TestSmtp } from '../services/smtp.ts';
import { countStatements, heldUp, interleave } from './interleave.ts';

/** How a person gets access to their own data: with a one-time link, by mail or shown as a QR code. */

const MINUTE = 60_000;
let web: PeopleListener;
let smtp: TestSmtp;
let database: OpenDatabase;

const tokenOf = (text: string) => /#enter=([\w-]{43})/.exec(text)![1]!;

async function person(email: string | null, language = 'en'): Promise<string> {
  const id = randomUUID();
  await inTransaction(web.db, (tx) =>
    writePerson(tx, web.keys, { id, patch: { name: 'Ada Lovelace', language, ...(email && { email }) } }, web.now),
  );
  return id;
}
const askLink = (email: string, who = web.visitor()) => web.ask(who, 'POST', '/api/sign-in-links', { email });
const redeem = (token: string, who = web.visitor()) => web.ask(who, 'POST', '/api/session', { token });
/** Waits until the work that follows an answer is done. @param after position of the previous audit row */
const mailed = async (after: number, outcome: string) => {
  for (let i = 0; i < 200; i++) {
    const row = (await web.audit(5)).find((r) => r.resource === 'mail' && Number(r.position) > after);
    if (row) return expect(row).toMatchObject({ action: 'sign-in', role: 'nobody', outcome });
    await sleep(20);
  }
  throw new Error('nothing came');
};

describe.each(DATABASES)('a person’s link on $name', (kind) => {
  withDatabase(kind, async (opened, undo) => {
    database = opened;
    undo.defer(() => smtp?.close());
    smtp = await startSmtp('implicit');
    web = undo.use(
      await newListener(database, {
        env: {
          SMTP_URL: `smtps://sender:secret@localhost:${smtp.port}`,
          SMTP_FROM: 'SmartPresence <no-reply@example.org>',
          SMTP_CA_FILE: smtp.caFile,
          SMARTPRESENCE_PUBLIC_URL: 'https://presence.example.org',
        },
      }),
    );
  });
  beforeEach(() => {
    web.later(24 * 60 * MINUTE);
  });

  test('arrives by mail in their language over TLS, and opens their own session once, only by POST', async () => {
    const email = `${randomUUID()}@example.org`;
    const id = await person(email, 'de-AT');
    const came = smtp.next();
    const answer = await askLink(` ${email.toUpperCase()} `);
    expect([answer.status, answer.text]).toEqual([204, '']);
    await came;
    const mail = smtp.mails.at(-1)!;
    expect(mail).toMatchObject({ tls: true, to: [`<${email}>`] });
    expect(mail.text).toContain('From: SmartPresence <no-reply@example.org>');
    expect(mail.text).not.toContain('Ada');
    const text = mail.text.replaceAll('=\r\n', '').replaceAll('=3D', '=');
    expect(text).toContain('https://presence.example.org/portal/#enter=');
    expect(text).toContain('angefordert');
    const token = tokenOf(text);
    // What mail scanners do: they open links and follow what they find.
    for (const path of ['/portal/', '/api/session', `/api/session?token=${token}`])
      await web.ask(web.visitor(), 'GET', path);
    const me = web.visitor();
    const entered = await redeem(token, me);
    expect(entered.json()).toMatchObject({ role: 'person', person: id, account: null, email: null, stage: 'full' });
    expect((await redeem(token)).json().code).toBe('link-already-used');
    expect((await web.ask(me, 'GET', '/api/session')).status).toBe(200);
    web.later(14 * MINUTE);
    expect((await web.ask(me, 'GET', '/api/session')).status).toBe(200);
    web.later(16 * MINUTE);
    expect((await web.ask(me, 'GET', '/api/session')).json().code).toBe('no-session');
  });

  test('replaces earlier links, also if two are made at once', async () => {
    const to = { kind: 'person', person: await person(null) } as const;
    const both = heldUp(database);
    const make = () => inTransaction(both.db, (tx) => createLink(tx, web.keys, to, web.now));
    const statement = await countStatements(make);
    const { first, second } = await interleave(both, { work: make, at: { statement } }, make);
    const tokens = [first, second].map((made) => (made as { value: { token: string } }).value.token);
    const codes = [];
    for (const token of tokens) codes.push((await redeem(token)).json().code);
    expect(codes).toEqual(['link-unknown', undefined]);
  });

  test('works for 15 minutes', async () => {
    const id = await person(null);
    const staff = await web.signIn('staff');
    const made = await web.ask(staff, 'POST', `/api/people/${id}/sign-in-links`, {});
    web.later(15 * MINUTE);
    expect((await redeem(tokenOf(made.text))).json().code).toBe('link-expired');
  });

  test('an address of nobody or of several people gets the same answer, and no mail is sent', async () => {
    const shared = `${randomUUID()}@example.org`;
    const [first] = [await person(shared), await person(shared)];
    const before = smtp.mails.length;
    for (const address of [`${randomUUID()}@example.org`, shared]) {
      const position = Number((await web.audit())[0]?.position ?? 0);
      const answer = await askLink(address);
      expect([answer.status, answer.text]).toEqual([204, '']);
      await mailed(position, 'person-unknown');
    }
    expect(smtp.mails).toHaveLength(before);
    expect(first).toBeDefined();
  });

  test('one address gets at most three mails in ten minutes, and the answer does not reveal it', async () => {
    const email = `${randomUUID()}@example.org`;
    await person(email);
    const before = smtp.mails.length;
    for (let i = 0; i < 6; i++) expect((await askLink(email)).status).toBe(204);
    await vi.waitFor(() => expect(smtp.mails.length).toBeGreaterThanOrEqual(before + 3), 60_000);
    // A fourth would arrive before the mail that was requested after it.
    const other = `${randomUUID()}@example.org`;
    await person(other);
    expect((await askLink(other)).status).toBe(204);
    await vi.waitFor(() => expect(smtp.mails.some(({ to }) => to.some((at) => at.includes(other)))).toBe(true), 60_000);
    expect(smtp.mails).toHaveLength(before + 4);
    const texts = smtp.mails
      .slice(before, before + 3)
      .map((m) => tokenOf(m.text.replaceAll('=\r\n', '').replaceAll('=3D', '=')));
    // Each new one replaces the earlier ones.
    const codes = [];
    for (const token of texts) codes.push((await redeem(token)).json().code);
    expect(codes.filter((c) => c === 'link-unknown')).toHaveLength(2);
    expect(codes.filter((c) => c === undefined)).toHaveLength(1);
  });

  test('staff can show it as text and QR code or have it sent; the audit log names the person, not the address', async () => {
    const email = `${randomUUID()}@example.org`;
    const [id, mute] = [await person(email), await person(null)];
    const staff = await web.signIn('staff');
    const came = smtp.next();
    const shown = await web.ask(staff, 'POST', `/api/people/${id}/sign-in-links`, { send: true });
    const { url, svg } = shown.json() as unknown as { url: string; svg: string };
    expect(svg).toMatch(/^<svg/);
    await came;
    expect((await web.audit())[0]).toMatchObject({ action: 'write', count: 1, role: 'staff' });
    const me = web.visitor();
    await redeem(tokenOf(url), me);
    expect((await web.ask(me, 'GET', '/api/session')).json()).toMatchObject({ person: id });
    const unsent = await web.ask(staff, 'POST', `/api/people/${mute}/sign-in-links`, { send: true });
    expect(unsent.json().code).toBe('email-missing');
    const gone = await web.ask(staff, 'POST', `/api/people/${randomUUID()}/sign-in-links`, {});
    expect(gone.json().code).toBe('person-unknown');
  });

  test('an erased person’s session and links no longer work', async () => {
    const id = await person(null);
    const staff = await web.signIn('staff');
    const me = await web.signIn('person', id);
    const made = await web.ask(staff, 'POST', `/api/people/${id}/sign-in-links`, {});
    await web.db.updateTable('person').set({ deleted_at: web.now }).where('id', '=', id).execute();
    expect((await web.ask(me, 'GET', '/api/session')).json().code).toBe('no-session');
    expect((await redeem(tokenOf(made.text))).json().code).toBe('link-unknown');
  });
});

describe('mail', () => {
  const settings = (smtp: TestSmtp, change: object = {}) => ({
    host: 'localhost',
    port: smtp.port,
    implicitTls: false,
    user: null,
    password: null,
    from: 'no-reply@example.org',
    caFile: smtp.caFile,
    ...change,
  });
  const mail = { to: 'ada@example.org', subject: 'A link', text: 'https://localhost/portal/#enter=secret' };
  const codeOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'SENT',
      (e: { code: string }) => e.code,
    );

  test('is sent after STARTTLS, and not at all if the server offers no TLS or another host’s certificate', async () => {
    const [good, bad] = [await startSmtp('starttls'), await startSmtp('clear')];
    expect(await codeOf(sendMail(settings(good), mail))).toBe('SENT');
    expect(good.mails).toMatchObject([{ tls: true }]);
    expect(await codeOf(sendMail(settings(bad), mail))).toBe('mail-not-sent');
    expect(await codeOf(sendMail(settings(good, { caFile: bad.caFile }), mail))).toBe('mail-not-sent');
    expect(await codeOf(sendMail(settings(good, { host: '127.0.0.1' }), mail))).toBe('mail-not-sent');
    for (const text of [...good.clear, ...bad.clear]) expect(text).not.toMatch(/ada|enter=/);
    expect(bad.mails).toEqual([]);
    await good.close();
    await bad.close();
  });

  test('an address can’t add a second recipient or another header', async () => {
    const smtp = await startSmtp('starttls');
    const to = 'ada@example.org\r\nBcc: eve@example.org, eve@example.org';
    await codeOf(sendMail(settings(smtp), { ...mail, to, subject: 'A\r\nBcc: eve@example.org' }));
    for (const { to: receivers, text } of smtp.mails) {
      expect(receivers).toHaveLength(1);
      expect(text).not.toMatch(/^Bcc:/im);
    }
    await smtp.close();
  });
});
