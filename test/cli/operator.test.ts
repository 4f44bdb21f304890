import { afterAll, beforeAll, expect, test } from 'vitest';
import { everyItem } from '../../electron/cli/server/environment.ts';
import { changeAccount, createAccount, createAccountLink, listAccounts } from '../../sync/protocol/api/accounts.ts';
import { searchAudit } from '../../sync/protocol/api/audit.ts';
import { getComplianceReport } from '../../sync/protocol/api/compliance.ts';
import { createProvisioningCode } from '../../sync/protocol/api/devices.ts';
import { listJobs, runJob } from '../../sync/protocol/api/jobs.ts';
import { listPeople } from '../../sync/protocol/api/people.ts';
import { asOperator } from '../../sync/server/app/open.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/** Endpoints as the command line calls them: through a running server's socket, and on its database while it is down. */

const EMAIL = 'ada@example.org';
const NOBODY = '018e0000-0000-7000-8000-000000000001';
let server: TestServer;
beforeAll(async () => {
  server = await newServer();
}, 600_000);
afterAll(() => server?.close());

test('an endpoint works the same through the socket and on the database, audited as the operator', async () => {
  const { account, link } = await server.call(createAccount, { body: { email: EMAIL, role: 'dpo' } });
  expect(link.url).toContain('#enter=');
  await server.whileDown(async () => {
    const { accounts } = await server.call(listAccounts);
    expect(accounts).toEqual([account]);
  });
  const { items } = await server.call(searchAudit, { query: { role: 'operator', limit: 10 } });
  expect(items.map(({ action, route, resource, data }) => [action, route, resource, data])).toEqual([
    ['read', 'GET /api/accounts', null, ['account.email']],
    ['write', 'POST /api/accounts', account.id, ['account.email']],
  ]);
});

test('an error keeps its code, and names wrong arguments', async () => {
  await expect(server.call(createAccountLink, { params: { account: NOBODY } })).rejects.toMatchObject({
    code: 'account-unknown',
  });
  const wrong = server.call(changeAccount, { params: { account: 'ada' }, body: { role: 'dpo' } });
  await expect(wrong).rejects.toMatchObject({
    code: 'arguments-wrong',
    message: expect.stringContaining('path.account'),
  });
});

test('an unreadable name has its own code, and anything else wrong is reported as wrong arguments', async () => {
  const provision = (name: string, url?: string) => server.call(createProvisioningCode, { body: { name, url } });
  await expect(provision('\u200b')).rejects.toMatchObject({ code: 'name-unreadable' });
  await expect(provision('\u200b', 'nowhere')).rejects.toMatchObject({ code: 'arguments-wrong' });
  expect(await provision('North entrance')).toMatchObject({ code: expect.any(String) });
});

test('files and paged lists arrive complete, through the socket and on the database', async () => {
  const both = async () => {
    const report = await server.call(getComplianceReport, { query: { part: 'record' } });
    const rows = await asOperator(server.env, async (ask) => {
      const found: unknown[] = [];
      for await (const row of everyItem(ask, searchAudit, { query: { limit: 1 } })) found.push(row);
      return found.length;
    });
    return [report.split('\n')[0], rows];
  };
  const [title, rows] = await both();
  expect(title).toMatch(/^# /);
  // Each page left a row, which comes before the first page.
  expect(rows).toBeGreaterThan(3);
  expect((await server.whileDown(both))[0]).toBe(title);
});

test('a job runs at once, and its run is listed', async () => {
  await expect(server.call(runJob, { params: { job: 'nothing' } })).rejects.toMatchObject({ code: 'job-unknown' });
  expect(await server.call(runJob, { params: { job: 'sign-in-leftovers' } })).toEqual(expect.any(Object));
  const { jobs } = await server.call(listJobs);
  expect(jobs.find(({ job }) => job === 'sign-in-leftovers')?.last?.outcome).toBe('ok');
});

test('the operator can’t call endpoints not declared for that role', async () => {
  await expect(server.call(listPeople)).rejects.toMatchObject({ code: 'operation-unknown' });
});
