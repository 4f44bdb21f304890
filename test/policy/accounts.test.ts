import { beforeEach, describe, expect, test } from 'vitest';
import type { AccountSession } from '../../sync/protocol/api/accounts.ts';
import { lockAccount } from '../../sync/server/core/accounts/accounts.ts';
import { setSignIn } from '../../sync/server/core/accounts/credentials.ts';
import { createLink } from '../../sync/server/core/accounts/links.ts';
import { leftoversJob } from '../../sync/server/core/accounts/module.ts';
import type { Session } from '../../sync/server/platform/access/session.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { charge, forgive, throttleKey } from '../../sync/server/platform/http/throttle.ts';
import { DATABASES } from '../kit/databases.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';
import { heldUp, interleave } from './interleave.ts';

/** Accounts: who can sign in and who can't. */

const MINUTE = 60_000;
const PASSWORD = 'four words make a start';

let database: OpenDatabase;
let web: PeopleListener;

const tokenOf = (url: string) => new URLSearchParams(new URL(url).hash.slice(1)).get('enter')!;

/** Makes an account and enrols it as its owner would. */
async function enrolled(role = 'staff', email = `${crypto.randomUUID()}@example.org`) {
  const admin = await web.signIn('admin');
  const made = await web.ask(admin, 'POST', '/api/accounts', { email, role });
  expect(made.status).toBe(200);
  const { account, link } = made.json() as unknown as { account: { id: string }; link: { url: string } };
  const owner = web.visitor();
  const entered = await web.ask(owner, 'POST', '/api/session', { token: tokenOf(link.url) });
  expect(entered.json()).toMatchObject({ stage: 'enrol', role });
  expect((await web.ask(owner, 'PUT', '/api/account/sign-in', { password: PASSWORD })).status).toBe(200);
  const offered = await web.ask(owner, 'POST', '/api/account/totp', {});
  const { secret } = offered.json() as unknown as { secret: string };
  const confirmed = await web.ask(owner, 'POST', '/api/account/totp/confirm', { code: web.codeOf(secret) });
  expect(confirmed.status).toBe(200);
  const { codes } = confirmed.json() as unknown as { codes: string[] };
  return { id: account.id, email, secret, codes, owner, admin };
}

const signIn = (who: Visitor, email: string, password: string, code?: string) =>
  web.ask(who, 'POST', '/api/sign-in', { email, password, ...(code && { code }) });

describe.each(DATABASES)('accounts on $name', (kind) => {
  withDatabase(kind, async (opened, undo) => {
    database = opened;
    web = await newListener(database);
    undo.defer(() => web.close());
  });
  beforeEach(() => {
    web.later(24 * 60 * MINUTE);
  });

  test('a new account sets up its password, authenticator app and recovery codes by its link, and can reach nothing else before that', async () => {
    const admin = await web.signIn('admin');
    const made = await web.ask(admin, 'POST', '/api/accounts', { email: 'New@Example.org ', role: 'staff' });
    const { link } = made.json() as unknown as { link: { url: string; svg: string } };
    expect(link.svg).toMatch(/^<svg/);
    const owner = web.visitor();
    await web.ask(owner, 'POST', '/api/session', { token: tokenOf(link.url) });
    expect((await web.ask(owner, 'GET', '/api/checkins')).json().code).toBe('second-factor-missing');
    const code = { code: '123456' };
    expect((await web.ask(owner, 'POST', '/api/account/totp/confirm', code)).json().code).toBe('password-missing');
    for (const password of [
      'short',
      'aaaaaaaaaaaaaa',
      'Password1234!',
      '123456789012',
      'SmartPresence 2026',
      'x'.repeat(129),
    ])
      expect((await web.ask(owner, 'PUT', '/api/account/sign-in', { password })).json().code).toBe('password-weak');
    expect((await web.ask(owner, 'PUT', '/api/account/sign-in', { password: PASSWORD })).status).toBe(200);
    expect((await web.ask(owner, 'GET', '/api/checkins')).json().code).toBe('second-factor-missing');
    const { secret, uri } = (await web.ask(owner, 'POST', '/api/account/totp', {})).json() as unknown as {
      secret: string;
      uri: string;
    };
    expect(uri).toMatch(/^otpauth:\/\/totp\/SmartPresence:/);
    expect((await web.ask(owner, 'POST', '/api/account/totp/confirm', code)).json().code).toBe('second-factor-wrong');
    const done = await web.ask(owner, 'POST', '/api/account/totp/confirm', { code: web.codeOf(secret) });
    expect((done.json() as unknown as { codes: string[] }).codes).toHaveLength(10);
    expect((await web.ask(owner, 'GET', '/api/checkins')).status).toBe(200);
    const again = web.visitor();
    web.later(MINUTE);
    const signedIn = await signIn(again, 'new@example.org', PASSWORD, web.codeOf(secret));
    expect(signedIn.json()).toMatchObject({ role: 'staff', stage: 'full', email: 'New@Example.org' });
    expect(signedIn.cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' });
  });

  test('every wrong sign-in gets the same answer, whether the account exists or not, and leaves an audit row', async () => {
    const { email, secret, id } = await enrolled();
    web.later(MINUTE);
    const right = web.codeOf(secret);
    const wrong = right === '000000' ? '000001' : '000000';
    const answers = [
      await signIn(web.visitor(), 'nobody@example.org', PASSWORD, right),
      await signIn(web.visitor(), email, 'not the password', right),
      await signIn(web.visitor(), email, PASSWORD, wrong),
      await signIn(web.visitor(), email, PASSWORD),
    ];
    expect(new Set(answers.map((a) => `${a.status} ${a.text}`)).size).toBe(1);
    expect(answers[0]!.json().code).toBe('sign-in-refused');
    const rows = await web.audit(4);
    expect(rows.map((r) => [r.action, r.outcome])).toEqual(Array(4).fill(['sign-in', 'sign-in-refused']));
    expect(rows.map((r) => r.actor)).toEqual([id, id, id, null]);
    expect((await signIn(web.visitor(), email, PASSWORD, right)).status).toBe(200);
    expect((await web.audit())[0]).toMatchObject({ action: 'sign-in', outcome: 'ok', role: 'staff', actor: id });
  });

  test('an app code works only once, and no earlier code works after it', async () => {
    const { email, secret } = await enrolled();
    web.later(2 * MINUTE);
    const earlier = web.codeOf(secret);
    web.later(MINUTE / 2);
    const code = web.codeOf(secret);
    expect((await signIn(web.visitor(), email, PASSWORD, code)).status).toBe(200);
    expect((await signIn(web.visitor(), email, PASSWORD, code)).json().code).toBe('sign-in-refused');
    expect((await signIn(web.visitor(), email, PASSWORD, earlier)).json().code).toBe('sign-in-refused');
    // Of two at once, one is accepted.
    web.later(MINUTE);
    const both = await Promise.all([0, 1].map(() => signIn(web.visitor(), email, PASSWORD, web.codeOf(secret))));
    expect(both.map((a) => a.status).sort()).toEqual([200, 401]);
  });

  test('a recovery code replaces an app code once', async () => {
    const { email, codes } = await enrolled();
    const typed = codes[3]!.toUpperCase().replaceAll('-', ' ');
    expect((await signIn(web.visitor(), email, PASSWORD, typed)).status).toBe(200);
    expect((await signIn(web.visitor(), email, PASSWORD, codes[3])).json().code).toBe('sign-in-refused');
    expect((await signIn(web.visitor(), email, PASSWORD, codes[4])).status).toBe(200);
  });

  test('an attempt made while another one succeeds is counted, and causes no server error', async () => {
    const both = heldUp(database);
    const key = throttleKey(web.keys, 'account', crypto.randomUUID());
    await charge(both.db, key, 'account', web.now);
    const charging = { work: () => charge(both.db, key, 'account', web.now), at: { statement: 1 } };
    const { first } = await interleave(both, charging, () => inTransaction(both.db, (tx) => forgive(tx, key)));
    expect(first).toEqual({ value: 0 });
  });

  test('failures recorded while the clock was ahead pause sign-in from now, not until that future time', async () => {
    const key = throttleKey(web.keys, 'account', crypto.randomUUID());
    const at = (seconds: number) => charge(database.db, key, 'account', new Date(web.now.getTime() + seconds * 1000));
    for (let n = 0; n < 5; n++) expect(await at(86_400)).toBe(0);
    expect(await at(0)).toBe(15_000);
    expect(await at(14)).toBe(1000);
    expect(await at(15)).toBe(0);
  });

  test('of two accounts that claim the same e-mail address at once, one gets it and the other is refused', async () => {
    const both = heldUp(database);
    const email = `${crypto.randomUUID()}@example.org`;
    const [ada, grace] = [await enrolled(), await enrolled()];
    const take = (account: string) => () =>
      inTransaction(both.db, async (tx) =>
        setSignIn(tx, web.keys, await lockAccount(tx, account), { email }, { hash: Buffer.alloc(32) } as Session),
      );
    // Held after it has looked up who has the address.
    const looked = await interleave(both, { work: take(ada.id), at: { statement: 3 } }, take(grace.id));
    expect(looked).toMatchObject({ first: { value: undefined }, second: { thrown: { code: 'email-taken' } } });
  });

  test('wrong guesses pause the account, longer each time, whatever their source and across restarts', async () => {
    const { email, secret } = await enrolled();
    web.later(MINUTE);
    const unknown = `${crypto.randomUUID()}@example.org`;
    for (const address of [email, unknown]) {
      for (let i = 0; i < 5; i++)
        expect((await signIn(web.visitor(), address, 'wrong password', '000000')).json().code).toBe('sign-in-refused');
      const paused = await signIn(web.visitor(), address, PASSWORD, web.codeOf(secret));
      expect(paused.json()).toMatchObject({ code: 'attempts-paused', params: { seconds: 15 } });
      expect(paused.headers['retry-after']).toBe('15');
    }
    const [env, moment] = [web.env, web.now];
    await web.close();
    web = await newListener(database, { env, start: moment });
    expect((await signIn(web.visitor(), email, PASSWORD, web.codeOf(secret))).json().code).toBe('attempts-paused');
    for (const seconds of [15, 30, 60, 120]) {
      web.later(seconds * 1000);
      expect((await signIn(web.visitor(), email, 'wrong password')).json().code).toBe('sign-in-refused');
      const next = await signIn(web.visitor(), email, 'wrong password');
      expect(next.json()).toMatchObject({ code: 'attempts-paused', params: { seconds: seconds * 2 } });
    }
    web.later(15 * MINUTE);
    expect((await signIn(web.visitor(), email, PASSWORD, web.codeOf(secret))).status).toBe(200);
    web.later(MINUTE);
    expect((await signIn(web.visitor(), email, 'wrong again')).json().code).toBe('sign-in-refused');
  });

  test('guessing at many accounts pauses the network address it comes from, and no other', async () => {
    const { email, secret } = await enrolled();
    web.later(MINUTE);
    const guesser = web.visitor('2001:db8:1:2::1');
    for (let i = 0; i < 30; i++) await signIn(guesser, `${crypto.randomUUID()}@example.org`, 'wrong password');
    const neighbour = web.visitor('2001:db8:1:2:ffff::9');
    expect((await signIn(neighbour, email, PASSWORD, web.codeOf(secret))).json().code).toBe('attempts-paused');
    const other = web.visitor('2001:db8:1:3::1');
    expect((await signIn(other, email, PASSWORD, web.codeOf(secret))).status).toBe(200);
  });

  test('a hundred simultaneous guesses are limited as strictly as a hundred in a row', async () => {
    const { email } = await enrolled();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => signIn(web.visitor(), email, 'wrong password', '000000')),
    );
    const codes = answers.map((a) => a.json().code);
    expect(codes.filter((c) => c === 'sign-in-refused')).toHaveLength(5);
    expect(codes.filter((c) => c === 'attempts-paused')).toHaveLength(15);
  });

  test('a session ends after 30 idle minutes, after 12 hours in any case, and on sign-out', async () => {
    const staff = await web.signIn('staff');
    for (let i = 0; i < 3; i++) {
      web.later(29 * MINUTE);
      expect((await web.ask(staff, 'GET', '/api/session')).status).toBe(200);
    }
    web.later(31 * MINUTE);
    expect((await web.ask(staff, 'GET', '/api/session')).json().code).toBe('no-session');
    const busy = await web.signIn('auditor');
    for (let used = 0; used < 12 * 60; used += 20) {
      expect((await web.ask(busy, 'GET', '/api/session')).status).toBe(200);
      web.later(20 * MINUTE);
    }
    expect((await web.ask(busy, 'GET', '/api/session')).json().code).toBe('no-session');
    const leaving = await web.signIn('dpo');
    const copy = { ...leaving };
    expect((await web.ask(leaving, 'DELETE', '/api/session')).status).toBe(204);
    expect(leaving.cookie).toBeNull();
    expect((await web.ask(copy, 'GET', '/api/session')).json().code).toBe('no-session');
  });

  test('signing out everywhere, a role change, disabling and a new password end all other sessions', async () => {
    const admin = await web.signIn('admin');
    const { id, secret } = await enrolled('dpo');
    const alive = async (who: Visitor) => (await web.ask({ ...who }, 'GET', '/api/session')).status === 200;
    const [here, there] = [await web.signIn('dpo', id), await web.signIn('dpo', id)];
    await web.ask(here, 'DELETE', '/api/sessions');
    expect([await alive(here), await alive(there)]).toEqual([false, false]);

    const demoted = await web.signIn('dpo', id);
    expect((await web.ask(admin, 'PATCH', `/api/accounts/${id}`, { role: 'auditor' })).status).toBe(200);
    expect(await alive(demoted)).toBe(false);

    const [mine, stolen] = [await web.signIn('auditor', id), await web.signIn('auditor', id)];
    const change = { password: 'another four words here' };
    expect((await web.ask(stolen, 'PUT', '/api/account/sign-in', change)).json().code).toBe('proof-wrong');
    const half = { ...change, current: PASSWORD };
    expect((await web.ask(stolen, 'PUT', '/api/account/sign-in', half)).json().code).toBe('proof-wrong');
    expect((await web.ask(stolen, 'POST', '/api/account/totp', {})).json().code).toBe('proof-wrong');
    web.later(MINUTE);
    const code = web.codeOf(secret);
    for (const current of [undefined, 'not the password'])
      expect((await web.ask(stolen, 'PUT', '/api/account/sign-in', { ...change, code, current })).json().code).toBe(
        'proof-wrong',
      );
    // Five wrong proofs pause changes to the account, as five wrong sign-ins pause sign-in.
    web.later(MINUTE);
    const whole = { ...half, code: web.codeOf(secret) };
    expect((await web.ask(mine, 'PUT', '/api/account/sign-in', whole)).status).toBe(200);
    expect([await alive(mine), await alive(stolen)]).toEqual([true, false]);

    expect((await web.ask(admin, 'PATCH', `/api/accounts/${id}`, { disabled: true })).status).toBe(200);
    expect(await alive(mine)).toBe(false);
    // They have ended rather than being suspended.
    expect((await web.ask(admin, 'PATCH', `/api/accounts/${id}`, { disabled: false })).status).toBe(200);
    expect((await web.ask(admin, 'PATCH', `/api/accounts/${id}`, { role: 'dpo' })).status).toBe(200);
    expect([await alive(mine), await alive(demoted)]).toEqual([false, false]);
  });

  test('a session does not outlive its account’s rights, even if they were removed directly in the database', async () => {
    const { id } = await enrolled('dpo');
    const visitor = await web.signIn('dpo', id);
    const status = async () => (await web.ask({ ...visitor }, 'GET', '/api/session')).status;
    for (const change of [{ disabled_at: web.now }, { role: 'staff' }] as const) {
      expect(await status()).toBe(200);
      await web.db.updateTable('account').set(change).where('id', '=', id).execute();
      expect(await status()).toBe(401);
      await web.db.updateTable('account').set({ disabled_at: null, role: 'dpo' }).where('id', '=', id).execute();
    }
  });

  test('a disabled account can’t sign in, by password or by link', async () => {
    const { id, email, secret, admin } = await enrolled();
    const { url } = (await web.ask(admin, 'POST', `/api/accounts/${id}/link`)).json() as unknown as {
      url: string;
    };
    await web.ask(admin, 'PATCH', `/api/accounts/${id}`, { disabled: true });
    web.later(MINUTE);
    expect((await signIn(web.visitor(), email, PASSWORD, web.codeOf(secret))).json().code).toBe('sign-in-refused');
    // Its unused links were deleted with its sessions.
    expect((await web.ask(web.visitor(), 'POST', '/api/session', { token: tokenOf(url) })).json().code).toBe(
      'link-unknown',
    );
    expect((await web.ask(admin, 'POST', `/api/accounts/${id}/link`)).json().code).toBe('account-disabled');
  });

  test('the link the server prints works until an administrator has a second factor', async () => {
    await web.db.updateTable('account').set({ disabled_at: web.now }).execute();
    const print = () => createLink(web.db, web.keys, { kind: 'operator' }, web.now);
    const [first, second] = [await print(), await print()];
    const operator = await web.ask(web.visitor(), 'POST', '/api/session', { token: first.token });
    expect(operator.json()).toMatchObject({ role: 'admin', stage: 'full' });
    await enrolled('admin');
    const late = await web.ask(web.visitor(), 'POST', '/api/session', { token: second.token });
    expect([late.status, late.json().code]).toEqual([410, 'link-expired']);
  });

  test('expired sign-in data is deleted, and nothing that is still needed', async () => {
    await web.signIn('staff');
    await createLink(web.db, web.keys, { kind: 'operator' }, web.now);
    await signIn(web.visitor(), 'nobody@example.org', 'wrong password');
    web.later(26 * 60 * MINUTE);
    const [alive, { owner }] = [await web.signIn('staff'), await enrolled()];
    const { token } = await createLink(web.db, web.keys, { kind: 'operator' }, web.now);
    const report = await leftoversJob.run({ ...web.services, signal: new AbortController().signal });
    expect(report).toEqual({
      sessions: expect.any(Number),
      links: expect.any(Number),
      attempts: expect.any(Number),
      answers: 0,
      pinCodes: 0,
    });
    for (const kind of ['sessions', 'links', 'attempts']) expect(report[kind]).toBeGreaterThan(0);
    for (const who of [alive, owner]) expect((await web.ask(who, 'GET', '/api/session')).status).toBe(200);
    const link = await web.db
      .selectFrom('sign_in_link')
      .selectAll()
      .where('hash', '=', web.keys.hashToken(token))
      .execute();
    expect(link).toHaveLength(1);
    const again = await leftoversJob.run({ ...web.services, signal: new AbortController().signal });
    expect(again).toEqual({ sessions: 0, links: 0, attempts: 0, answers: 0, pinCodes: 0 });
  });

  test('a disabled account can be removed with everything it owned; an active one can’t', async () => {
    const { id, email, admin } = await enrolled();
    expect((await web.ask(admin, 'DELETE', `/api/accounts/${id}`)).json().code).toBe('account-not-disabled');
    await web.ask(admin, 'PATCH', `/api/accounts/${id}`, { disabled: true });
    expect((await web.ask(admin, 'DELETE', `/api/accounts/${id}`)).status).toBe(204);
    expect(await web.db.selectFrom('recovery_code').selectAll().where('account', '=', id).execute()).toEqual([]);
    expect((await web.ask(admin, 'POST', '/api/accounts', { email, role: 'staff' })).status).toBe(200);
  });

  test('a link does not replace the second factor: an account that is set up also needs its app code', async () => {
    const { id, email, secret, admin } = await enrolled();
    const { url } = (await web.ask(admin, 'POST', `/api/accounts/${id}/link`)).json() as unknown as {
      url: string;
    };
    const finder = web.visitor();
    const entered = await web.ask(finder, 'POST', '/api/session', { token: tokenOf(url) });
    expect(entered.json()).toMatchObject({ stage: 'enrol' });
    expect((await web.ask(finder, 'GET', '/api/checkins')).json().code).toBe('second-factor-missing');
    const change = { password: 'a password of the finder' };
    expect((await web.ask(finder, 'PUT', '/api/account/sign-in', change)).json().code).toBe('proof-wrong');
    expect((await web.ask(finder, 'POST', '/api/account/totp', {})).json().code).toBe('proof-wrong');
    web.later(MINUTE);
    const owner = { ...change, code: web.codeOf(secret) };
    expect((await web.ask(finder, 'PUT', '/api/account/sign-in', owner)).status).toBe(200);
    expect((await web.ask(finder, 'GET', '/api/checkins')).status).toBe(200);
    web.later(MINUTE);
    expect((await signIn(web.visitor(), email, change.password, web.codeOf(secret))).status).toBe(200);
  });

  test('a reset second factor is set up again after the password, and old codes no longer work', async () => {
    const { id, email, secret, codes, owner, admin } = await enrolled();
    expect((await web.ask(admin, 'DELETE', `/api/accounts/${id}/totp`)).json()).toMatchObject({ enrolled: false });
    expect((await web.ask(owner, 'GET', '/api/session')).json().code).toBe('no-session');
    web.later(MINUTE);
    const back = web.visitor();
    expect((await signIn(back, email, PASSWORD)).json()).toMatchObject({ stage: 'enrol' });
    const offered = await web.ask(back, 'POST', '/api/account/totp', {});
    const next = (offered.json() as unknown as { secret: string }).secret;
    const stale = await web.ask(back, 'POST', '/api/account/totp/confirm', { code: web.codeOf(secret) });
    expect(stale.json().code).toBe('second-factor-wrong');
    expect((await web.ask(back, 'POST', '/api/account/totp/confirm', { code: web.codeOf(next) })).status).toBe(200);
    expect((await signIn(web.visitor(), email, PASSWORD, codes[0])).json().code).toBe('sign-in-refused');
  });

  test('the last administrator can’t be disabled or given another role', async () => {
    await web.db.updateTable('account').set({ disabled_at: web.now }).where('role', '=', 'admin').execute();
    const last = await web.signIn('admin');
    for (const change of [{ disabled: true }, { role: 'staff' }])
      expect((await web.ask(last, 'PATCH', `/api/accounts/${last.id}`, change)).json().code).toBe('last-administrator');
    const other = await web.signIn('admin');
    const both = await Promise.all([
      web.ask(last, 'PATCH', `/api/accounts/${other.id}`, { disabled: true }),
      web.ask(other, 'PATCH', `/api/accounts/${last.id}`, { disabled: true }),
    ]);
    expect(both.filter((a) => a.status === 200)).toHaveLength(1);
  });

  test('an administrator sees where an account is signed in, and ends one session or all', async () => {
    const { id, email, secret, owner, admin } = await enrolled();
    web.later(2 * MINUTE);
    const phone = web.visitor();
    expect((await signIn(phone, email, PASSWORD, web.codeOf(secret))).status).toBe(200);
    const path = `/api/accounts/${id}/sessions`;
    const list = async () => (await web.ask(admin, 'GET', path)).json() as unknown as { sessions: AccountSession[] };
    const { sessions } = await list();
    expect(sessions.map(({ ip, own }) => [ip, own])).toEqual([
      [phone.ip, false],
      [owner.ip, false],
    ]);
    expect(Date.parse(sessions[0]!.startedAt) - Date.parse(sessions[1]!.startedAt)).toBe(2 * MINUTE);
    expect((await web.audit())[0]).toMatchObject({ role: 'admin', action: 'read', data: ['account.session'] });
    const open = async (who: Visitor) => (await web.ask(who, 'GET', '/api/session')).status === 200;
    for (let i = 0; i < 2; i++) expect((await web.ask(admin, 'DELETE', `${path}/${sessions[0]!.id}`)).status).toBe(204);
    expect([await open(phone), await open(owner)]).toEqual([false, true]);
    expect((await web.audit())[0]).toMatchObject({ role: 'admin', action: 'delete', data: ['account.session'] });
    // Another account's session isn't reached by its id.
    const own = `/api/accounts/${admin.id}/sessions`;
    expect((await web.ask(admin, 'DELETE', `${own}/${sessions[1]!.id}`)).status).toBe(204);
    expect(await open(owner)).toBe(true);
    expect((await web.ask(admin, 'DELETE', path)).json()).toEqual({ ended: 1 });
    expect(await open(owner)).toBe(false);
    expect(await list()).toEqual({ sessions: [] });
    expect((await web.ask(admin, 'DELETE', own)).json()).toEqual({ ended: 0 });
    expect((await web.ask(admin, 'GET', own)).json()).toMatchObject({ sessions: [{ own: true }] });
    const nobody = `/api/accounts/${crypto.randomUUID()}/sessions`;
    expect((await web.ask(admin, 'GET', nobody)).json().code).toBe('account-unknown');
  });

  test('changes are accepted only from our own pages, whatever the cookie', async () => {
    const admin = await web.signIn('admin');
    const body = { email: 'csrf@example.org', role: 'admin' };
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: '' }]) {
      const answer = await web.ask(admin, 'POST', '/api/accounts', body, headers);
      expect([answer.status, answer.json().code]).toEqual([403, 'wrong-origin']);
    }
    const form = await web.ask(admin, 'POST', '/api/accounts', undefined, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBeGreaterThanOrEqual(400);
    expect((await web.audit())[0]).toMatchObject({ action: 'refuse', role: 'admin', actor: admin.id });
    expect((await web.ask(admin, 'POST', '/api/accounts', body)).status).toBe(200);
    expect((await web.ask(admin, 'POST', '/api/accounts', body)).json().code).toBe('email-taken');
  });

  test('the database holds no account’s address, password, secret or code in readable form', async () => {
    const { email, secret, codes, owner } = await enrolled();
    const tables = ['account', 'recovery_code', 'session', 'sign_in_link', 'sign_in_attempt', 'idempotency'] as const;
    let text = '';
    for (const table of tables) {
      for (const row of await web.db.selectFrom(table).selectAll().execute())
        for (const value of Object.values(row))
          text += value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : `${value}\n`;
    }
    text += web.logged;
    expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    for (const hidden of [email, owner.ip, PASSWORD, secret, ...codes, ...codes.map((c) => c.replaceAll('-', ''))])
      expect(text).not.toContain(hidden);
  });
});
