import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { RAW_TYPE, ROLES, type Role } from '../../sync/protocol/api/endpoint.ts';
import { writePerson } from '../../sync/server/core/people/records.ts';
import { COOKIE } from '../../sync/server/platform/access/guard.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { seededRandom } from '../bench/harness.ts';
import { printedSeed } from '../chance.ts';
import { DATABASES } from '../kit/databases.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';
import { NASTY, type Schema, valuesOf } from './schema-arbitrary.ts';

/**
 * A fuzzer driven by the OpenAPI document: whatever a caller of any role sends, there is no 5xx, no answer that the role may not
 * have, and the server keeps running. `FUZZ_RUNS` (default 3): rounds per operation; `SMARTPRESENCE_SEED` repeats a run.
 */

const RUNS = Number(process.env.FUZZ_RUNS ?? 3);
const REPEATED = process.env.SMARTPRESENCE_SEED !== undefined;
const SEED = printedSeed('API fuzzing');
/** Number of simultaneous requests in a round. */
const AT_ONCE = 8;

type Caller = Role | 'nobody';
const CALLERS: readonly Caller[] = [...ROLES, 'nobody'];

interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly roles: readonly Role[] | 'anybody';
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Schema }[];
  readonly body: Schema | null;
  /** Whether the body is a raw file. */
  readonly raw: boolean;
}

interface Sent {
  readonly caller: Caller;
  readonly url: string;
  readonly payload: { readonly text: string; readonly type: string } | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Data that only staff may see: every answer to a person or an unauthenticated caller is searched for it. */
const VICTIM = { name: 'Zyxwvut Qponmlk', email: 'zyxwvut@qponmlk.example', number: '77120345' };

// PostgreSQL where available, for real concurrency.
const { start, unavailable } = DATABASES.find((d) => d.name === 'PostgreSQL' && !d.unavailable) ?? DATABASES[0]!;
let web: PeopleListener;
let operations: Operation[];
/** Ids of existing objects, by the address that lists them, such as `/api/people`. */
const things = new Map<string, Set<string>>();
let victim: string;
const visitors = new Map<Caller, Visitor & { id: string }>();

/** Ids of everyone who has sent requests as a person. */
const themselves = new Set<string>();

async function visitorOf(caller: Caller): Promise<Visitor & { id: string }> {
  const held = visitors.get(caller);
  if (held) return held;
  const made = caller === 'nobody' ? { ...web.visitor(), id: randomUUID() } : { ...(await web.signIn(caller)) };
  visitors.set(caller, made);
  if (caller === 'person') themselves.add(made.id);
  return made;
}

withDatabase({ unavailable, start }, async (database, undo) => {
  web = undo.use(await newListener(database));
  victim = randomUUID();
  const people = [randomUUID(), randomUUID()];
  await inTransaction(web.db, async (tx) => {
    await writePerson(tx, web.keys, { id: victim, patch: { ...VICTIM, language: 'en' } }, web.now);
    for (const id of people)
      await writePerson(tx, web.keys, { id, patch: { name: 'Fuzz Target', language: 'en' } }, web.now);
  });
  const site = await web.db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  note('/api/people', [victim, ...people]);
  note('/api/sites', [site.id]);
  const document = (await web.ask(web.visitor(), 'GET', '/api/openapi.json')).json() as unknown as {
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, o]) => {
      if (path === '/api/live') return [];
      const content = (o.requestBody as { content: Record<string, { schema: Schema }> } | undefined)?.content;
      return [
        {
          method: method.toUpperCase() as Operation['method'],
          path,
          roles: o['x-roles'] as Operation['roles'],
          parameters: o.parameters as Operation['parameters'],
          body: content?.['application/json']?.schema ?? null,
          raw: content?.[RAW_TYPE] !== undefined,
        },
      ];
    }),
  );
});

const note = (list: string, ids: readonly string[]) => things.set(list, new Set([...(things.get(list) ?? []), ...ids]));
const everyId = () => [...things.values()].flatMap((ids) => [...ids].slice(-5));
/** Returns ids that a parameter may name: from the list at its parent address, otherwise by the parameter's name. */
function known(path: string, name: string): string[] {
  const list = path.slice(0, path.indexOf(`/{${name}}`));
  const ids =
    things.get(list) ?? things.get(`/api/${name}s`) ?? (name === 'person' ? things.get('/api/people') : undefined);
  return ids ? [...ids].slice(-5) : everyId();
}
/** Collects ids from an answer, so later operations can use what earlier ones created. */
function harvest(operation: Operation, body: string): void {
  if (!body.startsWith('{')) return;
  const found = [...body.matchAll(/"(?:id|request|version)":"([\w-]{1,60})"/g)].map((m) => m[1]!);
  if (found.length > 0) note(operation.path, found);
}

const nastyText = fc.constantFrom(...NASTY.filter((v): v is string => typeof v === 'string'));

/** Generates requests to an operation: valid ones, spoiled ones and malformed ones. */
function requestTo(operation: Operation): fc.Arbitrary<Sent> {
  const inPath = operation.parameters.filter((p) => p.in === 'path');
  const inQuery = operation.parameters.filter((p) => p.in === 'query');
  const params = fc.record(
    Object.fromEntries(
      inPath.map(({ name, schema }) => [
        name,
        fc.oneof(
          { weight: 5, arbitrary: valuesOf(schema, known(operation.path, name), 0).map(asText) },
          { weight: 1, arbitrary: nastyText },
        ),
      ]),
    ),
  );
  const queried = (spoil: number) =>
    fc.record(
      Object.fromEntries(
        inQuery.map(({ name, schema }) => [name, valuesOf(schema, known('', name), spoil).map(asText)]),
      ),
      { requiredKeys: inQuery.filter((p) => p.required).map((p) => p.name) as never[] },
    );
  const needed = fc.record(
    Object.fromEntries(
      inQuery
        .filter((p) => p.required)
        .map(({ name, schema }) => [name, valuesOf(schema, known('', name), 0).map(asText)]),
    ),
  );
  const query = fc.oneof(needed, queried(0), queried(0.2));
  const strange = fc.constantFrom(
    '?',
    '?%zz',
    '?a=1&a=2',
    '?__proto__=1',
    '?cursor=%00',
    `?q=${'x'.repeat(4000)}`,
    '?limit=1e9',
  );
  const url = fc
    .tuple(params, query, fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: strange }))
    .map(([p, q, s]) => {
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encode((p as Record<string, string>)[name]!),
      );
      const search = Object.entries(q as Record<string, string>).map(([k, v]) => `${encode(k)}=${encode(v)}`);
      return path + (s ?? (search.length > 0 ? `?${search.join('&')}` : ''));
    });
  const json = (value: unknown) => ({ text: JSON.stringify(value) ?? 'undefined', type: 'application/json' });
  const body = operation.body ?? {};
  const payload: fc.Arbitrary<Sent['payload']> =
    operation.method === 'GET'
      ? fc.constant(null)
      : fc.oneof(
          { weight: 6, arbitrary: valuesOf(body, everyId(), 0).map(json) },
          { weight: 6, arbitrary: valuesOf(body, everyId(), 0.15).map(json) },
          { weight: 1, arbitrary: fc.constantFrom(...NASTY).map(json) },
          {
            weight: operation.raw ? 20 : 1,
            arbitrary: fc
              .oneof(
                fc.constantFrom('', 'PK\x03\x04', 'PK\x05\x06', '\xff\xd8\xff', '\x89PNG\r\n', '%PDF', 'file,number\n'),
                fc.string({ maxLength: 200 }),
              )
              .chain((start) => fc.string({ unit: 'binary', maxLength: 2000 }).map((rest) => start + rest))
              .map((text) => ({ text, type: RAW_TYPE })),
          },
          {
            weight: 1,
            arbitrary: fc.constantFrom(
              { text: '{"a":', type: 'application/json' },
              { text: '['.repeat(20_000), type: 'application/json' },
              { text: `{"__proto__":{"role":"admin"}}`, type: 'application/json' },
              { text: `{"constructor":{"prototype":{"role":"admin"}}}`, type: 'application/json' },
              { text: `"${'x'.repeat(3_000_000)}"`, type: 'application/json' },
              { text: '', type: 'application/json' },
              { text: 'a=b', type: 'application/x-www-form-urlencoded' },
              { text: '--x\r\n', type: 'multipart/form-data; boundary=x' },
              { text: '<a/>', type: 'text/xml' },
              { text: '{}', type: 'application/json; charset=utf-7' },
            ),
          },
        );
  const headers = fc.oneof(
    { weight: 16, arbitrary: fc.constant({}) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(randomUUID(), 'a', 'x'.repeat(500)).map((k) => ({ 'idempotency-key': k })),
    },
    { weight: 1, arbitrary: fc.constantFrom({ 'content-length': '5' }, { accept: '\u00ff' }, { range: 'bytes=0-' }) },
  );
  const may = operation.roles === 'anybody' ? CALLERS : operation.roles;
  const caller = fc.oneof(fc.constantFrom(...may), fc.constantFrom(...CALLERS));
  return fc.record({ caller, url, payload, headers }) as fc.Arbitrary<Sent>;
}

const asText = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
/** Encodes a URL part as a client must; lone surrogates become the bytes that a broken client would send. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()) || '%20';
}

async function send(operation: Operation, sent: Sent) {
  const who = await visitorOf(sent.caller);
  const answer = await web.app.inject({
    method: operation.method,
    url: sent.url,
    // Limits per address are tested elsewhere; here they would hide every other answer.
    remoteAddress: `10.${random(256)}.${random(256)}.${random(256)}`,
    headers: {
      host: 'localhost',
      origin: web.origin,
      'user-agent': 'fuzz',
      ...(who.cookie && { cookie: `${COOKIE}=${who.cookie}` }),
      ...(sent.payload && { 'content-type': sent.payload.type }),
      ...sent.headers,
    },
    ...(sent.payload && { payload: sent.payload.text }),
  });
  return { who, answer };
}
/** Number of answers per operation and status, over all rounds. */
const statuses = new Map<Operation, Map<number, number>>();
const chance = seededRandom(SEED);
const random = (below: number) => Math.floor(chance() * below);

async function judge(operation: Operation, sent: Sent): Promise<void> {
  const { who, answer } = await send(operation, sent);
  if (answer.statusCode < 300) harvest(operation, answer.body);
  const answers = statuses.get(operation) ?? new Map<number, number>();
  answers.set(answer.statusCode, (answers.get(answer.statusCode) ?? 0) + 1);
  statuses.set(operation, answers);
  const notify = () =>
    `${operation.method} ${sent.url.slice(0, 200)} as ${sent.caller}: ${answer.statusCode} ${answer.body.slice(0, 300)}`;
  if (answer.statusCode >= 500) expect.fail(`${notify()}\n${web.logged.slice(-2500)}`);
  const problem = /problem\+json/.test(String(answer.headers['content-type'])) ? answer.json() : null;
  if (answer.statusCode >= 400) {
    expect(problem, notify()).toMatchObject({ status: answer.statusCode, code: expect.stringMatching(/^[a-z0-9-]+$/) });
    expect(answer.body, notify()).not.toMatch(/\bat .+\.ts:\d+|node_modules|select |insert into|kysely/i);
  }
  const open = operation.roles === 'anybody' || (sent.caller !== 'nobody' && operation.roles.includes(sent.caller));
  // The operation may have ended the session: the next request starts a new one.
  if (problem?.code === 'no-session' || (operation.method === 'DELETE' && /session/.test(operation.path)))
    visitors.delete(sent.caller);
  if (!open) expect([401, 403, 404, 400, 413, 415], notify()).toContain(answer.statusCode);
  if (!open && answer.statusCode === 403) expect(problem?.code, notify()).toMatch(/^(not-allowed|wrong-origin)$/);
  // Other people's data never reaches a person or an unauthenticated caller in any form.
  if (sent.caller === 'person' || sent.caller === 'nobody' || !open)
    for (const secret of [VICTIM.name, VICTIM.email, ...(sent.url.includes(VICTIM.number) ? [] : [VICTIM.number])])
      if (who.id !== victim && !payloadHas(sent, secret)) expect(answer.body.includes(secret), notify()).toBe(false);
}
const payloadHas = (sent: Sent, text: string) =>
  sent.payload?.text.includes(text) || decodeURIComponent(sent.url.replaceAll(/%(?![0-9a-f]{2})/gi, '')).includes(text);

/** Tables that any caller's request writes to, or whose rows only record that it was made. */
const OF_ASKING = new Set([
  ...['account', 'audit', 'change', 'erasure_confirmation', 'erasure_step', 'idempotency', 'recovery_code'],
  ...['session', 'sign_in_attempt', 'sign_in_link'],
]);

/**
 * Hashes every row of every other table, so tables added later are covered too. Leaves out the rows of the people that
 * requests are sent as.
 */
async function digest(): Promise<string> {
  const { rows: tables } = await sql<{ name: string; whose: string | null }>`
    select c.relname as name, case when c.relname = 'person' then 'id' else a.attname end as whose
    from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attname = 'person' and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by 1`.execute(web.db);
  expect(tables.length).toBeGreaterThan(60);
  const parts: string[] = [];
  for (const { name, whose } of tables.filter((t) => !OF_ASKING.has(t.name))) {
    const others = whose ? sql`coalesce(${sql.ref(whose)} <> all(${[...themselves]}::uuid[]), true)` : sql`true`;
    const { rows } = await sql<{ hash: string }>`
      select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as hash from ${sql.table(name)} t
      where ${others}`.execute(web.db);
    parts.push(`${name} ${rows[0]!.hash}`);
  }
  // Auditors' own rows are left out, because an auditor may set their own password.
  const { rows } = await sql<{ hash: string }>`
    select md5(string_agg(t::text, '|' order by t::text)) as hash from account t where role <> 'auditor'`.execute(
    web.db,
  );
  parts.push(`account ${rows[0]!.hash}`);
  return parts.join('\n');
}

describe.skipIf(unavailable)('arbitrary requests to the API', () => {
  test('cause no 5xx, cross no role, and don’t stop the server', { timeout: 900_000 }, async () => {
    expect(operations.length).toBeGreaterThan(40);
    const failed: string[] = [];
    for (const operation of operations) {
      const result = await fc.check(
        fc.asyncProperty(fc.array(requestTo(operation), { minLength: 1, maxLength: AT_ONCE }), async (round) => {
          await Promise.all(round.map((sent) => judge(operation, sent)));
        }),
        { numRuns: RUNS, endOnFailure: !REPEATED, seed: SEED },
      );
      if (result.failed)
        failed.push(
          `seed ${result.seed}: ${result.errorInstance instanceof Error ? result.errorInstance.message : ''}`,
        );
    }
    expect(failed.join('\n\n')).toBe('');
    // If no handler accepted its requests, the fuzzer would prove nothing.
    const served = [...statuses].filter(([, answers]) => [...answers.keys()].some((status) => status < 300));
    const total = [...statuses.values()].flatMap((a) => [...a.values()]).reduce((a, b) => a + b, 0);
    console.log(
      `${total} requests to ${operations.length} operations; ${served.length} did what was asked at least once`,
    );
    if (process.env.FUZZ_REPORT)
      for (const [o, answers] of statuses) console.log(o.method, o.path, JSON.stringify(Object.fromEntries(answers)));
    expect(served.length).toBeGreaterThan(operations.length / 4);
    const alive = await web.ask(await visitorOf('admin'), 'GET', '/api/session');
    expect([200, 401]).toContain(alive.status);
  });

  test('from anonymous callers, auditors and people never change anyone else’s data', {
    timeout: 900_000,
  }, async () => {
    const before = await digest();
    for (const operation of operations.filter((o) => o.method !== 'GET')) {
      const requests = fc.sample(requestTo(operation), {
        numRuns: 6 * RUNS,
        seed: SEED,
      });
      await Promise.all(
        requests.map((sent, i) => {
          const caller = (['nobody', 'auditor', 'person'] as const)[i % 3]!;
          return judge(operation, { ...sent, caller });
        }),
      );
    }
    expect(await digest()).toBe(before);
  });
});
