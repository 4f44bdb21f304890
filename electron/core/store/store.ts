import type { Random } from '../keys/envelope.ts';
import type { KioskKeys } from '../keys/index.ts';
import type { Vault } from '../vault/vault.ts';
import { type CheckReport, checkStore, type WorkOptions } from './check.ts';
import { Checkins } from './checkins.ts';
import type { Clock } from './clock.ts';
import { type Connection, disconnect } from './database.ts';
import { DeviceState } from './device-state.ts';
import { EventRecords } from './event-records.ts';
import type { Store } from './interface.ts';
import { Lockouts } from './lockouts.ts';
import { Lookalikes } from './lookalikes.ts';
import { readMeta } from './migrations.ts';
import { Outbox } from './outbox.ts';
import { PendingPhotos } from './pending.ts';
import { PersonRecords } from './person-records.ts';
import { Photos } from './photos.ts';
import { Pins } from './pins.ts';
import { PresenceRecords } from './presence.ts';
import { type RekeyReport, rekeyStore } from './rekey.ts';
import { Removal } from './removal.ts';
import { Reserve } from './reserve.ts';
import { Roster } from './roster.ts';
import { Session } from './session.ts';
import { Settings } from './settings.ts';
import { Templates } from './templates.ts';

/** What a store consists of, besides its connection. */
export interface StoreParts {
  readonly home: string;
  readonly keys: KioskKeys;
  readonly device: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly vault: Vault;
  /** True if this opening created the store: its epoch may be appended to. */
  readonly created: boolean;
  readonly closed: () => void;
}

/** See interface.ts. SQLite errors are turned into Problems; a failed write leaves nothing behind. */
export class SqlStore implements Store {
  readonly parts: StoreParts;
  readonly connection: Connection;
  /** For check, rekey and tests: the state that the parts share. */
  readonly session: Session;
  readonly people: PersonRecords;
  readonly templates: Templates;
  readonly pins: Pins;
  readonly lookalikes: Lookalikes;
  readonly checkins: Checkins;
  readonly photos: Photos;
  readonly presence: PresenceRecords;
  readonly imports: PendingPhotos;
  readonly events: EventRecords;
  readonly settings: Settings;
  readonly lockouts: Lockouts;
  readonly outbox: Outbox;
  readonly roster: Roster;
  readonly deviceState: DeviceState;
  readonly removal: Removal;
  #closed = false;
  #offset: (() => number) | null = null;

  constructor(parts: StoreParts, connection: Connection) {
    const { clock, created, home } = parts;
    this.parts = parts;
    this.connection = connection;
    const trusting: Clock = {
      bootId: clock.bootId,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      offset: () => (this.#offset ? this.#offset() : clock.offset()),
    };
    const reserve = new Reserve(home);
    const session = new Session({ ...parts, db: connection.db, clock: trusting, reserve, own: created });
    this.session = session;
    this.settings = new Settings(session);
    this.lockouts = new Lockouts(session);
    this.events = new EventRecords(session, this.settings);
    this.photos = new Photos(session);
    this.imports = new PendingPhotos(session);
    this.removal = new Removal(session, this.imports);
    this.lookalikes = new Lookalikes(session);
    this.templates = new Templates(session, this.photos);
    this.pins = new Pins(session);
    this.people = new PersonRecords(session, this);
    this.checkins = new Checkins(session, this.photos, this.lookalikes);
    this.presence = new PresenceRecords(session, this.settings);
    this.outbox = new Outbox(session, this.settings);
    this.deviceState = new DeviceState(session, this.settings);
    this.roster = new Roster(session, this, this.outbox);
  }

  get device(): string {
    return this.parts.device;
  }

  get epoch(): string {
    return this.session.log.epoch.id;
  }

  get format(): { readonly schema: number; readonly minReader: number } {
    const { db } = this.session;
    return { schema: Number(readMeta(db, 'schema')), minReader: Number(readMeta(db, 'minReader')) };
  }

  useTrustedTime(offset: () => number): void {
    this.#offset = offset;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    disconnect(this.connection);
    this.parts.closed();
  }

  check(options: WorkOptions = {}): Promise<CheckReport> {
    return checkStore(this, options);
  }

  rekey(options: WorkOptions = {}): Promise<RekeyReport> {
    return rekeyStore(this, options);
  }

  scrubLog(): void {
    this.session.scrubLog();
  }

  /** See Reserve. */
  keepReserve(): boolean {
    return this.session.reserve.keep();
  }
}
