import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SitePatch } from '../../sync/protocol/api/sites.ts';
import type { BatchHeader } from '../../sync/protocol/wire/batch.ts';
import type { Change, Page } from '../../sync/protocol/wire/changes.ts';
import type { TemplateValue, WireEvent } from '../../sync/protocol/wire/event.ts';
import type { ServerKeys } from '../../sync/protocol/wire/keys.ts';
import { mergePeople } from '../../sync/server/attendance/merging/merge.ts';
import { appendChanges, compactChanges, compactWhenDue, keysChanged } from '../../sync/server/changes/log.ts';
import { configuredLease, policyForKiosks, setPolicy } from '../../sync/server/changes/policy.ts';
import { readChanges } from '../../sync/server/changes/read.ts';
import { DEFAULT_SCOPE } from '../../sync/server/changes/scope.ts';
import { assignToSites, setGpsOptOut } from '../../sync/server/changes/sites.ts';
import type { OpenDatabase } from '../../sync/server/database/open.ts';
import { erasureState as stateOf } from '../../sync/server/erasure/read.ts';
import { ingest } from '../../sync/server/ingest/ingest.ts';
import { openHalf } from '../../sync/server/ingest/personal.ts';
import { Keys } from '../../sync/server/keys/envelope.ts';
import { personBox } from '../../sync/server/keys/persons.ts';
import { Secret } from '../../sync/server/keys/secret.ts';
import { changeSite } from '../../sync/server/sites/write.ts';
import { DATABASES } from '../services/databases.ts';
import { type Erasing, erasing } from './erasing.ts';
import { MemoryOutbox, temporaryHome } from './kit.ts';

const keys = new Keys(new Secret(randomBytes(32)), new Secret(randomBytes(32)));
const serverKeys: ServerKeys = {
  serial: 1,
  signing: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
  sealing: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
  caPem: ['PEM'],
};
let database: OpenDatabase;
let erasures: Erasing;
const tombstones = temporaryHome();
afterAll(() => tombstones.remove());
const erasureState = (db: OpenDatabase['db'], request: string) => stateOf(db, request, new Date());

/** Each test has a site, so that none sees another's people. */
let site: string;

async function newSite(): Promise<string> {
  const id = randomUUID();
  await database.db.insertInto('site').values({ id, name: 'Site', time_zone: 'Europe/Berlin' }).execute();
  return id;
}

/** A registered kiosk of a site, and what it knows of the server by having read its pages. */
class Kiosk {
  readonly box = new MemoryOutbox();
  cursor = '';
  readonly people = new Map<string, Extract<Change, { kind: 'person' }>>();
  readonly templates = new Map<string, TemplateValue[]>();
  readonly erased: string[] = [];
  policy: unknown = null;
  keys: ServerKeys | null = null;
  pages = 0;
  wholes = 0;
  #seen = new Set<string>();

  static async at(where: string | null, status: 'approved' | 'revoked' = 'approved'): Promise<Kiosk> {
    const kiosk = new Kiosk();
    await database.db
      .insertInto('device')
      .values({
        id: kiosk.box.device,
        name: 'Door',
        status,
        ed25519: 'x',
        x25519: 'x',
        tls_key_hash: 'x',
        registered_at: new Date(),
        last_heard_at: null,
        site: where,
      })
      .execute();
    return kiosk;
  }

  get id(): string {
    return this.box.device;
  }

  /** Sends events of this kiosk; without a list, those that were not sent yet. */
  async send(events: readonly WireEvent[] = this.box.pending(500)): Promise<void> {
    const first = events[0]!.header;
    const header: BatchHeader = {
      alg: 'EdDSA',
      typ: 'sp-batch+jws',
      iss: this.id,
      aud: randomUUID(),
      epoch: first.epoch,
      first: first.seq,
      last: first.seq + events.length - 1,
      spv: 1,
    };
    const now = new Date();
    const { ack } = await ingest(database.db, keys, header, { sentAt: now.toISOString(), events: [...events] }, now);
    this.box.acknowledge(first.epoch, ack);
  }

  async page(limit = 200, logEpoch = database.logEpoch, presenceAfter: string | null = null) {
    const source = { db: database.db, keys, logEpoch, publicKeys: async () => serverKeys };
    const ask = { cursor: this.cursor, limit, presenceAfter, newestKey: true };
    return readChanges(source, this.id, ask, new Date());
  }

  /** Reads to the end, applying each page as a kiosk does. @returns the changes in their order */
  async read(limit = 200, logEpoch = database.logEpoch): Promise<Change[]> {
    const told: Change[] = [];
    for (let more = true; more; ) {
      const page = await this.page(limit, logEpoch);
      expect(page.changes.length).toBeLessThanOrEqual(Math.max(limit, 3));
      this.apply(page);
      told.push(...page.changes);
      ({ more } = page);
      this.pages += 1;
    }
    return told;
  }

  apply(page: Pick<Extract<Page, { what: 'changes' }>, 'whole' | 'first' | 'changes' | 'cursor' | 'more'>): void {
    if (page.first) {
      this.#seen = new Set();
      this.wholes += 1;
    }
    for (const change of page.changes) {
      if (change.kind === 'person') this.people.set(change.person, change);
      if (change.kind === 'templates') this.templates.set(`${change.person} ${change.model}`, change.templates);
      if (change.kind === 'gone' || change.kind === 'erase') this.#forget(change.person);
      if (change.kind === 'erase') this.erased.push(change.request);
      if (change.kind === 'policy') this.policy = change.policy;
      if (change.kind === 'keys') this.keys = change.keys;
      if ('person' in change) this.#seen.add(change.person);
    }
    if (page.whole && !page.more)
      for (const person of [...this.people.keys()]) if (!this.#seen.has(person)) this.#forget(person);
    this.cursor = page.cursor;
  }

  #forget(person: string): void {
    this.people.delete(person);
    for (const key of [...this.templates.keys()]) if (key.startsWith(person)) this.templates.delete(key);
  }

  /** Enrols as the kiosk's store does. */
  enrol(name: string, { consent = true, count = 2, id = randomUUID() as string } = {}): string {
    this.box.person(name, id);
    if (consent) this.consent(id, 'given');
    this.template(id, count);
    return id;
  }

  consent(person: string, action: 'given' | 'withdrawn', at = new Date()): void {
    this.box.append('consent', { action, textVersion: '1', language: 'en' }, { person }, at);
  }

  template(person: string, count = 1): TemplateValue[] {
    const templates = Array.from({ length: count }, () => ({
      id: v7(),
      pose: 'front',
      vector: randomBytes(2048).toString('base64url'),
    }));
    this.box.append('template', { change: 'added', model: 'arc', count }, { person, templates });
    return templates;
  }
}

const names = (kiosk: Kiosk) => [...kiosk.people.values()].map((p) => p.name).sort();
const rows = (person: string) => database.db.selectFrom('template').selectAll().where('person', '=', person).execute();
/** What the log of events still holds of somebody's templates. */
const inEventLog = async (person: string) => {
  const events = await database.db
    .selectFrom('event')
    .select(['id', 'person', 'personal', 'gps'])
    .where('person', '=', person)
    .where('type', '=', 'template')
    .execute();
  const box = await personBox(database.db, keys, [person]);
  return events.filter((e) => 'templates' in openHalf(keys, box, e)).length;
};

describe.each(DATABASES)('on $name', ({ name, start, unavailable }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let home: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    home = await start();
    database = await home.open();
    erasures = await erasing(database.db, keys, tombstones.path);
  }, 120_000);
  afterAll(async () => {
    await database?.close();
    await home?.remove();
  });
  beforeEach(async () => {
    site = await newSite();
  });

  describe('what a kiosk enrols', () => {
    test('P21 reaches the other kiosks of its site, values and templates whole, and no other site', async () => {
      const [a, b, elsewhere, nowhere] = [
        await Kiosk.at(site),
        await Kiosk.at(site),
        await Kiosk.at(await newSite()),
        await Kiosk.at(null),
      ];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      expect(b.people.get(person)).toEqual({
        kind: 'person',
        person,
        name: 'Ada Lovelace',
        number: '1001',
        language: 'en',
        gpsOptOut: false,
      });
      const sent = a.box.events.at(-1)!.personal.templates!.value as TemplateValue[];
      const got = b.templates.get(`${person} arc`)!;
      expect([...got].sort((x, y) => (x.id < y.id ? -1 : 1))).toEqual([...sent].sort((x, y) => (x.id < y.id ? -1 : 1)));
      for (const other of [elsewhere, nowhere]) {
        await other.read();
        expect(other.people.has(person)).toBe(false);
      }
    });

    test('comes as a delta to whoever has read before, in the log’s order, and only once', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      const person = a.enrol('Ada Lovelace');
      await a.send();
      expect((await b.read()).map((c) => c.kind)).toEqual(['person', 'templates']);
      expect(await b.read()).toEqual([]);
      expect(b.wholes).toBe(1);
      a.box.append('person', { change: 'updated' }, { person, name: 'Ada King' });
      await a.send();
      expect((await b.read()).map((c) => c.kind)).toEqual(['person']);
      expect(names(b)).toEqual(['Ada King']);
    });

    test('is told by its present state: what changed twice comes once', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      const person = a.enrol('Ada Lovelace');
      for (let i = 0; i < 5; i++) a.box.append('person', { change: 'updated' }, { person, name: `Ada ${i}` });
      await a.send();
      expect((await b.read()).filter((c) => c.kind === 'person')).toHaveLength(1);
      expect(names(b)).toEqual(['Ada 4']);
    });

    test('takes away the templates that a kiosk removed, and only those', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace', { count: 3 });
      const [gone] = a.box.events.at(-1)!.personal.templates!.value as TemplateValue[];
      await a.send();
      await b.read();
      a.box.append(
        'template',
        { change: 'removed', model: 'arc', count: 1 },
        { person, templates: [{ id: gone!.id }] },
      );
      await a.send();
      await b.read();
      expect(b.templates.get(`${person} arc`)).toHaveLength(2);
      expect(b.templates.get(`${person} arc`)!.some((t) => t.id === gone!.id)).toBe(false);
    });

    test('can not replace another person’s template by naming its id', async () => {
      const a = await Kiosk.at(site);
      const ada = a.enrol('Ada Lovelace', { count: 1 });
      const [hers] = a.box.events.at(-1)!.personal.templates!.value as TemplateValue[];
      await a.send();
      const mallory = a.enrol('Mallory', { count: 0 });
      const vector = randomBytes(2048).toString('base64url');
      a.box.append(
        'template',
        { change: 'added', model: 'arc', count: 1 },
        { person: mallory, templates: [{ id: hers!.id, pose: 'front', vector }] },
      );
      await a.send();
      await a.read();
      expect(a.templates.get(`${ada} arc`)).toEqual([hers]);
      expect(a.templates.get(`${mallory} arc`) ?? []).toEqual([]);
    });
  });

  describe('templates and consent', () => {
    test('without a consent nothing is kept or fed; when it comes later, they follow', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace', { consent: false });
      await a.send();
      await b.read();
      expect(names(b)).toEqual(['Ada Lovelace']);
      expect([b.templates.size, (await rows(person)).length]).toEqual([0, 0]);
      a.consent(person, 'given');
      await a.send();
      await b.read();
      expect(b.templates.get(`${person} arc`)).toHaveLength(2);
    });

    test('there is one copy of a template: it leaves the log of events, whose chain stays whole', async () => {
      const a = await Kiosk.at(site);
      const person = a.enrol('Ada Lovelace');
      await a.send();
      expect([(await rows(person)).length, await inEventLog(person)]).toEqual([2, 0]);
      const chain = await database.db.selectFrom('event').select('chain').where('device', '=', a.id).execute();
      expect(chain.map((e) => e.chain)).toEqual(['whole', 'whole', 'whole']);
    });

    test('a withdrawal empties them everywhere, and one that arrives late is not taken in', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      for (const kiosk of [a, b]) await kiosk.read();
      b.consent(person, 'withdrawn');
      await b.send();
      for (const kiosk of [a, b]) {
        await kiosk.read();
        expect(kiosk.templates.get(`${person} arc`)).toEqual([]);
      }
      // The first kiosk had not heard of it yet.
      a.template(person);
      await a.send();
      expect([(await rows(person)).length, await inEventLog(person)]).toEqual([0, 0]);
      expect((await a.read()).filter((c) => c.kind === 'templates')).toEqual([
        { kind: 'templates', person, model: 'arc', templates: [] },
      ]);
      a.consent(person, 'given');
      a.template(person);
      await a.send();
      await b.read();
      expect(b.templates.get(`${person} arc`)).toHaveLength(1);
    });

    test('a withdrawal also reaches a kiosk that hears of it by a snapshot', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      a.consent(person, 'withdrawn');
      await a.send();
      b.cursor = '';
      await b.read();
      expect([names(b), b.templates.get(`${person} arc`)]).toEqual([['Ada Lovelace'], []]);
    });

    test('a consent that was given before the withdrawal does not undo it, whenever it arrives and whatever its clock says', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace', { consent: false });
      await a.send();
      b.consent(person, 'given', new Date(Date.now() + 86_400_000));
      await b.send();
      await new Promise((resolve) => setTimeout(resolve, 5));
      a.consent(person, 'withdrawn');
      await a.send();
      expect(await rows(person)).toEqual([]);
      b.consent(person, 'given', new Date(Date.now() - 60_000));
      await b.send();
      expect(await rows(person)).toEqual([]);
    });
  });

  describe('an erasure', () => {
    test('leaves nothing here, reaches each kiosk of the site, and is confirmed one by one', async () => {
      const [a, b, revoked, elsewhere] = [
        await Kiosk.at(site),
        await Kiosk.at(site),
        await Kiosk.at(site, 'revoked'),
        await Kiosk.at(await newSite()),
      ];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      for (const kiosk of [a, b, elsewhere]) await kiosk.read();
      const request = await erasures.erase(person);
      expect(await erasures.erase(person)).toBe(request);
      expect(await rows(person)).toEqual([]);
      for (const table of ['consent', 'person_site'] as const)
        expect(await database.db.selectFrom(table).selectAll().where('person', '=', person).execute()).toEqual([]);
      const left = await database.db.selectFrom('event').selectAll().where('device', '=', a.id).execute();
      expect(left.filter((e) => e.person !== null || e.personal !== null)).toEqual([]);
      for (const kiosk of [a, b]) {
        await kiosk.read();
        expect([kiosk.people.size, kiosk.templates.size, kiosk.erased]).toEqual([0, 0, [request]]);
      }
      await elsewhere.read();
      expect(elsewhere.erased).toEqual([]);
      const open = async () => (await erasureState(database.db, request))!.open.map((d) => d.device).sort();
      expect(await open()).toEqual([a.id, b.id].sort());
      expect((await open()).includes(revoked.id)).toBe(false);
      b.box.append('erasureDone', { request }, { person });
      await b.send();
      // Somebody else's word counts for nobody.
      elsewhere.box.append('erasureDone', { request }, {});
      await elsewhere.send();
      expect(await open()).toEqual([a.id]);
      expect((await erasureState(database.db, request))!.confirmed.map((d) => d.device)).toEqual([b.id]);
      expect(await erasureState(database.db, randomUUID())).toBeNull();
    });

    test('done by staff on one kiosk reaches the others; that kiosk has confirmed by its event', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const event = a.box.append('person', { change: 'deleted' }, { person });
      await a.send();
      await b.read();
      expect([names(b), b.erased]).toEqual([[], [event.header.id]]);
      const state = (await erasureState(database.db, event.header.id))!;
      expect([state.confirmed.map((d) => d.device), state.open.map((d) => d.device)]).toEqual([[a.id], [b.id]]);
    });

    test('is not undone by what arrives late, and feeds none of it', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await erasures.erase(person);
      await a.send();
      await b.read();
      expect([names(b), b.templates.size, (await rows(person)).length, await inEventLog(person)]).toEqual([
        [],
        0,
        0,
        0,
      ]);
    });

    test('reaches a kiosk also through a snapshot, until it has confirmed', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const request = await erasures.erase(person);
      b.cursor = '';
      await b.read();
      expect([names(b), b.erased]).toEqual([[], [request]]);
      b.box.append('erasureDone', { request }, {});
      await b.send();
      b.cursor = '';
      await b.read();
      expect(b.erased).toEqual([request]);
    });
  });

  describe('an erasure of somebody who was merged', () => {
    async function merged() {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const [kept, alias] = [a.enrol('Ada Lovelace'), b.enrol('Ada King')];
      await a.send();
      await b.send();
      await a.read();
      await mergePeople(database.db, keys, { kept, merged: alias, by: 'test' }, new Date());
      return { a, b, kept, alias };
    }
    const left = async (people: string[]) => {
      const of = await database.db.selectFrom('person').selectAll().where('id', 'in', people).execute();
      const events = await database.db.selectFrom('event').select('id').where('person', 'in', people).execute();
      const templates = (await Promise.all(people.map(rows))).flat();
      return [of.filter((p) => p.name !== null || p.deleted_at === null).length, events.length, templates.length];
    };
    const confirm = async (kiosk: Kiosk, told: Change[]) => {
      for (const c of told)
        if (c.kind === 'erase') kiosk.box.append('erasureDone', { request: c.request }, { person: c.person });
      await kiosk.send();
    };

    test.each(['kept', 'alias'] as const)(
      'under the %s name erases both, and every kiosk erases and confirms both',
      async (which) => {
        const { a, b, ...people } = await merged();
        const both = [people.kept, people.alias].sort();
        const request = await erasures.erase(people[which]);
        for (const name of both) expect(await erasures.erase(name)).toBe(request);
        expect(await left(both)).toEqual([0, 0, 0]);
        const open = async () => (await erasureState(database.db, request))!.open.map((d) => d.device).sort();
        for (const kiosk of [a, b]) {
          // One by deltas, one by a snapshot.
          const told = (await kiosk.read()).filter((c) => c.kind === 'erase');
          expect(told.map((c) => c.person).sort()).toEqual(both);
          const [one, ...others] = told;
          await confirm(kiosk, [one!]);
          expect(await open(), 'one of two names is not all').toContain(kiosk.id);
          await confirm(kiosk, others);
          expect(await open()).not.toContain(kiosk.id);
        }
        expect((await erasureState(database.db, request))!.confirmed).toHaveLength(2);
      },
    );

    test.each(['kept', 'alias'] as const)('by staff, under the %s name, erases both everywhere', async (which) => {
      const { a, b, ...people } = await merged();
      const both = [people.kept, people.alias].sort();
      b.box.append('person', { change: 'deleted' }, { person: people[which] });
      await b.send();
      await erasures.run();
      expect(await left(both)).toEqual([0, 0, 0]);
      const told = (await a.read()).filter((c) => c.kind === 'erase');
      expect(told.map((c) => c.person).sort()).toEqual(both);
    });
  });

  test('a confirmation of a request that a restored database does not know erases the person again, once', async () => {
    const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
    const person = a.enrol('Ada Lovelace');
    await a.send();
    await b.read();
    // The request was made after the backup: nothing of it is here, and the person is.
    const request = randomUUID();
    b.box.append('erasureDone', { request }, { person });
    const [event] = b.box.pending(1);
    const first = event!.header;
    const header = { iss: b.id, epoch: first.epoch, first: first.seq, last: first.seq } as BatchHeader;
    const deliver = () =>
      ingest(database.db, keys, header, { sentAt: new Date().toISOString(), events: [event!] }, new Date());
    expect((await deliver()).notes).toEqual([{ seq: first.seq, code: 'erasure-repeated' }]);
    expect((await deliver()).notes ?? []).toEqual([]);
    b.box.acknowledge(first.epoch, { committed: first.seq, safe: 0 });
    expect(await rows(person)).toEqual([]);
    const row = await database.db.selectFrom('person').selectAll().where('id', '=', person).executeTakeFirstOrThrow();
    expect([row.name, row.deleted_at === null]).toEqual([null, false]);
    const told = await a.read();
    expect(told.filter((c) => c.kind === 'erase')).toEqual([{ kind: 'erase', request, person }]);
    // The other kiosk had erased by the same request.
    a.box.append('erasureDone', { request }, { person });
    await a.send();
    const state = (await erasureState(database.db, request))!;
    expect([state.confirmed.map((d) => d.device).sort(), state.open]).toEqual([[a.id, b.id].sort(), []]);
  });

  describe('a snapshot', () => {
    test('comes in pages, and what changes meanwhile is not lost', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const people = Array.from({ length: 30 }, (_, i) => a.enrol(`Person ${i}`, { count: 1 }));
      await a.send();
      const first = await b.page(12);
      expect(first).toMatchObject({ whole: true, first: true, more: true });
      expect(first.changes.slice(0, 2).map((c) => c.kind)).toEqual(['policy', 'keys']);
      b.apply(first);
      // Between two pages: one of those told is renamed, one is erased, one is added.
      const told = first.changes.find((c) => c.kind === 'person')!;
      a.box.append('person', { change: 'updated' }, { person: told.person, name: 'Renamed' });
      const added = a.enrol('Added', { count: 1 });
      await a.send();
      const erased = people.find((p) => p !== told.person)!;
      await erasures.erase(erased);
      await b.read(10);
      await b.read(10);
      expect(b.people.get(told.person)!.name).toBe('Renamed');
      expect([b.people.has(added), b.people.has(erased), b.people.size]).toEqual([true, false, 30]);
      expect(b.wholes).toBe(1);
    });

    test('begins again where the cursor is foreign, of another log, or of a database that was restored', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const top = b.cursor;
      for (const cursor of ['', 'nonsense', `${top}x`, top.replace(/^.{8}/, '00000000')]) {
        b.cursor = cursor;
        expect(await b.page()).toMatchObject({ whole: true, first: true });
      }
      b.cursor = top;
      expect(await b.page()).toMatchObject({ whole: false, changes: [] });
      // An older copy of the database has grown on: the same position, another row.
      await database.db.updateTable('change').set({ tag: 'another' }).where('person', '=', person).execute();
      await b.read();
      expect(b.wholes).toBe(2);
      expect(await b.page(200, randomUUID())).toMatchObject({ whole: true, first: true });
    });

    test('begins again for a kiosk that moved to another site, which forgets the people of the old one', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const other = await newSite();
      const there = await Kiosk.at(other);
      there.enrol('Grace Hopper');
      await there.send();
      await database.db.updateTable('device').set({ site: other }).where('id', '=', b.id).execute();
      await b.read();
      expect(names(b)).toEqual(['Grace Hopper']);
    });

    test('stays whole for a cursor that still stands, whatever clocks the rows were written by', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      a.enrol('Ada Lovelace');
      await a.send();
      a.enrol('Grace Hopper');
      await a.send();
      // The clock of the replica that wrote of the second one was months behind.
      const ids = [...new Set(a.box.events.map((e) => e.personal.person!.value as string))];
      const old = new Date(Date.now() - 90 * 86_400_000);
      await database.db.updateTable('change').set({ at: old }).where('person', '=', ids[1]!).execute();
      await appendAny();
      await compactChanges(database.db, new Date(Date.now() - 60 * 86_400_000));
      await b.read();
      expect([names(b), b.wholes]).toEqual([['Ada Lovelace', 'Grace Hopper'], 1]);
    });
    const appendAny = () =>
      database.db
        .transaction()
        .execute((tx) => appendChanges(tx, [{ kind: 'person', person: randomUUID() }], new Date()));

    test('replaces deltas that were compacted', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      a.enrol('Ada Lovelace');
      await a.send();
      expect(await compactChanges(database.db, new Date(Date.now() + 1000))).toBeGreaterThan(0);
      await b.read();
      expect([names(b), b.wholes]).toEqual([['Ada Lovelace'], 2]);
      // The newest row stays, and with it the way to go on.
      await b.read();
      expect(b.wholes).toBe(2);
    });
  });

  describe('sites', () => {
    test('a person assigned to another site is gone from the first and whole at the second', async () => {
      const other = await newSite();
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(other)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      for (const kiosk of [a, b]) await kiosk.read();
      await assignToSites(database.db, person, [other], new Date());
      expect(await a.read()).toEqual([{ kind: 'gone', person }]);
      expect((await b.read()).map((c) => c.kind)).toEqual(['person', 'templates']);
      await assignToSites(database.db, person, [site, other], new Date());
      await a.read();
      expect([names(a), a.templates.get(`${person} arc`)?.length]).toEqual([['Ada Lovelace'], 2]);
      expect(await b.read()).toEqual([]);
    });

    test('a device without a site, and one of the default site, are of one site', async () => {
      const id = randomUUID();
      await database.db
        .insertInto('site')
        .values({ id, name: 'Main', time_zone: 'Europe/Berlin', is_default: true })
        .execute();
      const [a, b] = [await Kiosk.at(null), await Kiosk.at(id)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      expect(b.people.has(person)).toBe(true);
      await database.db.updateTable('device').set({ site: null }).where('id', '=', b.id).execute();
      await database.db.deleteFrom('site').where('id', '=', id).execute();
    });
  });

  describe('policy and keys', () => {
    test('a policy reaches the kiosks of its site; the default site’s every site without its own', async () => {
      const other = await newSite();
      const day = { timeZone: 'Europe/Berlin', startsAt: '00:00' };
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(other)];
      for (const kiosk of [a, b]) await kiosk.read();
      const site60 = { day, repeatWindowSeconds: 60 };
      expect(a.policy).toEqual({ leaseDays: 30, ...site60 });
      expect(await setPolicy(database.db, site, { leaseDays: 7, liveness: 'on' }, new Date())).toBe(true);
      expect(await setPolicy(database.db, site, { liveness: 'on', leaseDays: 7 }, new Date())).toBe(false);
      for (const kiosk of [a, b]) await kiosk.read();
      expect([a.policy, b.policy]).toEqual([
        { leaseDays: 7, liveness: 'on', ...site60 },
        { leaseDays: 30, ...site60 },
      ]);
      await setPolicy(database.db, DEFAULT_SCOPE, { leaseDays: 14 }, new Date());
      for (const kiosk of [a, b]) await kiosk.read();
      expect([a.policy, b.policy]).toEqual([
        { leaseDays: 7, liveness: 'on', ...site60 },
        { leaseDays: 14, ...site60 },
      ]);
      await database.db.deleteFrom('site_policy').execute();
    });

    test('by which days records count is told with the policy, anew when it changes, and to no kiosk that does not know it', async () => {
      const [here, elsewhere] = [await Kiosk.at(site), await Kiosk.at(await newSite())];
      for (const kiosk of [here, elsewhere]) await kiosk.read();
      const change = (patch: SitePatch) =>
        database.db.transaction().execute((tx) => changeSite(tx, site, patch, new Date()));
      await change({ dayStartsAt: '12:00', timeZone: 'Asia/Kolkata' });
      const day = { timeZone: 'Asia/Kolkata', startsAt: '12:00' };
      expect(await here.read()).toEqual([{ kind: 'policy', policy: { leaseDays: 30, day, repeatWindowSeconds: 60 } }]);
      expect(await elsewhere.read()).toEqual([]);
      await change({ name: 'Another name' });
      expect(await here.read()).toEqual([]);
      expect(await policyForKiosks(database.db, site, 2)).toEqual({ leaseDays: 30, repeatWindowSeconds: 60 });
    });

    test('the configured lease is the default site’s and leaves the rest of its policy; unset it says nothing', async () => {
      await setPolicy(database.db, DEFAULT_SCOPE, { leaseDays: 30, liveness: 'on' }, new Date());
      expect(await configuredLease(database.db, null, new Date())).toBe(false);
      expect(await configuredLease(database.db, 9, new Date())).toBe(true);
      expect(await configuredLease(database.db, 9, new Date())).toBe(false);
      const kiosk = await Kiosk.at(null);
      await kiosk.read();
      expect(kiosk.policy).toEqual({ leaseDays: 9, liveness: 'on' });
      await database.db.deleteFrom('site_policy').execute();
    });

    test('the log is shortened once a day, and not by what is newer than two leases', async () => {
      const kiosk = await Kiosk.at(site);
      await kiosk.read();
      const day = 86_400_000;
      kiosk.enrol('Ada Lovelace');
      await kiosk.send();
      await database.db.deleteFrom('job').where('name', '=', 'compact-changes').execute();
      expect(await compactWhenDue(database.db, new Date(Date.now() + 59 * day))).toBe(0);
      expect(await compactWhenDue(database.db, new Date(Date.now() + 59.5 * day))).toBeNull();
      expect(await compactWhenDue(database.db, new Date(Date.now() + 61 * day))).toBeGreaterThan(0);
    });

    test('new keys are told to all, and a kiosk that does not trust the newest yet gets them in every page', async () => {
      const kiosk = await Kiosk.at(site);
      await kiosk.read();
      await database.db.transaction().execute((tx) => keysChanged(tx, new Date()));
      expect(await kiosk.read()).toEqual([{ kind: 'keys', keys: serverKeys }]);
      const source = { db: database.db, keys, logEpoch: database.logEpoch, publicKeys: async () => serverKeys };
      const ask = { cursor: kiosk.cursor, limit: 200, presenceAfter: null, newestKey: false };
      expect((await readChanges(source, kiosk.id, ask, new Date())).changes).toEqual([
        { kind: 'keys', keys: serverKeys },
      ]);
    });

    test('whoever asked for no position is told so', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      await setGpsOptOut(database.db, person, true, new Date());
      await b.read();
      expect(b.people.get(person)!.gpsOptOut).toBe(true);
    });
  });

  test('kiosks that read at random moments all end in the server’s state, whatever happened', async () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom(
          'enrol',
          'rename',
          'template',
          'withdraw',
          'give',
          'erase',
          'leave',
          'join',
          'read',
          'reset',
        ),
        who: fc.nat(1),
        whom: fc.nat(5),
        limit: fc.integer({ min: 2, max: 12 }),
      }),
      { minLength: 5, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const here = await newSite();
        const kiosks = [await Kiosk.at(here), await Kiosk.at(here)] as const;
        const people: string[] = [];
        for (const { what, who, whom, limit } of list) {
          const kiosk = kiosks[who]!;
          const person = people[whom % Math.max(1, people.length)];
          if (what === 'enrol') people.push(kiosk.enrol(`Person ${people.length}`, { count: 1 }));
          else if (what === 'read') {
            kiosk.apply(await kiosk.page(limit));
            continue;
          } else if (what === 'reset') kiosk.cursor = '';
          else if (!person) continue;
          else if (what === 'rename')
            kiosk.box.append('person', { change: 'updated' }, { person, name: `Other ${limit}` });
          else if (what === 'template') kiosk.template(person);
          else if (what === 'withdraw') kiosk.consent(person, 'withdrawn');
          else if (what === 'give') kiosk.consent(person, 'given');
          else if (what === 'erase') await erasures.erase(person);
          else await assignToSites(database.db, person, what === 'join' ? [here] : [], new Date());
          if (kiosk.box.pendingCount() > 0) await kiosk.send();
        }
        const fresh = await Kiosk.at(here);
        await fresh.read();
        for (const kiosk of kiosks) {
          await kiosk.read();
          await kiosk.read();
          expect(kiosk.people).toEqual(fresh.people);
          const filled = (k: Kiosk) => [...k.templates].filter(([, t]) => t.length > 0).sort();
          expect(filled(kiosk)).toEqual(filled(fresh));
        }
      }),
      { numRuns: 10 },
    );
  });

  test.runIf(name === 'PostgreSQL')(
    'positions become visible in their order: whoever appends later waits for the commit before',
    async () => {
      const [slow, quick] = [randomUUID(), randomUUID()];
      const appended = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const first = database.db.transaction().execute(async (tx) => {
        await appendChanges(tx, [{ kind: 'person', person: slow }], new Date());
        appended.resolve();
        await finish.promise;
      });
      await appended.promise;
      let done = false;
      const second = database.db
        .transaction()
        .execute((tx) => appendChanges(tx, [{ kind: 'person', person: quick }], new Date()))
        .then(() => {
          done = true;
        });
      // A check-in, and whatever else appends nothing, does not wait.
      await database.db.transaction().execute((tx) => appendChanges(tx, [], new Date()));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const visible = () =>
        database.db
          .selectFrom('change')
          .select('person')
          .where('person', 'in', [slow, quick])
          .orderBy('position')
          .execute();
      expect([done, await visible()]).toEqual([false, []]);
      finish.resolve();
      await Promise.all([first, second]);
      expect((await visible()).map((r) => r.person)).toEqual([slow, quick]);
    },
  );
});
