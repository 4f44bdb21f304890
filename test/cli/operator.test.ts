import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeAccount, createAccount, createAccountLink, listAccounts } from '../../sync/protocol/api/accounts.ts';
import { listJobs, runJob } from '../../sync/protocol/api/jobs.ts';
import { listPeople } from '../../sync/protocol/api/people.ts';
import { call } from '../../sync/server/app/open.ts';
import { type TestServer, testServer } from '../sync/identity-kit.ts';

/** Endpoints as the command line calls them: through a running server's socket, and on its database while it is down. */

const EMAIL = 'ada@example.org';
const NOBODY = '018e0000-0000-7000-8000-000000000001';
let server: TestServer;
beforeAll(async () => {
  server = await testServer();
}, 600_000);
afterAll(() => server?.close());

test('an endpoint does the same through the socket and on the database, each time with an audit row of the operator', async () => {
  const { account, link } = await call(server.env, createAccount, { body: { email: EMAIL, role: 'dpo' } });
  expect(link.url).toContain('#enter=');
  await server.whileDown(async () => {
    const { accounts } = await call(server.env, listAccounts);
    expect(accounts).toEqual([account]);
  });
  const { items } = await server.operate('audit search', { role: 'operator', limit: 10 });
  expect(items.map(({ action, route, resource, data }) => [action, route, resource, data])).toEqual([
    ['read', 'GET /api/accounts', null, ['account.email']],
    ['write', 'POST /api/accounts', account.id, ['account.email']],
  ]);
});

test('a refusal has its code, and wrong arguments are named', async () => {
  await expect(call(server.env, createAccountLink, { params: { account: NOBODY } })).rejects.toMatchObject({
    code: 'account-unknown',
  });
  const wrong = call(server.env, changeAccount, { params: { account: 'ada' }, body: { role: 'dpo' } });
  await expect(wrong).rejects.toMatchObject({
    code: 'arguments-wrong',
    message: expect.stringContaining('path.account'),
  });
});

test('a job runs at once, and its run is listed', async () => {
  await expect(call(server.env, runJob, { params: { job: 'nothing' } })).rejects.toMatchObject({ code: 'job-unknown' });
  expect(await call(server.env, runJob, { params: { job: 'sign-in-leftovers' } })).toEqual(expect.any(Object));
  const { jobs } = await call(server.env, listJobs);
  expect(jobs.find(({ job }) => job === 'sign-in-leftovers')?.last?.outcome).toBe('ok');
});

test('what does not name the operator is not called by them', async () => {
  await expect(call(server.env, listPeople)).rejects.toMatchObject({ code: 'operation-unknown' });
});
