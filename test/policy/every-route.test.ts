import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROLES, type Role } from '../../sync/protocol/api/endpoint.ts';
import { OPERATED, SERVED } from '../../sync/server/app/served.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import { openApiPath } from '../../sync/server/platform/access/openapi.ts';
import type { Route } from '../../sync/server/platform/access/route.ts';
import { DATABASES } from '../kit/databases.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { newPerson } from '../kit/person.ts';
import { withDatabase } from '../kit/suite.ts';

/** Each route of the people listener, requested with each role and without a session, against what it declares. */

let web: PeopleListener;
const visitors = new Map<Role, Visitor & { readonly id: string }>();
const nobody: Visitor = { cookie: null, ip: '192.0.2.77' };

const name = (spec: Route) => `${spec.method} ${spec.path}`;
/** An address of the route with ids that don't exist. */
const urlOf = (spec: Route, person: string = randomUUID()) =>
  spec.path.replaceAll(/:(\w+)/g, (_, param: string) => (param === 'person' ? person : randomUUID()));
/** Rejected before the handler: none of it ran. */
const REFUSED = new Set(['no-session', 'not-allowed', 'second-factor-missing', 'wrong-origin']);
/** Not GET, since they take long or make a secret, but they change nothing. */
const ONLY_READING = new Set([
  'POST /api/audit/verify',
  // With typed values: names must not be in an address.
  'POST /api/people/search',
  'POST /api/retention/dry-run',
  'POST /api/retention/holds/:hold/dry-run',
  'POST /api/enrolment/judge',
  'POST /api/gdpr/delete/my-account/confirmation',
  // Watching a screen only changes who is shown it. It has its own audit row (watching.test.ts).
  'POST /api/fleet/:device/screen',
  'DELETE /api/fleet/:device/screen/:command',
]);
/** Repeated below, these would end the session that sends them. */
const ENDING = new Set(['DELETE /api/session', 'DELETE /api/sessions']);

/** Routes by which people reach the data stored about themselves. */
const OWN = SERVED.filter((s) => s.roles !== 'anybody' && s.roles.includes('person') && s.data.length > 0);
/** Values of another person, which no answer to anyone else may contain. */
const OTHER = ['Zebulon Quirk', 'N-90417', 'zebulon@example.org', '+4990417', 'badge-90417', 'Not me at all'];
let other: Visitor & { readonly id: string };
/** Ids of that person's records, cards and everything else of theirs. */
let otherIds: readonly string[];

withDatabase(DATABASES[0]!, async (database, undo) => {
  web = undo.use(await newListener(database));
  for (const role of ROLES) visitors.set(role, await web.signIn(role));
  other = await anotherPerson();
  otherIds = await idsAround(other.id);
});

/** A person who has records, a template, a badge, a card and a complaint. */
async function anotherPerson(): Promise<Visitor & { readonly id: string }> {
  const { db, keys, now } = web;
  const [fullName, number, email, phone, badge, message] = OTHER as [string, string, string, string, string, string];
  const box = await registerKiosk(db, { name: 'Door', site: null, at: now });
  const person = newPerson(box, fullName, now, number);
  const open = { direction: 'in', method: 'face', liveness: 'passed', model: 'test' } as const;
  const record = box.append('checkin', open, { person, score: 0.8 }, now).header.id;
  await deliverTo(db, keys, box, box.events, { first: 1, now });
  while (((await resolveDue(db))?.taken ?? 0) > 0);
  const as = await web.signIn('person', person);
  const admin = visitors.get('admin')!;
  for (const [who, method, url, body] of [
    [admin, 'PATCH', `/api/people/${person}`, { email, phone }],
    [admin, 'POST', `/api/people/${person}/badges`, { number: badge }],
    [admin, 'POST', `/api/people/${person}/cards`, {}],
    [as, 'POST', '/api/me/complaints', { record, message }],
  ] as const) {
    const answer = await web.ask({ ...who }, method, url, body);
    expect([url, answer.status, answer.text]).toEqual([url, 200, answer.text]);
  }
  return as;
}

/** Every id that is in a row with this person's. */
async function idsAround(person: string): Promise<string[]> {
  const { rows: columns } = await sql<{ t: string; c: string }>`
    select table_name as t, column_name as c from information_schema.columns
    where table_schema = 'public' and data_type = 'uuid'`.execute(web.db);
  const ids = new Set<string>();
  for (const [table, those] of Map.groupBy(columns, (c) => c.t)) {
    const names = those.map(({ c }) => c);
    if (!names.includes('person')) continue;
    const { rows } = await sql<Record<string, string | null>>`
      select ${sql.join(names.map((c) => sql.ref(c)))} from ${sql.table(table)} where person = ${person}`.execute(
      web.db,
    );
    for (const row of rows) for (const id of Object.values(row)) if (id) ids.add(id);
  }
  ids.delete(person);
  return [...ids];
}

/** The same person at an unused IP address, so that no rate limit answers instead of the route. */
const fromElsewhere = (who: Visitor): Visitor => ({ ...web.visitor(), cookie: who.cookie });

/** Everything stored about a person, as they see it themselves, except who has seen it. */
async function dataOf(who: Visitor): Promise<object> {
  const answer = await web.ask(fromElsewhere(who), 'GET', '/api/gdpr/export/my-data');
  const { accesses, ...held } = JSON.parse(answer.text) as Record<string, unknown>;
  expect(accesses).toBeInstanceOf(Array);
  return held;
}

interface Schema {
  readonly type?: string;
  readonly pattern?: string;
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** A value of this shape, with `id` wherever an id belongs. */
function sampleOf(schema: unknown, id: string): unknown {
  const s = schema as Schema;
  if (s.anyOf) return sampleOf(s.anyOf[0], id);
  if (s.const !== undefined || s.enum) return s.const ?? s.enum![0];
  if (s.properties) return Object.fromEntries(Object.entries(s.properties).map(([k, v]) => [k, sampleOf(v, id)]));
  if (s.type === 'string') {
    const patterns = [s, ...(s.allOf ?? [])].flatMap(({ pattern }) => (pattern ? [new RegExp(pattern)] : []));
    return patterns.length > 0 && patterns.every((p) => p.test(id)) ? id : 'x';
  }
  return s.type === 'boolean' ? true : s.type === 'number' || s.type === 'integer' ? 1 : null;
}

/** Routes that answered and left an audit row. */
const noted = new Set<Route>();

/** Sends a request without a body. */
const ask = (who: Visitor, spec: Route, url = urlOf(spec)) =>
  web.ask({ ...who }, spec.method, url, spec.method === 'GET' ? undefined : {});

describe('every route', () => {
  test.each(SERVED.map((spec) => [name(spec), spec] as const))(
    '%s admits only the roles it declares',
    async (_, spec) => {
      if (ENDING.has(name(spec))) return;
      for (const role of ROLES) {
        const who = visitors.get(role)!;
        const answer = await ask(who, spec, urlOf(spec, who.id));
        const { code } = answer.json();
        const allowed = spec.roles === 'anybody' || spec.roles.includes(role);
        expect([role, allowed ? REFUSED.has(code ?? '') : code]).toEqual([role, allowed ? false : 'not-allowed']);
        if (answer.status >= 500) expect.fail(`${role}: ${web.logged.slice(-3000)}`);
        if (!allowed) expect((await web.audit())[0]).toMatchObject({ action: 'refuse', role, outcome: 'not-allowed' });
        expect(answer.headers['cache-control']).toBe('no-store');
        if (answer.status < 400 && (spec.data.length > 0 || spec.action !== 'read')) {
          const [row] = await web.audit();
          expect(row).toMatchObject({ route: name(spec), action: spec.action, role, outcome: 'ok' });
          noted.add(spec);
        }
      }
      const { code } = (await ask(nobody, spec)).json();
      expect(code === 'no-session').toBe(spec.roles !== 'anybody');
    },
  );

  test('that returned personal data left a row in the audit log', () => {
    const reading = [...noted].filter((spec) => spec.method === 'GET' && spec.data.length > 0);
    expect(reading.length).toBeGreaterThan(20);
  });

  test.each(OWN.map((spec) => [name(spec), spec] as const))(
    '%s neither shows nor changes another person’s data, whichever of their ids it is given',
    async (_, spec) => {
      const me = visitors.get('person')!;
      const before = await dataOf(other);
      for (const id of [other.id, ...otherIds]) {
        const body = spec.body ? sampleOf(z.toJSONSchema(spec.body, { unrepresentable: 'any' }), id) : {};
        const path = spec.path.replaceAll(/:\w+/g, id);
        for (const url of [path, `${path}?person=${id}`]) {
          const answer = await web.ask(fromElsewhere(me), spec.method, url, spec.method === 'GET' ? undefined : body);
          const named = spec.path.includes(':') || JSON.stringify(body).includes(id);
          expect(answer.status, answer.text).not.toBe(429);
          if (named) expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
          expect(OTHER.filter((value) => answer.text.includes(value))).toEqual([]);
          if (answer.status >= 500) expect.fail(web.logged.slice(-3000));
        }
        // A route that names nothing has been requested often enough.
        if (!spec.path.includes(':') && !JSON.stringify(body).includes(id)) break;
      }
      expect(await dataOf(other)).toEqual(before);
    },
    120_000,
  );

  test.each(SERVED.filter((s) => s.method !== 'GET').map((spec) => [name(spec), spec] as const))(
    '%s is accepted only from our own pages',
    async (_, spec) => {
      const who = visitors.get(spec.roles === 'anybody' ? 'admin' : (spec.roles[0] as Role))!;
      for (const origin of ['https://evil.example', 'null', 'http://localhost']) {
        const answer = await web.ask({ ...who }, spec.method, urlOf(spec, who.id), {}, { origin });
        expect(answer.json().code).toBe('wrong-origin');
      }
    },
  );

  test('a session without its second factor can reach only its own account', async () => {
    const admin = visitors.get('admin')!;
    const email = 'half@example.org';
    const made = await web.ask(admin, 'POST', '/api/accounts', { email, role: 'admin' });
    const { link } = made.json() as unknown as { link: { url: string } };
    const half = web.visitor();
    const token = new URL(link.url).hash.split('=')[1]!;
    expect((await web.ask(half, 'POST', '/api/session', { token })).json()).toMatchObject({ stage: 'enrol' });
    const open = [];
    for (const spec of SERVED) {
      if (ENDING.has(name(spec)) || spec.roles === 'anybody') continue;
      const { code } = (await ask(half, spec)).json();
      if (code !== 'second-factor-missing' && code !== 'not-allowed') open.push(name(spec));
    }
    expect(open.sort()).toEqual([
      'GET /api/account',
      'GET /api/session',
      'POST /api/account/totp',
      'POST /api/account/totp/confirm',
      'PUT /api/account/sign-in',
    ]);
  });
});

describe('the OpenAPI document', () => {
  interface Operation {
    readonly 'x-roles': unknown;
    readonly 'x-personal-data': unknown;
    readonly parameters: { name: string; in: string }[];
    readonly responses: object;
  }
  let paths: Record<string, Record<string, Operation>>;
  beforeEach(async () => {
    const answer = await web.ask(nobody, 'GET', '/api/openapi.json');
    const document = answer.json() as unknown as { openapi: string; paths: typeof paths };
    expect(document.openapi).toBe('3.1.0');
    const kept = readFileSync(join(import.meta.dirname, '../../docs/schemas/openapi.json'), 'utf8');
    expect(document, 'docs/schemas/openapi.json: run node test/vectors/make.ts').toEqual(JSON.parse(kept));
    paths = document.paths;
  });

  test('contains exactly the routes that exist, with their roles and personal data', () => {
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const declared = SERVED.map((spec) => `${spec.method} ${openApiPath(spec.path)}`);
    expect(documented.sort()).toEqual([...declared, 'GET /api/live'].sort());
    expect(new Set(declared).size).toBe(declared.length);
    for (const spec of SERVED) {
      const operation = paths[openApiPath(spec.path)]![spec.method.toLowerCase()]!;
      expect(operation['x-roles']).toEqual(
        spec.roles === 'anybody' ? spec.roles : spec.roles.filter((role) => role !== 'operator'),
      );
      expect(operation['x-personal-data']).toEqual(spec.data);
      const named = operation.parameters.filter((p) => p.in === 'path').map((p) => p.name);
      expect(named.sort()).toEqual([...spec.path.matchAll(/:(\w+)/g)].map((m) => m[1]).sort());
    }
  });

  test('nothing outside it answers below /api', async () => {
    const registered = new Set(Object.keys(paths).map((path) => path.replaceAll(/\{\w+\}/g, ':')));
    // fastify's own list of the routes that it serves.
    const lines = web.app.printRoutes({ commonPrefix: false }).split('\n');
    const answering: string[] = [];
    const stack: string[] = [];
    for (const line of lines) {
      const found = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?/.exec(line);
      if (!found) continue;
      const depth = found[1]!.length / 4;
      stack.length = depth;
      stack.push(found[2]!);
      if (found[3]) answering.push(stack.join(''));
    }
    const api = answering.filter((path) => path.startsWith('/api'));
    expect(api.length).toBeGreaterThan(20);
    expect(api.map((path) => path.replaceAll(/:\w+/g, ':')).filter((path) => !registered.has(path))).toEqual([]);
  });

  test('endpoints for the operator answer nobody else', async () => {
    const served = new Set(SERVED.map(name));
    const alone = OPERATED.map(name).filter((route) => !served.has(route));
    expect(alone).toContain('POST /api/jobs/:job/run');
    for (const route of alone) {
      const [method, path] = route.split(' ') as [Route['method'], string];
      expect((await web.ask(visitors.get('admin')!, method, path, {})).status, route).toBe(404);
    }
  });

  test('every declaration that names a person declares its personal data', () => {
    const persons = SERVED.filter((s) => s.path.includes(':person') && s.data.length === 0);
    const writes = SERVED.filter((s) => s.method !== 'GET' && s.action === 'read' && !ONLY_READING.has(name(s)));
    expect([persons.map(name), writes.map(name)]).toEqual([[], []]);
  });

  test('no route returns personal data without declaring it', () => {
    const PERSONAL = /"(person|people|email|phone|number|badge|bornOn|guardian|gps|vector|texts|message|subjects)":\{/g;
    // One's own account and session don't count as access to someone's data.
    const own = new Set(['POST /api/session', 'GET /api/session', 'POST /api/sign-in']);
    const found = SERVED.flatMap((spec) => {
      if (typeof spec.answer !== 'object' || own.has(name(spec))) return [];
      const schema = z.toJSONSchema(spec.answer, { io: 'output', unrepresentable: 'any' });
      // The number of people, and whether a list is about to create any: this names nobody.
      const text = JSON.stringify(schema).replaceAll(/"people":\{"type":"(integer|number)"/g, '');
      const named = [...text.matchAll(PERSONAL)].map((m) => m[1]!);
      if (name(spec).startsWith('GET /api/imports') && named.join() === 'people') return [];
      // What is wrong with a row of the audit log, in our own text.
      if (spec.path.startsWith('/api/audit/') && named.join() === 'message') return [];
      return named.length > 0 ? [{ route: name(spec), named, declares: spec.data.length }] : [];
    });
    expect(found.length).toBeGreaterThan(25);
    expect(found.filter((f) => f.declares === 0)).toEqual([]);
  });
});
