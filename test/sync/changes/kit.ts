import { randomBytes, randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { BatchHeader } from '../../../sync/protocol/wire/batch.ts';
import type { Change, Page } from '../../../sync/protocol/wire/changes.ts';
import type { TemplateValue, WireEvent } from '../../../sync/protocol/wire/event.ts';
import type { ServerKeys } from '../../../sync/protocol/wire/keys.ts';
import { readChanges } from '../../../sync/server/app/downstream/read.ts';
import { ingest } from '../../../sync/server/app/ingest/ingest.ts';
import { MODULES } from '../../../sync/server/app/modules.ts';
import { erasureState as stateOf } from '../../../sync/server/features/privacy/erasure/read.ts';
import type { OpenDatabase } from '../../../sync/server/platform/database/open.ts';
import { openHalf } from '../../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../../sync/server/platform/keys/persons.ts';
import type { TestDatabase } from '../../kit/databases.ts';
import { temporaryFolder } from '../../kit/folder.ts';
import { newKeys } from '../../kit/keys.ts';
import { MemoryOutbox } from '../../kit/outbox.ts';
import { type Erasing, erasing } from '../erasing.ts';

/* The log of changes as kiosks read it: the server's own code on a real database, and kiosks without a network between. */

export const keys = newKeys();
export const serverKeys: ServerKeys = {
  serial: 1,
  signing: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
  sealing: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
  caPem: ['PEM'],
};
/** What `onDatabase` has opened. */
export let database: OpenDatabase;
export let erasures: Erasing;
let tombstones: ReturnType<typeof temporaryFolder>;
export const erasureState = (db: OpenDatabase['db'], request: string) => stateOf(db, request, new Date());

/** Each test has a site, so that none sees another's people. */
export let site: string;

export async function newSite(): Promise<string> {
  const id = randomUUID();
  await database.db.insertInto('site').values({ id, name: 'Site', time_zone: 'Europe/Berlin' }).execute();
  return id;
}

/** A registered kiosk of a site, and what it knows of the server by having read its pages. */
export class Kiosk {
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
    const { ack } = await ingest(
      { db: database.db, keys, modules: MODULES },
      header,
      { sentAt: now.toISOString(), events: [...events] },
      now,
      {
        undoDays: 0,
      },
    );
    this.box.acknowledge(first.epoch, ack);
  }

  async page(limit = 200, logEpoch = database.logEpoch, presenceAfter: string | null = null) {
    const source = { db: database.db, keys, logEpoch, modules: MODULES, publicKeys: async () => serverKeys };
    const ask = { cursor: this.cursor, limit, presenceAfter, newestKey: true };
    return readChanges(source, this.id, ask, new Date());
  }

  /** Reads to the end, applying each page as a kiosk does. @returns the changes in their order */
  async read(limit = 200, logEpoch = database.logEpoch): Promise<Change[]> {
    const notified: Change[] = [];
    for (let more = true; more; ) {
      const page = await this.page(limit, logEpoch);
      expect(page.changes.length).toBeLessThanOrEqual(Math.max(limit, 3));
      this.apply(page);
      notified.push(...page.changes);
      ({ more } = page);
      this.pages += 1;
    }
    return notified;
  }

  apply(page: Pick<Extract<Page, { what: 'changes' }>, 'whole' | 'first' | 'changes' | 'cursor' | 'more'>): void {
    if (page.first) {
      this.#seen = new Set();
      this.wholes += 1;
    }
    for (const change of page.changes) {
      if (change.kind === 'person') this.people.set(change.person, change);
      if (change.kind === 'templates') this.templates.set(`${change.person} ${change.model}`, change.templates);
      if (change.kind === 'removed' || change.kind === 'erase') this.#forget(change.person);
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

export const names = (kiosk: Kiosk) => [...kiosk.people.values()].map((p) => p.name).sort();
export const rows = (person: string) =>
  database.db.selectFrom('template').selectAll().where('person', '=', person).execute();
/** What the log of events still holds of a person's templates. */
export const inEventLog = async (person: string) => {
  const events = await database.db
    .selectFrom('event')
    .select(['id', 'person', 'personal', 'gps'])
    .where('person', '=', person)
    .where('type', '=', 'template')
    .execute();
  const box = await personBox(database.db, keys, [person]);
  return events.filter((e) => 'templates' in openHalf(keys, box, e)).length;
};

/** Opens this database for every test of the group, each with a site of its own. */
export function onDatabase(start: TestDatabase['start']): void {
  let home: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    home = await start();
    database = await home.open();
    tombstones = temporaryFolder();
    erasures = await erasing(database.db, keys, tombstones.path);
  }, 120_000);
  afterAll(async () => {
    await database?.close();
    await home?.remove();
    tombstones?.remove();
  });
  beforeEach(async () => {
    site = await newSite();
  });
}
