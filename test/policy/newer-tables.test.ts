import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { SERVED } from '../../sync/server/app/served.ts';
import { DATABASES } from '../kit/databases.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';

/*
 * While a server is updated, replicas of two builds run side by side. The newer one has added columns to the tables; the older
 * one's answers must not change.
 */

let web: PeopleListener;
let admin: Visitor;
/** Values for the ids in addresses. */
const ids: Record<string, string> = {};

withDatabase(DATABASES[0]!, async (database, undo) => {
  const { db } = database;
  web = undo.use(await newListener(database));
  admin = await web.signIn('admin');
  const made = async (method: 'POST' | 'PUT', url: string, body: unknown) => {
    const answer = await web.ask(admin, method, url, body);
    expect([url, answer.status, answer.text]).toEqual([url, expect.toBeOneOf([200, 201, 204]), expect.anything()]);
    return answer.status === 204 ? '' : String((answer.json() as { id?: string }).id);
  };
  ids.device = (await registerKiosk(db, { at: web.now })).device;
  ids.person = await made('POST', '/api/people', { name: 'Ada Lovelace', number: 'N-1', email: 'ada@example.org' });
  await made('POST', `/api/people/${ids.person}/badges`, { number: 'BADGE-1' });
  await made('POST', '/api/retention/holds', { person: ids.person, reason: 'Dispute' });
  await made('POST', '/api/evacuations', {});
  await made('POST', '/api/kiosk-staff', { name: 'Tom', role: 'technician', site: null });
  const found = { severity: 'high', foundAt: web.now.toISOString(), data: ['person.name'] };
  ids.incident = await made('POST', '/api/incidents', { title: 'Laptop', description: 'left on a train', ...found });
  const receiver = { name: 'Payroll', url: 'https://payroll.example.org/in', site: null, withNumber: false };
  ids.webhook = await made('POST', '/api/webhooks', receiver);
  await made('POST', `/api/webhooks/${ids.webhook}/test`, {});
  await made('POST', `/api/fleet/${ids.device}/commands`, { what: 'restart' });
  const { rows } = await sql<{ name: string }>`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema')`.execute(
    db,
  );
  for (const { name } of rows)
    await sql`alter table ${sql.raw(name)} add column if not exists of_a_newer_build text not null default 'x'`.execute(
      db,
    );
});

test('a column added by a newer build appears in no answer, and breaks none', async () => {
  const asked: string[] = [];
  for (const { method, path, roles } of SERVED) {
    if (method !== 'GET' || roles === 'anybody') continue;
    const role = roles.includes('admin') ? 'admin' : roles.find((r) => r !== 'operator');
    if (!role) continue;
    const visitor = role === 'admin' ? admin : await web.signIn(role, role === 'person' ? ids.person : undefined);
    const url = path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name] ?? randomUUID());
    const { status, text } = await web.ask(visitor, 'GET', url);
    expect(
      [url, status < 500, text.includes('of_a_newer_build') || text.includes('ofANewerBuild')],
      web.logged.slice(-600),
    ).toEqual([url, true, false]);
    if (status === 200) asked.push(path);
  }
  expect(asked).toEqual(
    expect.arrayContaining([
      '/api/retention/holds',
      '/api/evacuation',
      '/api/webhooks',
      '/api/kiosk-staff',
      '/api/webhooks/:webhook/deliveries',
      '/api/fleet/:device',
    ]),
  );
}, 60_000);
