import { randomUUID } from 'node:crypto';
import type { Store } from '../../electron/core/store/interface.ts';
import type { OutboxSource } from '../../sync/edge/outbox.ts';
import type { BatchHeader } from '../../sync/protocol/wire/batch.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import type { ServerKeys } from '../../sync/protocol/wire/keys.ts';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { type Ingested, ingest } from '../../sync/server/app/ingest/ingest.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { MemoryOutbox } from './outbox.ts';

/* Kiosks registered in a database, with no network between them and the server’s own code. */

export interface KnownAs {
  /** Its id; a new one where absent. */
  readonly device?: string;
  readonly name?: string;
  /** Null for the default site. */
  readonly site?: string | null;
  readonly at?: Date;
  readonly status?: 'approved' | 'revoked';
}

export async function registerKiosk(
  db: Db,
  { name = 'Door', site = null, at = new Date(), status = 'approved', device }: KnownAs = {},
): Promise<MemoryOutbox> {
  const box = new MemoryOutbox(device);
  const keys = { ed25519: 'x', x25519: 'x', tls_key_hash: box.device };
  await db
    .insertInto('device')
    .values({ id: box.device, name, status, ...keys, registered_at: at, last_heard_at: null, site })
    .execute();
  return box;
}

export interface Delivery {
  /** Sequence number of the first event; the header's by default. */
  readonly first?: number;
  readonly epoch?: string;
  readonly now?: Date;
  /** Days in which a deletion at a kiosk can be undone. */
  readonly undoDays?: number;
}

/** Delivers a verified batch of a kiosk’s events. */
export function deliverTo(
  db: Db,
  keys: Keys,
  from: { readonly device: string; readonly epoch: string },
  events: readonly unknown[],
  o: Delivery = {},
): Promise<Ingested> {
  const { first = (events[0] as WireEvent).header.seq, epoch = from.epoch, now = new Date(), undoDays = 0 } = o;
  const header: BatchHeader = {
    alg: 'EdDSA',
    typ: 'sp-batch+jws',
    iss: from.device,
    aud: randomUUID(),
    epoch,
    first,
    last: first + events.length - 1,
    spv: 1,
  };
  return ingest({ db, keys, modules: MODULES }, header, { sentAt: now.toISOString(), events: [...events] }, now, {
    undoDays,
  });
}

/** Delivers everything that a kiosk has not sent yet. @param o `safe`: as if a backup already contained it */
export async function deliverAll(
  db: Db,
  keys: Keys,
  device: string,
  outbox: Pick<OutboxSource, 'pending' | 'acknowledge'>,
  { safe = false, ...o }: Pick<Delivery, 'now' | 'undoDays'> & { readonly safe?: boolean } = {},
): Promise<void> {
  for (let events = outbox.pending(100); events.length > 0; events = outbox.pending(100)) {
    const { epoch } = events[0]!.header;
    const whole = events.filter(({ header }) => header.epoch === epoch);
    const { ack } = await deliverTo(db, keys, { device, epoch }, whole, o);
    outbox.acknowledge(epoch, safe ? { committed: ack.committed, safe: ack.committed } : ack);
  }
}

/** Makes the server resolve which records count. */
export async function resolveAll(db: Db): Promise<void> {
  while (((await resolveDue(db))?.taken ?? 0) > 0);
}

/** For kiosks that don't check the server's signatures. */
export const SERVER_KEYS: ServerKeys = {
  serial: 1,
  signing: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
  sealing: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
  caPem: ['PEM'],
};

/** Where a kiosk’s pages of changes come from. */
export interface Source {
  readonly db: Db;
  readonly keys: Keys;
  readonly logEpoch: string;
  readonly serverKeys?: ServerKeys;
}

export interface Ask {
  readonly cursor?: string;
  readonly limit?: number;
  readonly presenceAfter?: string | null;
  readonly now?: Date;
}

export type ChangesPage = Awaited<ReturnType<typeof readChanges>>;

/** One page of changes for a kiosk. */
export function pageFor(
  { db, keys, logEpoch, serverKeys = SERVER_KEYS }: Source,
  device: string,
  o: Ask = {},
): Promise<ChangesPage> {
  const { cursor = '', limit = 200, presenceAfter = null, now = new Date() } = o;
  const ask = { cursor, limit, presenceAfter, newestKey: true };
  return readChanges({ db, keys, logEpoch, modules: MODULES, publicKeys: async () => serverKeys }, device, ask, now);
}

/** What a kiosk receives from a cursor to the end of the log. Without a cursor, everything, as for a new kiosk. */
export async function changesFor(
  source: Source,
  device: string,
  { cursor = '', ...o }: Omit<Ask, 'presenceAfter'> = {},
): Promise<{ readonly cursor: string; readonly changes: Change[] }> {
  const changes: Change[] = [];
  for (;;) {
    const page = await pageFor(source, device, { ...o, cursor });
    changes.push(...page.changes);
    ({ cursor } = page);
    if (!page.more) return { cursor, changes };
  }
}

/** Applies what the server sends to a kiosk’s real store, to the end of the log. @returns the changes in order */
export async function readInto(
  source: Source,
  store: Pick<Store, 'device' | 'roster'>,
  o: Pick<Ask, 'now'> = {},
): Promise<Change[]> {
  const changes: Change[] = [];
  for (let more = true; more; ) {
    const page = await pageFor(source, store.device, { ...o, cursor: store.roster.cursor });
    changes.push(...page.changes);
    await store.roster.apply({ ...page, first: page.first });
    ({ more } = page);
  }
  return changes;
}

/** A registered kiosk whose events are kept in memory. */
export class KnownKiosk {
  readonly box: MemoryOutbox;
  cursor = '';
  readonly #source: Source;

  constructor(source: Source, box = new MemoryOutbox()) {
    this.#source = source;
    this.box = box;
  }

  static async register(
    { db, logEpoch }: Pick<OpenDatabase, 'db' | 'logEpoch'>,
    keys: Keys,
    as: KnownAs = {},
  ): Promise<KnownKiosk> {
    return new KnownKiosk({ db, keys, logEpoch }, await registerKiosk(db, as));
  }

  /** The same kiosk after the server was restarted. */
  on({ db, logEpoch }: Pick<OpenDatabase, 'db' | 'logEpoch'>, keys: Keys): KnownKiosk {
    return new KnownKiosk({ db, keys, logEpoch }, this.box);
  }

  get id(): string {
    return this.box.device;
  }

  /** Sends what has not been sent yet. @param undoDays days in which a deletion here can be undone */
  send(now = new Date(), undoDays = 0): Promise<void> {
    return deliverAll(this.#source.db, this.#source.keys, this.id, this.box, { now, undoDays });
  }

  page(o: Ask & { readonly logEpoch?: string } = {}): Promise<ChangesPage> {
    const { logEpoch = this.#source.logEpoch } = o;
    return pageFor({ ...this.#source, logEpoch }, this.id, { ...o, cursor: this.cursor });
  }

  apply({ cursor }: ChangesPage): void {
    this.cursor = cursor;
  }

  /** Reads the change log to its end, applying each page. @returns the changes in order */
  async read(o: Ask = {}): Promise<Change[]> {
    const changes: Change[] = [];
    for (let more = true; more; ) {
      const page = await this.page(o);
      this.apply(page);
      changes.push(...page.changes);
      ({ more } = page);
    }
    return changes;
  }
}
