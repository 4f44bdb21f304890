import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { searchPeople } from '../../sync/protocol/api/people.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { Names, namesFor } from '../../sync/server/core/people/names.ts';
import { openedFor } from '../../sync/server/core/people/opened.ts';
import { writePerson } from '../../sync/server/core/people/records.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { findAffected } from '../../sync/server/features/audit/affected.ts';
import { eraseTables } from '../../sync/server/features/privacy/erasure/steps.ts';
import { findSession, SESSION_LIFE } from '../../sync/server/platform/access/session.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { idsOf } from '../../sync/server/platform/database/rows.ts';
import { destroyPersonKeys } from '../../sync/server/platform/keys/persons.ts';
import { DATABASES } from '../kit/databases.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';

/** Finding people by their sealed names: what is found, who may search, what the audit log records, and when it is forgotten. */

describe.each(DATABASES)('search of people on $name', (kind) => {
  let web: PeopleListener;
  let database: OpenDatabase;
  let staff: Visitor;
  withDatabase(kind, async (opened, undo) => {
    database = opened;
    web = undo.use(await newListener(opened));
  });
  beforeEach(async () => {
    staff = await web.signIn('staff');
  });

  const add = async (name: string, more: Record<string, unknown> = {}): Promise<string> => {
    const answer = await web.ask(staff, 'POST', '/api/people', { name, ...more });
    expect(answer.status).toBe(200);
    return String(answer.json().id);
  };
  interface Found {
    readonly state: string;
    readonly items: readonly { readonly id: string; readonly name: string; readonly number: string | null }[];
  }
  const search = async (q: string, who = staff): Promise<Found> => {
    for (;;) {
      const answer = await web.ask(who, 'POST', '/api/people/search', { q });
      expect(answer.status).toBe(200);
      const found = answer.json() as unknown as Found;
      if (found.state !== 'reading') return found;
      await sleep(10);
    }
  };
  const found = async (q: string, who = staff) => (await search(q, who)).items.map((p) => p.name);
  const sessionOf = async (who: Visitor) =>
    (await findSession(web.db, web.keys, who.cookie!, web.now, { use: false }))!;
  const names = async (who: Visitor) =>
    namesFor({ services: web.services, session: await sessionOf(who), actor: {} as never });
  const erase = (person: string, db = database.db) =>
    inTransaction(db, (tx) => eraseTables({ tx, keys: web.keys, people: [person], now: web.now }, MODULES));

  test('people are found by name parts in any order, by prefixes, without accents and with a typo, best match first', async () => {
    const tag = `q${randomUUID().slice(0, 6)}`;
    await add(`Jürgen Straßmann ${tag}`);
    await add(`Jorge Strassberg ${tag}`);
    await add(`王秀英 ${tag}`);
    expect(await found(`${tag} strass jurgen`)).toEqual([`Jürgen Straßmann ${tag}`]);
    expect(await found(`STRASSBERG ${tag}`)).toEqual([`Jorge Strassberg ${tag}`]);
    expect(await found(`Strasmann ${tag}`)).toEqual([`Jürgen Straßmann ${tag}`]);
    expect(await found(`strassman ${tag}`)).toEqual([`Jürgen Straßmann ${tag}`]);
    expect(await found(`秀英 ${tag}`)).toEqual([`王秀英 ${tag}`]);
    expect(await found(`jurgen strassberg ${tag}`)).toEqual([]);
  });

  test('a number, an e-mail address or a badge finds its person, listed before people of that name', async () => {
    const number = randomUUID().slice(0, 8);
    const other = await add(`Room ${number}`);
    const ada = await add('Ada Lovelace', { number, email: `ada.${number}@example.org`, badge: `b${number}` });
    expect((await search(number)).items.map((p) => p.id)).toEqual([ada, other]);
    expect((await search(`ADA.${number}@example.org`)).items.map((p) => p.id)).toEqual([ada]);
    expect((await search(`b${number}`)).items[0]!.id).toBe(ada);
  });

  test('a search writes one audit row with the people shown; loading the names writes one for everyone', async () => {
    const tag = `r${randomUUID().slice(0, 6)}`;
    const shown = [await add(`Ada ${tag}`), await add(`Alan ${tag}`)];
    // Nobody else has them decrypted.
    await web.memory.check(web.db, new Date(web.now.getTime() + SESSION_LIFE.staff.idleMs));
    const { position: before } = await web.lastAudit();
    await search(tag);
    const opened = (await web.audit(50)).filter((r) => Number(r.position) > Number(before) && r.everyone);
    expect(opened).toMatchObject([{ route: 'names opened for search', action: 'read', data: ['person.name'] }]);
    const { position: last } = await web.lastAudit();
    await search(tag);
    const [row, one] = await web.audit(2);
    expect(row).toMatchObject({ route: `POST ${searchPeople.path}`, action: 'read', count: 2, outcome: 'ok' });
    expect(one!.position).toBe(last);
    const affected = await findAffected(web.db, web.keys, [{ position: Number(row!.position) }] as never);
    expect(affected.people.map((p) => p.person).sort()).toEqual([...shown].sort());
  });

  test('a search says if there are more matches, or if some people can’t be searched, and can be limited to a site', async () => {
    const tag = `w${randomUUID().slice(0, 6)}`;
    const site = randomUUID();
    await web.db.insertInto('site').values({ id: site, name: 'Bonn', time_zone: 'Europe/Berlin' }).execute();
    for (const name of ['Ada', 'Ben', 'Cleo']) await add(`${name} ${tag}`);
    const zoe = await add(`Zoe ${tag}`, { sites: [site], number: tag });
    await search(tag);
    const ask = async (query: object) => {
      return (await web.ask(staff, 'POST', '/api/people/search', { q: tag, ...query })).json();
    };
    expect(await ask({ limit: 3 })).toMatchObject({ more: true, state: 'ready' });
    expect(await ask({ limit: 4 })).toMatchObject({ more: false });
    // The others would fill a page of two.
    const there = await ask({ q: `${tag}`, limit: 2, site });
    expect([(there.items as { id: string }[]).map(({ id }) => id), there.more]).toEqual([[zoe], false]);
    const [{ count }] = (await web.audit(1)) as unknown as [{ count: number }];
    expect(count).toBe(1);
    Object.defineProperty(await names(staff), 'state', { value: 'too-many' });
    expect(await ask({})).toMatchObject({ state: 'too-many' });
    await web.ask(staff, 'DELETE', '/api/session');
  });

  test('a first search waits until every name is loaded, answers completely, and writes one audit row', async () => {
    await web.memory.check(web.db, new Date(web.now.getTime() + SESSION_LIFE.staff.idleMs));
    const tag = `x${randomUUID().slice(0, 6)}`;
    await add(`Ada ${tag}`);
    const kept = await names(staff);
    const refresh = kept.refresh.bind(kept);
    kept.refresh = () => sleep(150).then(refresh);
    const first = await web.ask(staff, 'POST', '/api/people/search', { q: tag });
    expect(first.json()).toMatchObject({ items: [], state: 'reading' });
    const whole = await web.ask(staff, 'POST', '/api/people/search', { q: tag, whole: true });
    expect(whole.json()).toMatchObject({ items: [{ name: `Ada ${tag}` }], state: 'ready' });
  });

  test('callers who may not see names, or are not signed in, find nobody', async () => {
    const auditor = await web.signIn('auditor');
    const search = (who: Visitor) => web.ask(who, 'POST', '/api/people/search', { q: 'ada' });
    expect((await search(auditor)).status).toBe(403);
    expect((await search(web.visitor())).status).toBe(401);
    for (const role of ['admin', 'dpo'] as const) expect((await search(await web.signIn(role))).status).toBe(200);
  });

  test('a new name is found at once, also one that another replica wrote', async () => {
    const tag = `s${randomUUID().slice(0, 6)}`;
    expect(await found(tag)).toEqual([]);
    const kept = await names(staff);
    const refresh = kept.refresh.bind(kept);
    // However long it takes.
    kept.refresh = () => sleep(150).then(refresh);
    const id = await add(`Ada ${tag}`);
    expect(await found(tag)).toEqual([`Ada ${tag}`]);
    kept.refresh = refresh;
    await inTransaction(database.db, (tx) =>
      writePerson(tx, web.keys, { id, patch: { name: `Grace ${tag}` } }, web.now),
    );
    expect(await found(`ada ${tag}`)).toEqual([]);
    expect(await found(`grace ${tag}`)).toEqual([`Grace ${tag}`]);
  });

  test('erased and merged people are no longer found, and are in no memory', async () => {
    const tag = `t${randomUUID().slice(0, 6)}`;
    const [ada, grace, alan] = [await add(`Ada ${tag}`), await add(`Grace ${tag}`), await add(`Alan ${tag}`)];
    expect(await found(tag)).toHaveLength(3);
    await erase(ada);
    await mergePeople(
      { db: web.db, keys: web.keys, modules: MODULES },
      { kept: alan, merged: grace, by: 'test' },
      web.now,
    );
    const { index } = await names(staff);
    expect(index.find(`ada ${tag}`, 5)).toEqual([ada]);
    // Even before anyone has searched again.
    await web.memory.check(web.db, web.now);
    expect(index.find(tag, 5)).toEqual([alan]);
    expect(openedFor(web.services, await sessionOf(staff))!.has(ada)).toBe(false);
    expect(await found(tag)).toEqual([`Alan ${tag}`]);
    const listed = await web.ask(staff, 'GET', '/api/people?sort=name&limit=200');
    expect(listed.text).toContain(`Alan ${tag}`);
    expect(listed.text).not.toMatch(new RegExp(`(Ada|Grace) ${tag}`));
  });

  test('a person still in memory is not shown once the database says they are deleted', async () => {
    const tag = `u${randomUUID().slice(0, 6)}`;
    const [ada, grace, alan] = [await add(`Ada ${tag}`), await add(`Grace ${tag}`), await add(`Alan ${tag}`)];
    expect(await found(tag)).toHaveLength(3);
    const kept = await names(staff);
    // As on a replica whose memory has not been updated.
    kept.refresh = () => Promise.resolve();
    await erase(ada);
    await mergePeople(
      { db: web.db, keys: web.keys, modules: MODULES },
      { kept: alan, merged: grace, by: 'test' },
      web.now,
    );
    expect(kept.index.find(tag, 5)).toEqual([ada, alan, grace]);
    expect(await found(tag)).toEqual([`Alan ${tag}`]);
  });

  test('reading a page again is served from the session’s memory, and audited the same way', async () => {
    const number = randomUUID().slice(0, 8);
    const ada = await add('Ada Lovelace', { number });
    const list = () => web.ask(staff, 'POST', '/api/people/search', { q: number });
    const first = (await list()).text;
    const opened = openedFor(web.services, await sessionOf(staff))!;
    expect(opened.has(ada)).toBe(true);
    expect((await list()).text).toBe(first);
    const rows = await web.audit(2);
    expect(rows.map(({ route, count }) => [route, count])).toEqual(Array(2).fill(['POST /api/people/search', 1]));
    for (const { position } of rows) {
      const affected = await findAffected(web.db, web.keys, [{ position: Number(position) }] as never);
      expect(affected.people.map((p) => p.person)).toEqual([ada]);
    }
    await web.ask(staff, 'PATCH', `/api/people/${ada}`, { name: 'Ada King' });
    expect((await list()).text).toContain('Ada King');
  });

  test('a session’s memory is dropped when it signs out, expires, or is ended elsewhere', async () => {
    await web.memory.check(web.db, new Date(web.now.getTime() + SESSION_LIFE.staff.idleMs));
    expect(web.memory.size).toBe(0);
    await search('ada');
    await web.ask(staff, 'GET', '/api/people');
    const first = await names(staff);
    const dpo = await web.signIn('dpo');
    await search('ada', dpo);
    expect(await names(dpo)).toBe(first);
    expect(web.memory.size).toBe(2);
    const left = await sessionOf(staff);
    await web.ask(staff, 'DELETE', '/api/session');
    expect(web.memory.size).toBe(1);
    // A request that was in progress then finds nothing and leaves nothing.
    const late = { refresh: async () => undefined };
    expect(web.memory.keep(left, 'opened people', () => late)).toBe(late);
    await web.memory.check(web.db, web.now);
    expect(web.memory.size).toBe(1);
    await web.db
      .deleteFrom('session')
      .where('hash', '=', (await sessionOf(dpo)).hash)
      .execute();
    await web.memory.check(web.db, web.now);
    expect(web.memory.size).toBe(0);
  });

  test('memory is bounded by sessions and by people', async () => {
    const sessions = await Promise.all(Array.from({ length: 17 }, async () => sessionOf(await web.signIn('staff'))));
    const part = { refresh: async () => undefined };
    for (const session of sessions) web.memory.keep(session, 'test', () => part);
    expect(web.memory.size).toBe(16);
    expect(web.memory.keep(sessions[0]!, 'test', () => ({ ...part }))).not.toBe(part);
    for (const session of sessions) web.memory.end(session);

    for (const name of ['Ada', 'Grace', 'Alan']) await add(name);
    const actor = { role: 'staff', id: null, email: null, ip: null, userAgent: null } as const;
    const few = new Names({ db: web.db, keys: web.keys, log: web.services.log, now: () => web.now, actor }, 2);
    await few.refresh();
    expect([few.index.size, few.state]).toEqual([2, 'too-many']);
  });

  test('a change that could not be read is read again the next time', async () => {
    const actor = { role: 'staff', id: null, email: null, ip: null, userAgent: null } as const;
    let fails = false;
    const keys: typeof web.keys = new Proxy(web.keys, {
      get(target, name) {
        if (fails) throw new Error('not at hand');
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const names = new Names({ db: web.db, keys, log: web.services.log, now: () => web.now, actor });
    await names.refresh();
    const ada = await add('Zenobia Quarles');
    fails = true;
    await expect(names.refresh()).rejects.toThrow('not at hand');
    fails = false;
    // Until a later transaction has begun, the present one would be reread anyway.
    await add('Late Comer');
    await names.refresh();
    expect(names.index.find('Zenobia Quarles', 5)).toEqual([ada]);
  });

  test('someone whose row can’t be decrypted is left out, and everybody else is found', async () => {
    const tag = `w${randomUUID().slice(0, 6)}`;
    const lines: unknown[] = [];
    const log = { error: (fields: unknown) => lines.push(fields) } as unknown as typeof web.services.log;
    const [ada, moved, altered, keyless, alan] = await Promise.all(
      ['Ada', 'Moved', 'Altered', 'Keyless', 'Alan'].map((name) => add(`${name} ${tag}`)),
    );
    const { db, keys } = web;
    await sql`update person set profile = (select profile from person where id = ${ada}) where id = ${moved}`.execute(
      db,
    );
    await sql`update person set profile = set_byte(profile, 40, 255 - get_byte(profile, 40)) where id = ${altered}`.execute(
      db,
    );
    await inTransaction(db, (tx) => destroyPersonKeys(tx, [keyless!]));
    const actor = { role: 'staff', id: null, email: null, ip: null, userAgent: null } as const;
    const names = new Names({ db, keys, log, now: () => web.now, actor });
    await names.refresh();
    expect(names.state).toBe('ready');
    expect(names.index.find(tag, 9)).toEqual([ada, alan]);
    expect(lines.map((fields) => (fields as { count: number }).count).reduce((a, b) => a + b)).toBe(3);
    await db.deleteFrom('person').where('id', 'in', [moved!, altered!, keyless!]).execute();
  });

  test('people can be filtered by consent and by whether their face is enrolled', async () => {
    const tag = `y${randomUUID().slice(0, 6)}`;
    const [ada, ben, cleo] = [await add(`Ada ${tag}`), await add(`Ben ${tag}`), await add(`Cleo ${tag}`)];
    const how = { text_version: '1', language: 'en', via: 'staff', device: null, received_at: web.now } as const;
    const said = (person: string, action: 'given' | 'withdrawn', at: Date) =>
      web.db
        .insertInto('consent')
        .values({ event: randomUUID(), person, action, at, ...how })
        .execute();
    await said(ada, 'given', web.now);
    await said(ben, 'given', new Date(web.now.getTime() - 1000));
    await said(ben, 'withdrawn', web.now);
    const three = [ada, ben, cleo];
    const rest = { pose: 'front', model: 'test', sealed: Buffer.alloc(8), added_at: web.now };
    await web.db
      .insertInto('template')
      .values({ id: randomUUID(), person: cleo, ...rest })
      .execute();
    const of = async (narrow: { consent?: string; enrolled?: boolean }) => {
      const query = new URLSearchParams(Object.entries(narrow).map(([key, value]) => [key, String(value)]));
      const [listed, byName, found] = (
        await Promise.all([
          web.ask(staff, 'GET', `/api/people?limit=200&total=true&${query}`),
          web.ask(staff, 'GET', `/api/people?limit=200&sort=name&total=true&${query}`),
          web.ask(staff, 'POST', '/api/people/search', { q: tag, ...narrow }),
        ])
      ).map((answer) => idsOf(answer.json().items as unknown as { id: string }[]).filter((id) => three.includes(id)));
      expect([byName!.toSorted(), found!.toSorted()]).toEqual([listed!.toSorted(), listed!.toSorted()]);
      return listed!.toSorted();
    };
    await search(tag);
    expect(await of({ consent: 'given' })).toEqual([ada]);
    expect(await of({ consent: 'withdrawn' })).toEqual([ben]);
    expect(await of({ consent: 'none' })).toEqual([cleo]);
    expect(await of({ enrolled: true })).toEqual([cleo]);
    expect(await of({ enrolled: false })).toEqual([ada, ben].toSorted());
  });

  test('people are listed by name across pages, also for one site, and no cursor contains a name', async () => {
    const tag = `v${randomUUID().slice(0, 6)}`;
    for (const name of ['Émile', 'Zoë', 'ada', 'Łukasz']) await add(`${name} ${tag}`);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await web.ask(staff, 'GET', `/api/people?sort=name&limit=2${at}`)).json() as unknown as {
        items: { name: string }[];
        next: string | null;
      };
      expect(page.items.length).toBeGreaterThan(0);
      seen.push(...page.items.map((p) => p.name));
      cursor = page.next;
      if (cursor)
        expect(JSON.parse(Buffer.from(cursor, 'base64url').toString())).toEqual([
          'name',
          expect.any(Number),
          expect.stringMatching(/^[0-9a-f-]{36}$/),
        ]);
    } while (cursor);
    const all = await web.db
      .selectFrom('person')
      .select('id')
      .where('deleted_at', 'is', null)
      .where('merged_into', 'is', null)
      .execute();
    expect(seen).toHaveLength(all.length);
    expect(seen.filter((name) => name.includes(tag))).toEqual(
      ['ada', 'Émile', 'Łukasz', 'Zoë'].map((n) => `${n} ${tag}`),
    );
    const site = randomUUID();
    await web.db.insertInto('site').values({ id: site, name: 'Bonn', time_zone: 'Europe/Berlin' }).execute();
    await add(`Bea ${tag}`, { sites: [site] });
    const there = await web.ask(staff, 'GET', `/api/people?sort=name&site=${site}`);
    expect((there.json() as unknown as { items: { name: string }[] }).items.map((p) => p.name)).toEqual([`Bea ${tag}`]);
  });
});
