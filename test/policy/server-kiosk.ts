import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import type { BatchHeader } from '../../sync/protocol/wire/batch.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import type { TemplateValue } from '../../sync/protocol/wire/event.ts';
import type { ServerKeys } from '../../sync/protocol/wire/keys.ts';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { ingest } from '../../sync/server/app/ingest/ingest.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { MemoryOutbox } from '../kit/outbox.ts';

const serverKeys: ServerKeys = {
  serial: 1,
  signing: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
  sealing: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
  caPem: ['PEM'],
};

/** A registered kiosk: makes events as one does, and hands them to the server's own code without a network between. */
export class KioskOfServer {
  readonly box: MemoryOutbox;
  readonly #database: OpenDatabase;
  readonly #keys: Keys;
  #cursor = '';

  constructor(database: OpenDatabase, keys: Keys, box = new MemoryOutbox()) {
    this.#database = database;
    this.#keys = keys;
    this.box = box;
  }

  /** The same one, once the server was started again. */
  on(database: OpenDatabase, keys: Keys): KioskOfServer {
    return new KioskOfServer(database, keys, this.box);
  }

  /** @param site null: the default one; `registeredAt`: now without it */
  static async at(
    database: OpenDatabase,
    keys: Keys,
    site: string | null = null,
    registeredAt = new Date(),
  ): Promise<KioskOfServer> {
    const kiosk = new KioskOfServer(database, keys);
    await database.db
      .insertInto('device')
      .values({
        id: kiosk.id,
        name: `Door ${kiosk.id.slice(0, 4)}`,
        status: 'approved',
        ed25519: 'x',
        x25519: 'x',
        tls_key_hash: 'x',
        registered_at: registeredAt,
        last_heard_at: null,
        site,
      })
      .execute();
    return kiosk;
  }

  get id(): string {
    return this.box.device;
  }

  /** Sends what was not sent yet. @param undoDays in which a deletion here can be undone */
  async send(now = new Date(), undoDays = 0): Promise<void> {
    for (let events = this.box.pending(500); events.length > 0; events = this.box.pending(500)) {
      const first = events[0]!.header;
      const last = first.seq + events.length - 1;
      const header: BatchHeader = {
        alg: 'EdDSA',
        typ: 'sp-batch+jws',
        iss: this.id,
        aud: randomUUID(),
        epoch: first.epoch,
        first: first.seq,
        last,
        spv: 1,
      };
      const batch = { sentAt: now.toISOString(), events: [...events] };
      const { ack } = await ingest({ db: this.#database.db, keys: this.#keys, modules: MODULES }, header, batch, now, {
        undoDays,
      });
      this.box.acknowledge(first.epoch, ack);
    }
  }

  /** Reads the change log to its end. @returns the changes in their order */
  async read(now = new Date()): Promise<Change[]> {
    const { db, logEpoch } = this.#database;
    const source = { db, keys: this.#keys, logEpoch, modules: MODULES, publicKeys: async () => serverKeys };
    const notified: Change[] = [];
    for (let more = true; more; ) {
      const ask = { cursor: this.#cursor, limit: 200, presenceAfter: null, newestKey: true };
      const page = await readChanges(source, this.id, ask, now);
      notified.push(...page.changes);
      this.#cursor = page.cursor;
      ({ more } = page);
    }
    return notified;
  }

  /** The server works off which records count. */
  async resolve(): Promise<void> {
    let done = await resolveDue(this.#database.db);
    while (done?.taken) done = await resolveDue(this.#database.db);
  }

  /** Enrols a face under a consent. @returns the person */
  enrol(name: string, { at = new Date(), count = 2 } = {}): string {
    const person = randomUUID();
    this.box.append('person', { change: 'added' }, { person, name, number: person.slice(0, 8), language: 'en' }, at);
    this.consent(person, 'given', at);
    this.templates(person, count, at);
    return person;
  }

  consent(person: string, action: 'given' | 'withdrawn', at = new Date()): void {
    this.box.append('consent', { action, textVersion: '1', language: 'en' }, { person }, at);
  }

  templates(person: string, count = 2, at = new Date()): TemplateValue[] {
    const templates = Array.from({ length: count }, () => ({
      id: v7(),
      pose: 'front',
      vector: randomBytes(2048).toString('base64url'),
    }));
    this.box.append('template', { change: 'added', model: 'arc', count }, { person, templates }, at);
    return templates;
  }
}

/** Empties every table but those that say whose database it is: quicker than another one for each test. */
export async function emptyTables({ db }: OpenDatabase): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'keyring') and tablename not like 'kysely%'
      and tablename not in ('meta', 'identity', 'server_key', 'listener', 'key_version')`.execute(db);
  await sql.raw(`truncate ${rows.map((r) => r.name).join(', ')}`).execute(db);
  await sql`insert into change (tag, at, kind) values ('start', now(), 'start')`.execute(db);
}
