import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, cookieOf, tokenOf } from '../kit/client.ts';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { reservePorts } from '../services/ports.ts';
import { sp } from './run-sp.ts';

/** Accounts from the terminal, beside a real server process and over its real listener. */

const root = mkdtempSync(join(tmpdir(), 'sp-accounts-'));
let env: NodeJS.ProcessEnv;
let server: ServerProcess;

const run = (...args: string[]) => sp(join(root, 'nobody'), args, { env });

const ask = async (method: string, path: string, body?: unknown, cookie?: string) => {
  const answer = await call(`${server.peopleUrl}${path}`, {
    method,
    headers: {
      origin: server.peopleUrl,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(cookie && { cookie }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { ...answer, cookie: cookieOf(answer) };
};

beforeAll(async () => {
  const [people, devices] = await reservePorts(2);
  const home = join(root, 'server');
  env = {
    SMARTPRESENCE_SERVER_HOME: home,
    SMARTPRESENCE_PEOPLE_PORT: `${people}`,
    SMARTPRESENCE_DEVICE_PORT: `${devices}`,
  };
  expect(await run('server', 'init', '--json')).toMatchObject({ code: 0 });
  const keys = (await import('../../sync/server/app/local.ts')).initServer(home);
  env = { ...env, ...keys };
  server = await newServerProcess(env);
});
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

test('from the first link to an administrator with a second factor, after which a start prints no sign-in link', async () => {
  const operator = await ask('POST', '/api/session', { token: tokenOf(server.adminLink) });
  expect(operator.json()).toMatchObject({ role: 'admin', stage: 'full', email: null });

  const added = await run('accounts', 'add', 'ada@example.org', '--role', 'admin', '--json');
  const made = added.lines()[0] as { account: { id: string }; link: string };
  expect(made.link.startsWith(`${server.peopleUrl}/console/#enter=`)).toBe(true);
  const again = await run('accounts', 'add', ' Ada@Example.org', '--role', 'staff');
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('email-taken')]);
  const wrong = await run('accounts', 'add', 'x@example.org', '--role', 'king');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('one of admin, dpo, staff, auditor')]);

  const { cookie } = await ask('POST', '/api/session', { token: tokenOf(made.link) });
  const password = 'a long enough password';
  expect((await ask('PUT', '/api/account/sign-in', { password }, cookie)).status).toBe(200);
  const { secret } = (await ask('POST', '/api/account/totp', {}, cookie)).json() as unknown as { secret: string };
  const confirmed = await ask('POST', '/api/account/totp/confirm', { code: generateSync({ secret }) }, cookie);
  const { codes } = confirmed.json() as unknown as { codes: string[] };
  const list = (await run('accounts', 'list', '--json')).lines();
  expect(list.map((a) => [a.email, a.role, a.enrolled])).toEqual([
    [null, 'admin', false],
    ['ada@example.org', 'admin', true],
  ]);

  await server?.stop();
  server = await newServerProcess(env);
  expect(server.adminLink).toBe(`${server.peopleUrl}/console/`);
  const signIn = { email: 'ada@example.org', password, code: codes[0] };
  expect((await ask('POST', '/api/sign-in', signIn)).json()).toMatchObject({ stage: 'full', role: 'admin' });

  // Ended immediately by the command beside the running server.
  expect((await ask('GET', '/api/session', undefined, cookie)).status).toBe(200);
  expect((await run('accounts', 'reset-totp', made.account.id)).stdout).toMatch(/second factor not set up/);
  expect((await ask('GET', '/api/session', undefined, cookie)).json().code).toBe('no-session');
  const [operatorAccount] = list;
  expect(await run('accounts', 'disable', String(operatorAccount!.id))).toMatchObject({ code: 0 });
  const last = await run('accounts', 'disable', made.account.id);
  expect([last.code, last.stderr]).toEqual([1, expect.stringContaining('last-administrator')]);

  // With the server stopped it works on the database directly.
  await server?.stop();
  const link = (await run('accounts', 'link', made.account.id, '--json')).lines()[0] as { link: string };
  server = await newServerProcess(env);
  expect((await ask('POST', '/api/session', { token: tokenOf(link.link) })).json()).toMatchObject({ stage: 'enrol' });
}, 240_000);
