import {
  type EventType,
  type Open,
  OpenBody,
  PersonalBody,
  type WireEvent,
} from '../../../sync/protocol/wire/event.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { keyObject, type Random } from '../keys/envelope.ts';
import type { KioskKeys } from '../keys/index.ts';
import { fileKey, type Vault } from '../vault/vault.ts';
import { type CheckReport, checkStore, type WorkOptions } from './check.ts';
import { CheckinWrites } from './checkin-writes.ts';
import { Checkins, instant } from './checkins.ts';
import type { Clock } from './clock.ts';
import { type Connection, disconnect } from './connection.ts';
import { guarded } from './database.ts';
import { DeviceState } from './device-state.ts';
import { wireValues } from './events.ts';
import { headerOf, uuidText } from './header.ts';
import type {
  AppendedEvent,
  CardTemplate,
  Checkin,
  CheckinQuery,
  Credential,
  IssuedCard,
  Lockout,
  NewCheckin,
  NewEvent,
  NewPerson,
  Person,
  PersonChange,
  Reenrolment,
  Store,
  Template,
  Whereabouts,
} from './interface.ts';
import { asPerson, newPersonKeys } from './known.ts';
import { type LookalikePair, Lookalikes, type Marking } from './lookalikes.ts';
import { readMeta } from './migrations.ts';
import { Outbox } from './outbox.ts';
import { PendingPhotos, PendingRows } from './pending.ts';
import { type Outcome, PersonWrites } from './person-writes.ts';
import { Purge } from './purge.ts';
import { type RekeyReport, rekeyStore } from './rekey.ts';
import { Reserve } from './reserve.ts';
import { Roster } from './roster.ts';
import { Rows } from './rows.ts';
import { type Session, startSession } from './session.ts';
import { type StaffEvent, staffEvents } from './staff-log.ts';
import { SyncSide } from './sync-side.ts';
import { type OngoingEvacuation, WhereaboutsRows } from './whereabouts.ts';

/** What a store is made of, besides its connection. */
export interface StoreParts {
  readonly home: string;
  readonly keys: KioskKeys;
  readonly device: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly vault: Vault;
  /** Made by this opening: its epoch may be appended to. */
  readonly created: boolean;
  readonly closed: () => void;
}

/** See interface.ts. Errors of SQLite come out as Problems; a failed write leaves nothing behind. */
export class SqlStore implements Store {
  readonly parts: StoreParts;
  readonly connection: Connection;
  /** For check, rekey and tests: the parts behind the interface. */
  readonly session: Session;
  readonly #checkins: Checkins;
  readonly #rows: Rows;
  readonly #outbox: Outbox;
  readonly #purge: Purge;
  readonly #people: PersonWrites;
  readonly #whereabouts: WhereaboutsRows;
  readonly #lookalikes: Lookalikes;
  readonly #reserve: Reserve;
  readonly #checkinWrites: CheckinWrites;
  /** What the sync needs of the store. */
  readonly sync: SyncSide;
  /** Pictures of an import that wait for staff's word. */
  readonly imports: PendingPhotos;
  #closed = false;
  #offset: (() => number) | null = null;

  constructor(parts: StoreParts, connection: Connection) {
    const { keys, device, clock, random, home, vault, created } = parts;
    const { db } = connection;
    this.parts = parts;
    this.connection = connection;
    this.#reserve = new Reserve(home);
    const trusting: Clock = {
      bootId: clock.bootId,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      offset: () => (this.#offset ? this.#offset() : clock.offset()),
    };
    const trustedNow = () => trusting.now() + trusting.offset();
    const session = startSession({ db, keys: keys.current, device, clock: trusting, random, own: created });
    this.session = session;
    this.#checkins = new Checkins(session);
    this.#rows = new Rows(db);
    this.#outbox = new Outbox(db, session.log);
    const pending = new PendingRows(session, keyObject(keys.current.subkey('vault')));
    const purge = new Purge(session, pending);
    this.#purge = purge;
    this.#lookalikes = new Lookalikes(session, device, trustedNow);
    this.#people = new PersonWrites(session, this.#checkins, purge, this.#lookalikes, trusting.now);
    this.#whereabouts = new WhereaboutsRows(session, this.#rows, device);
    const deviceState = new DeviceState(session, this.#rows);
    const roster = new Roster(session, purge, this.#rows, deviceState, this.#whereabouts, this.#lookalikes, trustedNow);
    const [checkins, lookalikes] = [this.#checkins, this.#lookalikes];
    this.#checkinWrites = new CheckinWrites(() => ({ session, checkins, lookalikes }), vault, this.#reserve);
    const [outbox, rows, whereabouts] = [this.#outbox, this.#rows, this.#whereabouts];
    const liveSync = { session, outbox, purge, roster, whereabouts, deviceState, rows };
    this.sync = new SyncSide(() => liveSync, vault, this.#reserve);
    const livePending = { session, pending, now: trustedNow };
    this.imports = new PendingPhotos(
      () => livePending,
      vault,
      this.#reserve,
      keys,
      () => this.#removed(),
    );
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

  get closed(): boolean {
    return this.#closed;
  }

  useTrustedTime(offset: () => number): void {
    this.#offset = offset;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    disconnect(this.connection);
    this.parts.closed();
  }

  #transaction<T>(work: () => T): T {
    return this.#reserve.durably(() => this.session.log.transaction(work));
  }

  /** A change of people: memory follows when it is committed. */
  #change<T>(work: () => Outcome<T>): T {
    const { result, committed } = this.#transaction(work);
    committed();
    return result;
  }

  // People

  person(id: string): Person | null {
    const known = this.session.people.known(id);
    return known && asPerson(known);
  }

  personByNumber(number: string): Person | null {
    const known = this.session.people.byTypedNumber(number);
    return known && asPerson(known);
  }

  personByCredential(credential: Credential): Person | null {
    const known = this.session.people.byCredential(credential);
    return known && asPerson(known);
  }

  findPeople(query: string, limit: number): Person[] {
    return this.session.people.find(query, limit).map(asPerson);
  }

  allPeople(): Person[] {
    return this.session.people.all().map(asPerson);
  }

  countPeople(): number {
    return this.session.people.count;
  }

  templates(model: string): IterableIterator<Template> {
    return this.session.people.secrets.templates(model);
  }

  templatesOf(person: string, model: string): Template[] {
    const known = this.session.people.known(person);
    return known ? guarded(() => this.session.people.secrets.templatesOf(known, model)) : [];
  }

  cardTemplate(person: string): CardTemplate | null {
    const known = this.session.people.known(person);
    return known && guarded(() => this.session.people.secrets.cardTemplateOf(known));
  }

  pinHash(person: string): string | null {
    const known = this.session.people.known(person);
    return known && guarded(() => this.session.people.secrets.pinHash(known));
  }

  pinCode(person: string, now: number): string | null {
    const known = this.session.people.known(person);
    return known && guarded(() => this.session.people.secrets.pinCodeOf(known, now)?.hash ?? null);
  }

  reenrolments(): Reenrolment[] {
    const rows = guarded(() => this.session.db.prepare('SELECT person, reason FROM reenrolment').all()) as {
      person: Buffer;
      reason: string;
    }[];
    return rows
      .flatMap(({ person, reason }) => {
        const known = this.session.people.known(uuidText(person));
        return known ? [{ person: asPerson(known), reason }] : [];
      })
      .sort((a, b) => a.person.name.localeCompare(b.person.name));
  }

  inPair(person: string): boolean {
    return guarded(() => this.#lookalikes.has(person));
  }

  enrolmentPhoto(person: string): string | null {
    const known = this.session.people.known(person);
    return known && guarded(() => this.#checkins.enrolmentPhoto(known));
  }

  lookalikes(): LookalikePair[] {
    return guarded(() => this.#lookalikes.list());
  }

  partners(person: string): string[] {
    return guarded(() => this.#lookalikes.partners(person));
  }

  markLookalikes(person: string, other: string, marking: Marking): void {
    this.session.people.require(person);
    this.session.people.require(other);
    this.#transaction(() => this.#lookalikes.mark(person, other, marking));
  }

  unmarkLookalikes(person: string, other: string, by: string | null): boolean {
    return this.#transaction(() => this.#lookalikes.unmark(person, other, by));
  }

  async addPerson(person: NewPerson): Promise<Person> {
    this.#people.requireNew(person);
    const { vault } = this.parts;
    const keys = newPersonKeys(this.parts.random);
    const record = this.session.log.newId();
    if (!person.photo) return this.#change(() => this.#people.add(person, keys, record, null));
    const where = { person: person.id, record: uuidText(record), keyVersion: 1, kind: 'enrolment' } as const;
    const photo = vault.seal(fileKey(keys.photos, where), where, person.photo);
    return vault.keep(photo, () => {
      this.#people.requireNew(person); // someone may have come first while the photo was written
      return this.#change(() => this.#people.add(person, keys, record, photo.address));
    });
  }

  addTemplates(person: string, templates: NewPerson['templates']): Template[] {
    return this.#change(() => this.#people.addTemplates(person, templates));
  }

  async enrolFace(id: string, templates: NewPerson['templates'], picture: Uint8Array): Promise<Template[]> {
    const { vault } = this.parts;
    const { people, log } = this.session;
    const known = people.require(id);
    const record = log.newId();
    const where = { person: id, record: uuidText(record), keyVersion: known.keyVersion, kind: 'enrolment' } as const;
    const photo = vault.seal(fileKey(people.photosKey(known), where), where, picture);
    const { templates: added, gone } = await vault.keep(photo, () => {
      // The person may have been deleted, and have come again, while the picture was written.
      if (this.session.people.require(id).ref !== known.ref)
        throw new Problem('person-unknown', 'this person was deleted meanwhile', 'Enrol the person again.');
      return this.#change(() => this.#people.enrolFace(id, templates, record, photo.address));
    });
    if (gone.length > 0) this.#removed();
    await vault.remove(gone);
    return added;
  }

  updatePerson(id: string, change: PersonChange): Person {
    return this.#change(() => this.#people.update(id, change));
  }

  setCardTemplate(person: string, card: CardTemplate & { readonly count: number }): void {
    this.#change(() => this.#people.setCardTemplate(person, card));
  }

  setPin(person: string, pinHash: string | null): void {
    this.#change(() => this.#people.setPin(person, pinHash));
  }

  choosePin(person: string, pinHash: string): void {
    this.#change(() => this.#people.setPin(person, pinHash, true));
  }

  carryPin(person: string, before: string, after: string): void {
    this.#change(() => this.#people.carryPin(person, before, after));
  }

  issueCard(person: string, card: IssuedCard | null, replacing: boolean): number {
    return this.#change(() => this.#people.issueCard(person, card, replacing));
  }

  async deletePerson(id: string): Promise<void> {
    const addresses = this.#change(() => this.#people.remove(id));
    this.#removed();
    await this.parts.vault.remove(addresses);
  }

  /** Old versions of deleted rows still are in the write-ahead log; this empties it. */
  scrubLog(): void {
    guarded(() => this.session.db.pragma('wal_checkpoint(TRUNCATE)'));
  }

  // Check-ins

  recordCheckin(checkin: NewCheckin): Promise<Checkin> {
    return this.#checkinWrites.record(checkin);
  }

  voidCheckin(id: string, reason: Open<'void'>['reason'], takenFor?: string): boolean {
    return this.#checkinWrites.void(id, reason, takenFor);
  }

  lastCheckin(person: string): Checkin | null {
    const n = this.session.people.known(person)?.recent.at(-1);
    return n === undefined ? null : guarded(() => this.#checkins.get(n));
  }

  whereabouts(since: string): Whereabouts[] {
    return guarded(() => this.#whereabouts.list(instant(since)));
  }

  staffEvents(limit: number): StaffEvent[] {
    return guarded(() => staffEvents(this.session.db, this.session.log, limit));
  }

  evacuation(): OngoingEvacuation | null {
    return guarded(() => this.#whereabouts.evacuation());
  }

  account(person: string, accounted: boolean, at: string): void {
    const known = this.session.people.require(person);
    this.#transaction(() => {
      const under = this.#whereabouts.evacuation();
      if (under) this.#whereabouts.account(known, accounted, instant(at), under.id);
    });
  }

  beginEvacuation(evacuation: OngoingEvacuation, report: Open<'health'>): void {
    this.#transaction(() => {
      if (this.#whereabouts.evacuation()) return;
      this.#whereabouts.setEvacuation(evacuation, 'begun');
      this.session.log.insert('health', report);
    });
  }

  endEvacuation(report: Open<'health'>): void {
    this.#transaction(() => {
      const under = this.#whereabouts.evacuation();
      if (!under) return;
      this.#whereabouts.setEvacuation(under, 'ended');
      this.session.log.insert('health', report);
    });
  }

  checkins(query: CheckinQuery): Checkin[] {
    return guarded(() => this.#checkins.list(query));
  }

  async openPhoto(photo: string): Promise<Uint8Array> {
    const { db, people } = this.session;
    const row = guarded(() =>
      db
        .prepare('SELECT kind, person, record, keyed FROM photo WHERE address = ?')
        .get(Buffer.from(photo, 'base64url')),
    ) as { kind: 'checkin' | 'enrolment'; person: number; record: Buffer; keyed: number } | undefined;
    const known = row && people.byRef(row.person);
    if (!row || !known)
      throw new Problem(
        'photo-unknown',
        'there is no such photo: it was purged, or its person deleted',
        'Nothing to do.',
      );
    const { kind } = row;
    const where = { person: known.id, record: uuidText(row.record), keyVersion: known.keyVersion, kind };
    const photos = people.photosKey(known);
    return this.parts.vault.read(row.keyed ? fileKey(photos, where) : photos, where, photo);
  }

  // Small rows

  lockout(subject: string): Lockout {
    return guarded(() => this.#rows.lockout(subject));
  }

  setLockouts(lockouts: Readonly<Record<string, Lockout>>): void {
    this.#transaction(() => this.#rows.setLockouts(lockouts));
  }

  pruneLockouts(before: number, latest: number): number {
    return this.#transaction(() => this.#rows.pruneLockouts(before, latest));
  }

  setting(key: string): string | null {
    return guarded(() => this.#rows.setting(key));
  }

  useCode(code: { digest: Uint8Array; issuedAt: number; until: number }, now: number): 'first' | 'used' | 'forgotten' {
    return this.#transaction(() => this.#rows.useCode(code, now));
  }

  setSetting(key: string, value: string): void {
    this.#transaction(() => this.#rows.setSetting(key, value));
  }

  // Events

  append<T extends EventType>(event: NewEvent<T>, settings: Readonly<Record<string, string>> = {}): AppendedEvent {
    const { type } = event;
    const open = OpenBody[type].parse(event.open) as object;
    const personal = PersonalBody[type].parse(event.personal) as { person?: string };
    const person = personal.person ? this.session.people.known(personal.person) : null;
    const inserted = this.#transaction(() => {
      for (const [key, value] of Object.entries(settings)) this.#rows.setSetting(key, value);
      return this.session.values.append(type, open, personal, person);
    });
    return { header: headerOf(inserted.parts), personal: wireValues(inserted.salted) };
  }

  pending(limit: number): WireEvent[] {
    return guarded(() => this.session.values.wire(this.#outbox.rows(limit)));
  }

  pendingCount(): number {
    return guarded(() => this.#outbox.count);
  }

  oldestPendingAt(): string | null {
    return guarded(() => this.#outbox.oldestAt);
  }

  acknowledge(epoch: string, marks: { committed: number; safe: number }): void {
    this.#transaction(() => this.#outbox.acknowledge(epoch, marks));
    this.session.log.refreshEpochs();
  }

  // Retention

  async purgePhotos(before: string): Promise<number> {
    const addresses = this.#transaction(() => this.#purge.photos(before));
    if (addresses.length > 0) this.#removed();
    await this.parts.vault.remove(addresses);
    return addresses.length;
  }

  purgeGps(before: string): number {
    const removed = this.#transaction(() => this.#purge.gps(before));
    if (removed > 0) this.#removed();
    return removed;
  }

  #removed(): void {
    this.sync.noteRemoval();
    this.scrubLog();
  }

  // Upkeep

  check(options: WorkOptions = {}): Promise<CheckReport> {
    return checkStore(this, options);
  }

  rekey(options: WorkOptions = {}): Promise<RekeyReport> {
    return rekeyStore(this, options);
  }

  /** See Reserve. */
  keepReserve(): boolean {
    return this.#reserve.keep();
  }
}
