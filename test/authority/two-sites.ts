import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { openPage } from '../../sync/protocol/seal/page.ts';
import { pinPepperId } from '../../sync/protocol/seal/pin-pepper.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import type { EventType, Open, Personal, WireEvent } from '../../sync/protocol/wire/event.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { setMinor } from '../../sync/server/core/consents/minors.ts';
import { setHold } from '../../sync/server/core/people/holds.ts';
import { assignToSites } from '../../sync/server/core/people/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Kiosk, Target } from '../security/target.ts';
import { erasing } from '../sync/erasing.ts';

/**
 * A server with two sites and three kiosks, which communicate with it as real kiosks do: signed, sealed, opened by the handler of
 * both transports. Actions of the office are done by the server's own code.
 */

/** A person's relation to the kiosk that names them: `here`, a kiosk of site A. */
export const RELATIONS = [
  'unknown',
  'same site',
  'other site',
  'moved away, said before',
  'moved away, said after',
  'held',
  'being erased',
  'erased',
  'merged here',
  'merged elsewhere',
  'minor',
] as const;
export type Relation = (typeof RELATIONS)[number];

/** Relations in which the person belongs to the site of `elsewhere`. */
export const AT_ELSEWHERE: ReadonlySet<Relation> = new Set([
  'other site',
  'moved away, said before',
  'moved away, said after',
  'merged elsewhere',
]);

export interface Person {
  /** Their id in the event. */
  readonly id: string;
  /** A check-in of theirs at `here` if there is one, otherwise a made-up one. */
  readonly checkin: string;
  /** A check-in of theirs at `elsewhere`, after everything else, if they belong to its site; otherwise a made-up one. */
  later: string;
  /** A template and a card of theirs, if any. */
  readonly template: string;
  readonly card: string;
  /** Their valid PIN. */
  readonly pin: string;
  /** The request for their erasure if there is one, otherwise a made-up one. */
  request: string;
  /** The event's claimed time. */
  at: Date;
}

export type KioskName = 'here' | 'beside' | 'elsewhere';
type Kiosks = Readonly<Record<KioskName, Kiosk>>;

/** Tables that record how a batch was received and who has read what, which say nothing about a person. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  'public.event',
  'public.quarantine',
  'public.ack_mark',
  'public.device',
  'public.audit',
  'public.change',
  'keyring.audit_key',
]);

const MODEL = 'arc';

export class TwoSites {
  readonly target: Target;
  readonly #kiosks: Kiosks;
  readonly #cursors = new Map<Kiosk, string>();
  readonly #sites: { readonly a: string; readonly b: string };
  /** Id of the pepper that the server sent. */
  #pepper = '';
  /** A roll call in progress at site A. */
  readonly evacuation = randomUUID();
  /** A person of site A. */
  own = '';
  /** A request for the erasure of a person of site B, which only `elsewhere` has to confirm. */
  foreign = '';
  readonly #erase: (person: string) => Promise<string>;
  readonly #close: () => void;

  private constructor(
    target: Target,
    kiosks: Kiosks,
    sites: { a: string; b: string },
    erase: (person: string) => Promise<string>,
    close: () => void,
  ) {
    this.target = target;
    this.#kiosks = kiosks;
    this.#sites = sites;
    this.#erase = erase;
    this.#close = close;
  }

  static async open(database: OpenDatabase): Promise<TwoSites> {
    const target = await Target.open(database);
    const { db } = database;
    const site = async (name: string) => {
      const id = randomUUID();
      await db.insertInto('site').values({ id, name, time_zone: 'Europe/Berlin' }).execute();
      return id;
    };
    const sites = { a: await site('A'), b: await site('B') };
    const at = async (where: string) => {
      const kiosk = await target.kiosk();
      await db.updateTable('device').set({ site: where }).where('id', '=', kiosk.box.device).execute();
      return kiosk;
    };
    const kiosks = { here: await at(sites.a), beside: await at(sites.a), elsewhere: await at(sites.b) };
    const home = temporaryFolder();
    const { erase } = await erasing(db, target.keys, home.path);
    const world = new TwoSites(target, kiosks, sites, erase, home.remove);
    for (const kiosk of Object.values(kiosks))
      for (const change of await world.#read(kiosk))
        if (change.kind === 'pinPeppers') world.#pepper = pinPepperId(Buffer.from(change.peppers[0]!, 'base64url'));
    world.append('evacuation', { evacuation: world.evacuation, change: 'started' }, {});
    world.own = world.#enrol('here').id;
    const other = world.#enrol('elsewhere').id;
    await world.deliver('here');
    await world.deliver('elsewhere');
    world.foreign = await erase(other);
    return world;
  }

  close(): void {
    this.#close();
  }

  append<T extends EventType>(
    type: T,
    open: Open<T>,
    personal: Personal<T>,
    at?: Date,
    by: KioskName = 'here',
  ): WireEvent {
    return this.#kiosks[by].box.append(type, open, personal, at);
  }

  /** Sends the kiosk's pending events as one message. */
  async deliver(name: KioskName): Promise<void> {
    const kiosk = this.#kiosks[name];
    for (let events = kiosk.box.pending(500); events.length > 0; events = kiosk.box.pending(500)) {
      const sealed = await this.target.batch(kiosk, events, events[0]!.header.seq);
      const ack = await this.target.openAck(kiosk, await this.target.take(kiosk, sealed));
      kiosk.box.acknowledge(ack.epoch, ack);
    }
  }

  async #read(kiosk: Kiosk): Promise<Change[]> {
    const notified: Change[] = [];
    for (let more = true; more; ) {
      const jti = randomUUID();
      const cursor = this.#cursors.get(kiosk) ?? '';
      const sealed = await this.target.take(kiosk, await this.target.ask(kiosk, jti, { cursor }), 'ask');
      const keys = { sealing: kiosk.secret.sealing, trusted: this.target.keyring.publicKeys.signing };
      const page = await openPage(sealed, keys, { device: kiosk.box.device, jti });
      if (page.what !== 'changes') throw new Error('no page of changes');
      notified.push(...page.changes);
      this.#cursors.set(kiosk, page.cursor);
      ({ more } = page);
    }
    return notified;
  }

  /** What each kiosk is sent since its last request, as `kiosk: kinds`. */
  async sent(): Promise<string[]> {
    const all: string[] = [];
    for (const [name, kiosk] of Object.entries(this.#kiosks)) {
      const kinds = [...new Set((await this.#read(kiosk)).map((c) => c.kind))].sort();
      if (kinds.length > 0) all.push(`${name}: ${kinds.join(' ')}`);
    }
    return all;
  }

  /** Hash of the contents of each table, except the bookkeeping. */
  async tables(): Promise<ReadonlyMap<string, string>> {
    const { db } = this.target.database;
    const { rows: names } = await sql<{ schema: string; name: string }>`
      select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('public', 'keyring') and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname not like 'kysely%' order by 1, 2`.execute(db);
    const compared = names.filter(({ schema, name }) => !BOOKKEEPING.has(`${schema}.${name}`));
    const one = ({ schema, name }: { schema: string; name: string }) => sql`
      select ${name}::text as name, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash
      from ${sql.table(`${schema}.${name}`)} t`;
    const { rows } = await sql<{
      name: string;
      hash: string;
    }>`${sql.join(compared.map(one), sql` union all `)}`.execute(db);
    return new Map(rows.map((r) => [r.name, r.hash]));
  }

  /** The outcome of an event: the log's row, or why it was rejected. */
  async verdictOn({ header }: WireEvent): Promise<{ readonly reason: string | null; readonly values: boolean }> {
    const { db } = this.target.database;
    const taken = await db.selectFrom('event').select('personal').where('id', '=', header.id).executeTakeFirst();
    if (taken) return { reason: null, values: taken.personal !== null };
    const held = await db
      .selectFrom('quarantine')
      .select('reason')
      .where('device', '=', header.device)
      .where('epoch', '=', header.epoch)
      .where('seq', '=', header.seq)
      .executeTakeFirstOrThrow();
    return { reason: held.reason, values: false };
  }

  pinValue(id: string = randomUUID()) {
    const b64 = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '');
    return { id, pepper: this.#pepper, hash: `$argon2id$v=19$m=19456,t=2,p=1$${b64(16)}$${b64(32)}` };
  }

  template() {
    return { id: v7(), pose: 'front', vector: randomBytes(2048).toString('base64url') };
  }

  cardHash(): string {
    return createHash('sha256').update(randomBytes(16)).digest('base64url');
  }

  /** People in this relation to `here`, each with everything that a kiosk can report about a person. */
  async people(relation: Relation, count: number): Promise<Person[]> {
    const { keys, database } = this.target;
    const { db } = database;
    const enrolledAt: KioskName = relation === 'other site' ? 'elsewhere' : 'here';
    const all = Array.from({ length: count }, () =>
      relation === 'unknown' ? this.#nobody() : this.#enrol(relation === 'merged elsewhere' ? 'elsewhere' : enrolledAt),
    );
    if (relation === 'unknown') return all;
    await this.deliver('here');
    await this.deliver('elsewhere');
    const before = new Date();
    // So that the office's actions are later than earlier events, and later events later still.
    await tick();
    for (const person of all) {
      const now = new Date();
      if (relation.startsWith('moved')) await assignToSites(db, person.id, [this.#sites.b], now);
      if (relation === 'moved away, said before') person.at = before;
      if (relation === 'held')
        await db
          .transaction()
          .execute((tx) =>
            setHold(
              tx,
              keys,
              { person: person.id, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' },
              now,
            ),
          );
      if (relation === 'being erased')
        ({ request: person.request } = await requestErasure(
          db,
          keys,
          { person: person.id, origin: 'staff', undoDays: 7 },
          now,
        ));
      if (relation === 'minor') {
        const held = {
          bornOn: `${now.getUTCFullYear() - 9}-01-01`,
          guardian: { name: 'Annabella Byron', relation: 'mother' },
        };
        await db.transaction().execute((tx) => setMinor(tx, keys, person.id, held, now));
      }
    }
    if (relation.startsWith('merged')) {
      const by: KioskName = relation === 'merged here' ? 'here' : 'elsewhere';
      const kept = all.map(() => this.#enrol(by));
      await this.deliver(by);
      for (const [i, person] of all.entries()) {
        await mergePeople(
          { db, keys, modules: MODULES },
          { kept: kept[i]!.id, merged: person.id, by: 'office' },
          new Date(),
        );
      }
    }
    if (relation === 'erased') {
      for (const { id, request } of all)
        await requestErasure(db, keys, { person: id, origin: 'staff', undoDays: 0, request }, new Date());
      await this.#erase(all[0]!.id);
    }
    await tick();
    if (AT_ELSEWHERE.has(relation)) {
      const open = { direction: 'in', method: 'face', liveness: 'passed' } as const;
      for (const person of all)
        person.later = this.append('checkin', open, { person: person.id }, undefined, 'elsewhere').header.id;
      await this.deliver('elsewhere');
      await tick();
    }
    if (relation !== 'moved away, said before') for (const person of all) person.at = new Date();
    return all;
  }

  #nobody(): Person {
    return {
      id: randomUUID(),
      checkin: v7(),
      later: v7(),
      template: v7(),
      card: randomUUID(),
      pin: randomUUID(),
      request: randomUUID(),
      at: new Date(),
    };
  }

  #enrol(by: KioskName): Person {
    const { id, card, pin, request, later } = this.#nobody();
    const template = this.template();
    const number = id.slice(0, 8);
    this.append('person', { change: 'added' }, { person: id, name: 'Ada', number, language: 'en' }, undefined, by);
    this.append('consent', { action: 'given', textVersion: '1', language: 'en' }, { person: id }, undefined, by);
    this.append(
      'template',
      { change: 'added', model: MODEL, count: 1 },
      { person: id, templates: [template] },
      undefined,
      by,
    );
    this.append(
      'credential',
      { kind: 'card', change: 'issued' },
      { person: id, bearer: { id: card, hash: this.cardHash() } },
      undefined,
      by,
    );
    this.append('pin', { change: 'set' }, { person: id, pin: this.pinValue(pin) }, undefined, by);
    const open = { direction: 'in', method: 'face', liveness: 'passed' } as const;
    const { header } = this.append('checkin', open, { person: id }, undefined, by);
    // A check-in at another kiosk can't be annulled from here.
    return { id, checkin: header.id, later, template: template.id, card, pin, request, at: new Date() };
  }
}

/** Waits for the next millisecond. */
async function tick(): Promise<void> {
  const now = Date.now();
  while (Date.now() <= now + 1) await new Promise((resolve) => setImmediate(resolve));
}
