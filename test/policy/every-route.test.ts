import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROLES, type Role } from '../../sync/server/access/actor.ts';
import { openApiPath } from '../../sync/server/access/openapi.ts';
import type { RouteSpec } from '../../sync/server/access/route.ts';
import { SERVED } from '../../sync/server/access/served.ts';
import type { OpenDatabase } from '../../sync/server/database/open.ts';
import { DATABASES } from '../services/databases.ts';
import { type Door, doorOn, type Visitor } from './door-kit.ts';

/** Each route of the people listener, asked by each role and by nobody, against what it declares. */

let home: Awaited<ReturnType<(typeof DATABASES)[number]['start']>>;
let database: OpenDatabase;
let door: Door;
const visitors = new Map<Role, Visitor & { readonly id: string }>();
const nobody: Visitor = { cookie: null, ip: '192.0.2.77' };

const name = (spec: RouteSpec) => `${spec.method} ${spec.path}`;
/** An address of the route with ids that exist nowhere. */
const urlOf = (spec: RouteSpec, person: string = randomUUID()) =>
  spec.path.replaceAll(/:(\w+)/g, (_, param: string) => (param === 'person' ? person : randomUUID()));
/** Refused at the door: nothing of the handler ran. */
const REFUSED = new Set(['no-session', 'not-allowed', 'second-factor-missing', 'wrong-origin']);
/** Asked again and again below, these would end the session that asks, or lock the door. */
/** No GET, since they take long or make a secret; they change nothing. */
const ONLY_READING = new Set([
  'POST /api/audit/verify',
  'POST /api/retention/dry-run',
  'POST /api/enrolment/judge',
  'POST /api/gdpr/delete/my-account/confirmation',
]);
const ENDING = new Set(['DELETE /api/session', 'DELETE /api/sessions']);

const { start, unavailable } = DATABASES[0]!;
beforeAll(async () => {
  if (unavailable) return;
  home = await start();
  database = await home.open();
  door = await doorOn(database);
  for (const role of ROLES) visitors.set(role, await door.as(role));
});
afterAll(async () => {
  await door?.close();
  await database?.close();
  await home?.remove();
});

/** As a request without a body comes, but for its address. */
const ask = (who: Visitor, spec: RouteSpec, url = urlOf(spec)) =>
  door.ask({ ...who }, spec.method, url, spec.method === 'GET' ? undefined : {});

describe('every route', () => {
  test.each(SERVED.map((spec) => [name(spec), spec] as const))(
    '%s lets in the roles that it declares, and nobody else',
    async (_, spec) => {
      if (ENDING.has(name(spec))) return;
      for (const role of ROLES) {
        const who = visitors.get(role)!;
        const answer = await ask(who, spec, urlOf(spec, who.id));
        const { code } = answer.json();
        const allowed = spec.roles === 'anybody' || spec.roles.includes(role);
        expect([role, allowed ? REFUSED.has(code ?? '') : code]).toEqual([role, allowed ? false : 'not-allowed']);
        if (answer.status >= 500) expect.fail(`${role}: ${door.logged.slice(-3000)}`);
        if (!allowed) expect((await door.audit())[0]).toMatchObject({ action: 'refuse', role, outcome: 'not-allowed' });
        expect(answer.headers['cache-control']).toBe('no-store');
      }
      const { code } = (await ask(nobody, spec)).json();
      expect(code === 'no-session').toBe(spec.roles !== 'anybody');
    },
  );

  test.each(SERVED.filter((s) => s.path.includes(':person')).map((spec) => [name(spec), spec] as const))(
    '%s shows a person nobody but themselves',
    async (_, spec) => {
      const other = await door.as('person');
      const answer = await ask(visitors.get('person')!, spec, urlOf(spec, other.id));
      expect([answer.status, answer.json().code]).toEqual([403, 'not-allowed']);
    },
  );

  test.each(SERVED.filter((s) => s.method !== 'GET').map((spec) => [name(spec), spec] as const))(
    '%s is taken from our own page alone',
    async (_, spec) => {
      const who = visitors.get(spec.roles === 'anybody' ? 'admin' : spec.roles[0]!)!;
      for (const origin of ['https://evil.example', 'null', 'http://localhost']) {
        const answer = await door.ask({ ...who }, spec.method, urlOf(spec, who.id), {}, { origin });
        expect(answer.json().code).toBe('wrong-origin');
      }
    },
  );

  test('a session that has yet to set its second factor reaches its own account, and nothing else', async () => {
    const admin = visitors.get('admin')!;
    const email = 'half@example.org';
    const made = await door.ask(admin, 'POST', '/api/accounts', { email, role: 'admin' });
    const { link } = made.json() as unknown as { link: { url: string } };
    const half = door.visitor();
    const token = new URL(link.url).hash.split('=')[1]!;
    expect((await door.ask(half, 'POST', '/api/session', { token })).json()).toMatchObject({ stage: 'enrol' });
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
    const answer = await door.ask(nobody, 'GET', '/api/openapi.json');
    const document = answer.json() as unknown as { openapi: string; paths: typeof paths };
    expect(document.openapi).toBe('3.1.0');
    paths = document.paths;
  });

  test('holds every route that answers, with its roles and personal data, and none besides', () => {
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const declared = SERVED.map((spec) => `${spec.method} ${openApiPath(spec.path)}`);
    expect(documented.sort()).toEqual([...declared, 'GET /api/live'].sort());
    expect(new Set(declared).size).toBe(declared.length);
    for (const spec of SERVED) {
      const operation = paths[openApiPath(spec.path)]![spec.method.toLowerCase()]!;
      expect(operation['x-roles']).toEqual(spec.roles);
      expect(operation['x-personal-data']).toEqual(spec.data);
      const named = operation.parameters.filter((p) => p.in === 'path').map((p) => p.name);
      expect(named.sort()).toEqual([...spec.path.matchAll(/:(\w+)/g)].map((m) => m[1]).sort());
    }
  });

  test('nothing answers below /api that is not in it', async () => {
    const registered = new Set(Object.keys(paths).map((path) => path.replaceAll(/\{\w+\}/g, ':')));
    // fastify's own list of what it answers.
    const lines = door.app.printRoutes({ commonPrefix: false }).split('\n');
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

  test('every declaration names its personal data where it names a person', () => {
    const persons = SERVED.filter((s) => s.path.includes(':person') && s.data.length === 0);
    const writes = SERVED.filter((s) => s.method !== 'GET' && s.action === 'read' && !ONLY_READING.has(name(s)));
    expect([persons.map(name), writes.map(name)]).toEqual([[], []]);
  });

  test('no route answers with what is somebody’s and declares that it touches nothing personal', () => {
    const PERSONAL =
      /"(person|people|email|phone|number|badge|bornOn|guardian|gps|vector|words|subjects|sightings)":\{/g;
    // One's own account and session are no access to somebody's data.
    const own = new Set(['POST /api/session', 'GET /api/session', 'POST /api/sign-in']);
    const found = SERVED.flatMap((spec) => {
      if (typeof spec.answer !== 'object' || own.has(name(spec))) return [];
      const schema = z.toJSONSchema(spec.answer, { io: 'output', unrepresentable: 'any' });
      const named = [...JSON.stringify(schema).matchAll(PERSONAL)].map((m) => m[1]!);
      // How many people a list has made, and whether it is about to: of nobody.
      if (name(spec).startsWith('GET /api/imports') && named.join() === 'people') return [];
      return named.length > 0 ? [{ route: name(spec), named, declares: spec.data.length }] : [];
    });
    expect(found.length).toBeGreaterThan(25);
    expect(found.filter((f) => f.declares === 0)).toEqual([]);
  });
});
