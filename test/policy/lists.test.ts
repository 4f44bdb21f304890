import { sql } from 'kysely';
import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { MOST_COUNTED } from '../../sync/protocol/api/page.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { beginRun } from '../../sync/server/platform/jobs/runs.ts';
import { printedRandom } from '../chance.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { withApi } from '../kit/suite.ts';

/** Lists by every sort and order: pages remain consistent while rows are added and deleted. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
/** Rows per list, with few enough values that many are equal. */
const ROWS = 40;

type Item = Record<string, unknown>;
interface Page {
  items: Item[];
  next: string | null;
  total: number | null;
}

/** One of a few times, some only microseconds apart. A cursor in milliseconds would lose rows between them. */
const someTime = (random: () => number): string =>
  `2026-07-20T0${Math.floor(random() * 3)}:00:00.000${Math.floor(random() * 4)}Z`;

interface List {
  /** Role that may see it. */
  readonly as: 'admin' | 'staff';
  readonly path: (webhook: string) => string;
  /** The sort keys, and the value of an item for each; undefined if a test has nothing to compare. */
  readonly sorts: Readonly<Record<string, ((item: Item) => string | number) | undefined>>;
  readonly idOf: (item: Item) => string;
  readonly add: (db: Db, id: string, random: () => number, webhook: string) => Promise<unknown>;
  readonly remove: (db: Db, id: string) => Promise<unknown>;
}

const text = (field: string) => (item: Item) => String(item[field] ?? '');
const idOf = (item: Item) => String(item.id);

const LISTS: Readonly<Record<string, List>> = {
  people: {
    as: 'staff',
    path: () => '/api/people',
    sorts: { id: text('id'), updatedAt: text('updatedAt'), site: undefined },
    idOf,
    add: (db, id, random) =>
      db
        .insertInto('person')
        .values({ id, row_version: 1, updated_at: someTime(random) })
        .execute(),
    remove: (db, id) => db.deleteFrom('person').where('id', '=', id).execute(),
  },
  attendance: {
    as: 'staff',
    path: () => '/api/attendance',
    sorts: { at: text('at') },
    idOf,
    add: (db, id, random) =>
      sql`insert into checkin (id, at, received_at, device, direction, automatic, method, liveness, resolved, change)
          values (${id}, ${someTime(random)}, ${NOW}, ${v7()}, 'in', false, 'badge', 'off', 'in', 1)`.execute(db),
    remove: (db, id) => db.deleteFrom('checkin').where('id', '=', id).execute(),
  },
  kiosks: {
    as: 'admin',
    path: () => '/api/devices',
    sorts: {
      name: undefined,
      status: text('status'),
      lastHeardAt: text('lastHeardAt'),
      registeredAt: text('registeredAt'),
      certificateEnds: text('certificateEnds'),
    },
    idOf,
    add: (db, id, random) =>
      db
        .insertInto('device')
        .values({
          id,
          name: ['Tor', 'tor', 'Ä'][Math.floor(random() * 3)]!,
          status: random() < 0.5 ? 'pending' : 'revoked',
          ed25519: id,
          x25519: id,
          tls_key_hash: id,
          registered_at: someTime(random),
          last_heard_at: random() < 0.5 ? null : someTime(random),
        })
        .execute(),
    remove: (db, id) => db.deleteFrom('device').where('id', '=', id).execute(),
  },
  consents: {
    as: 'staff',
    path: () => '/api/consents',
    sorts: { receivedAt: undefined, at: text('at') },
    idOf,
    add: (db, event, random) =>
      db
        .insertInto('consent')
        .values({
          event,
          person: v7(),
          action: 'given',
          text_version: '1',
          language: 'en',
          at: someTime(random),
          received_at: someTime(random),
        })
        .execute(),
    remove: (db, event) => db.deleteFrom('consent').where('event', '=', event).execute(),
  },
  erasures: {
    as: 'admin',
    path: () => '/api/erasures',
    sorts: { requestedAt: text('requestedAt'), doneAt: text('doneAt') },
    idOf: text('request'),
    add: (db, request, random) =>
      db
        .insertInto('erasure')
        .values({
          request,
          person: v7(),
          requested_at: someTime(random),
          state: 'undone',
          origin: 'staff',
          done_at: random() < 0.5 ? null : someTime(random),
        })
        .execute(),
    remove: (db, request) => db.deleteFrom('erasure').where('request', '=', request).execute(),
  },
  imports: {
    as: 'staff',
    path: () => '/api/imports',
    sorts: { madeAt: text('madeAt') },
    idOf,
    add: (db, id, random) =>
      db
        .insertInto('import_run')
        .values({ id, state: 'done', made_at: someTime(random) })
        .execute(),
    remove: (db, id) => db.deleteFrom('import_run').where('id', '=', id).execute(),
  },
  duplicates: {
    as: 'staff',
    path: () => '/api/duplicates',
    sorts: { foundAt: text('foundAt'), score: (item) => Number(item.score ?? -1) },
    idOf,
    add: (db, id, random) =>
      db
        .insertInto('merge_candidate')
        .values({
          id,
          first: '00000000-0000-7000-8000-000000000001',
          second: id,
          reason: 'template',
          // A four-byte real: its value as text differs from what was written.
          score: random() < 0.3 ? null : [0.7, 0.1, 1 / 3][Math.floor(random() * 3)]!,
          found_at: someTime(random),
          status: 'open',
        })
        .execute(),
    remove: (db, id) => db.deleteFrom('merge_candidate').where('id', '=', id).execute(),
  },
  attention: {
    as: 'staff',
    path: () => '/api/attention',
    sorts: { at: text('at'), what: text('kind') },
    idOf: (item) => String(item.ref),
    // Of two kinds.
    add: (db, id, random) => {
      const [first, at] = ['00000000-0000-7000-8000-000000000001', someTime(random)];
      return random() < 0.5
        ? db
            .insertInto('merge_candidate')
            .values({ id, first, second: id, reason: 'number', score: null, found_at: at, status: 'open' })
            .execute()
        : db.insertInto('lookalike').values({ id, first, second: id, reason: 'not-me', at }).execute();
    },
    remove: async (db, id) => {
      await db.deleteFrom('merge_candidate').where('id', '=', id).execute();
      await db.deleteFrom('lookalike').where('id', '=', id).execute();
    },
  },
  deliveries: {
    as: 'admin',
    path: (webhook) => `/api/webhooks/${webhook}/deliveries`,
    sorts: { madeAt: text('madeAt') },
    idOf,
    add: (db, id, random, webhook) =>
      db
        .insertInto('webhook_delivery')
        .values({ id, webhook, kind: 'webhook.test', state: 'failed', made_at: someTime(random), due_at: NOW })
        .execute(),
    remove: (db, id) => db.deleteFrom('webhook_delivery').where('id', '=', id).execute(),
  },
};

describe.each(DATABASES)('lists of the API on $name', (on) => {
  let api: Api;
  withApi(on, { now: NOW }, (o) => {
    api = o.api;
  });

  const read = (of: List, path: string, query: Record<string, string>) =>
    api.ask<Page>('GET', `${path}?${new URLSearchParams(query)}`, { as: of.as });

  test.each(Object.entries(LISTS))('%s page consistently while rows are added and removed', async (name, of) => {
    const random = printedRandom(`Rows of ${name}`);
    const body = { name: 'Payroll', url: 'https://example.org/hook' };
    const webhook = (await api.ask<{ id: string }>('POST', '/api/webhooks', { body })).id;
    const path = of.path(webhook);
    const add = async () => {
      const id = v7();
      await of.add(api.db, id, random, webhook);
      return id;
    };
    for (const sort of Object.keys(of.sorts).flatMap((field) => [field, `-${field}`])) {
      const here = new Set<string>();
      for (let i = 0; i < ROWS; i += 1) here.add(await add());
      const throughout = new Set(here);
      const seen: Item[] = [];
      for (let cursor = ''; ; ) {
        const page = await read(of, path, { sort, limit: '7', ...(cursor && { cursor }) });
        seen.push(...page.items);
        if (page.next === null) break;
        cursor = page.next;
        // After the position and before it, and sometimes the very row of the cursor.
        here.add(await add());
        const all = [...here];
        for (const id of [all[Math.floor(random() * all.length)]!, of.idOf(page.items.at(-1)!)])
          if (random() < 0.5 && here.delete(id)) {
            throughout.delete(id);
            await of.remove(api.db, id);
          }
      }
      const ids = seen.map(of.idOf);
      expect(new Set(ids).size, `${sort}: a row twice`).toBe(ids.length);
      expect(
        [...throughout].filter((id) => !ids.includes(id)),
        `${sort}: rows that were there all the time`,
      ).toEqual([]);
      const shownOf = of.sorts[sort.replace('-', '')];
      if (shownOf) {
        const values = seen.map(shownOf);
        const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        expect(values, sort).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
      }
      for (const id of here) await of.remove(api.db, id);
    }
  });

  test('a list can be sorted only by its declared fields, and a cursor of another order is refused', async () => {
    for (const of of Object.values(LISTS).slice(0, 4)) {
      const path = of.path('');
      for (const sort of ['name; drop table person', 'row_version', '--id', ''])
        await expect(read(of, path, { sort })).rejects.toMatchObject({ issues: [{ path: ['sort'] }] });
    }
    for (let i = 0; i < 3; i += 1) await LISTS.people!.add(api.db, v7(), printedRandom('lists'), '');
    const { next } = await read(LISTS.people!, '/api/people', { sort: 'updatedAt', limit: '1' });
    await expect(read(LISTS.people!, '/api/people', { sort: '-updatedAt', cursor: next! })).rejects.toMatchObject({
      code: 'cursor-unreadable',
    });
  });

  test('a total is returned once, on request, and up to the counting limit', async () => {
    const rows = () =>
      sql`insert into import_run (id, state, made_at)
      select gen_random_uuid(), 'done', now() from generate_series(1, ${MOST_COUNTED + 50}::int)`.execute(api.db);
    const of = LISTS.imports!;
    const before = await read(of, '/api/imports', { total: 'true' });
    expect(before.total).toBe(before.items.length);
    await rows();
    const first = await read(of, '/api/imports', { total: 'true', limit: '5' });
    expect(first.total).toBe(MOST_COUNTED + 1);
    expect(await read(of, '/api/imports', { total: 'true', cursor: first.next! })).toMatchObject({ total: null });
    expect(await read(of, '/api/imports', {})).toMatchObject({ total: null });
  });

  test('a day can be sorted by computed values across pages, with totals over all rows', async () => {
    const people = Array.from({ length: 9 }, () => v7());
    const at = (minute: number) => new Date(Date.parse('2026-07-13T08:00:00Z') + minute * 60_000);
    const record = (person: string, minute: number, direction: 'in' | 'out') =>
      sql`insert into checkin (id, at, received_at, device, direction, automatic, method, liveness, person, resolved, change)
          values (${v7()}, ${at(minute)}, ${NOW}, ${v7()}, ${direction}, false, 'badge', 'off', ${person},
                  ${direction}, 1)`.execute(api.db);
    for (const [i, person] of people.entries()) {
      await record(person, i % 4, 'in');
      // The last of them never checked out; several stayed equally long.
      if (i < 8) await record(person, 60 + (i % 3) * 10, 'out');
    }
    const day = (query: Record<string, string>) =>
      api.ask<Page & { sums: unknown }>(
        'GET',
        `/api/reports?${new URLSearchParams({ from: '2026-07-13', to: '2026-07-13', ...query })}`,
      );
    const all = await day({ total: 'true' });
    expect(all).toMatchObject({ total: 9, next: null });
    const minutes = all.items.map((r) => Number(r.minutes));
    expect(all.sums).toMatchObject({ people: 9, minutes: minutes.reduce((a, b) => a + b, 0), missing: 1 });
    for (const field of ['name', 'firstIn', 'lastOut', 'minutes', 'missing'])
      for (const sort of [field, `-${field}`]) {
        const seen: Item[] = [];
        for (let cursor = ''; ; ) {
          const page = await day({ sort, limit: '2', ...(cursor && { cursor }) });
          seen.push(...page.items);
          if (page.next === null) break;
          cursor = page.next;
        }
        const keyOf = (r: Item) => [r[field] ?? '', r.person] as (string | number)[];
        const sorted = all.items.toSorted((x, y) => {
          const [a, b] = [keyOf(x), keyOf(y)];
          const i = a[0] === b[0] ? 1 : 0;
          return a[i]! < b[i]! ? -1 : 1;
        });
        expect(seen, sort).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
      }
  });

  test('job runs are listed completely, newest first, also for one job', async () => {
    const begin = (job: string) =>
      beginRun(api.db, job, { everyMs: 0, runner: v7(), now: NOW, force: true }).then((run) =>
        run!.end('ok', { report: {}, now: NOW }),
      );
    for (const job of ['a', 'b', 'a', 'b', 'a']) await begin(job);
    const read = async (query: string) => {
      const found: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const at: string = cursor && `&cursor=${cursor}`;
        const page: Page = await api.ask<Page>('GET', `/api/jobs/runs?limit=2${query}${at}`, { as: 'admin' });
        found.push(...page.items.map((run) => run.job));
        // A page that repeats must not go on for ever.
        expect(found.length).toBeLessThan(100);
        cursor = page.next;
      }
      return found;
    };
    expect((await read('')).filter((job) => job === 'a' || job === 'b')).toEqual(['a', 'b', 'a', 'b', 'a']);
    expect(await read('&job=a')).toEqual(['a', 'a', 'a']);
    await expect(read('&cursor=x')).rejects.toMatchObject({ code: 'cursor-unreadable' });
  });

  test('the audit log pages from either end, and counts without decrypting', async () => {
    const as = 'auditor' as const;
    const search = (query: Record<string, string>) =>
      api.ask<Page>('GET', `/api/audit?${new URLSearchParams(query)}`, { as });
    const walk = async (sort: string) => {
      const positions: number[] = [];
      // Each page adds a row itself, so compare up to one position, where both directions see the same.
      for (let cursor = ''; ; ) {
        const page = await search({ sort, limit: '3', action: 'write', ...(cursor && { cursor }) });
        positions.push(...page.items.map((row) => Number(row.position)));
        if (page.next === null) return positions;
        cursor = page.next;
      }
    };
    const up = await walk('position');
    expect(up.length).toBeGreaterThan(6);
    expect(await walk('-position')).toEqual(up.toReversed());
    expect((await search({ action: 'write', total: 'true' })).total).toBe(up.length);
    expect((await search({ ip: '127.0.0.1', total: 'true' })).total).toBeNull();
  });
});
