import type {
  EventHeader,
  EventType,
  Method,
  Open,
  Personal,
  SaltedValue,
  WireEvent,
} from '../../../sync/protocol/wire/event.ts';
import type { CheckReport, WorkOptions } from './check.ts';
import type { LookalikePair, Marking } from './lookalikes.ts';
import type { PendingPhotos } from './pending.ts';
import type { RekeyReport } from './rekey.ts';
import type { StaffEvent } from './staff-log.ts';
import type { SyncSide } from './sync-side.ts';
import type { OngoingEvacuation } from './whereabouts.ts';

/**
 * The kiosk's store, split into reads and writes (typed once, used by every service of the core). Everything is
 * synchronous: SQLCipher answers in fractions of a millisecond, and a synchronous transaction can't be half done when
 * the process dies. Each write is one durable transaction: when it returns, it is on disk (synchronous=FULL).
 */
export interface Store extends StoreReads, StoreWrites {
  /** What the sync needs beyond the outbox. */
  readonly sync: SyncSide;
  /** Pictures of an import that wait for staff's word. */
  readonly imports: PendingPhotos;
  /** From now on events carry this offset (trusted minus claimed time, ms), and age by it. */
  useTrustedTime(offset: () => number): void;
  /** Reads and verifies everything; see check.ts. */
  check(options?: WorkOptions): Promise<CheckReport>;
  /** Puts the store under a new key, and closes it: it has to be opened again. See rekey.ts. */
  rekey(options?: WorkOptions): Promise<RekeyReport>;
  readonly closed: boolean;
  close(): void;
}

/** One event to append. The store gives it id, sequence, time, salts, commitments and `prev`. */
export interface NewEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly open: Open<T>;
  readonly personal: Personal<T>;
}

export interface AppendedEvent {
  readonly header: EventHeader;
  readonly personal: Readonly<Record<string, SaltedValue>>;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly number: string | null;
  readonly language: string;
  readonly templates: number;
  readonly hasPin: boolean;
  /** Printed cards that count. */
  readonly cards: number;
  readonly gpsOptOut: boolean;
  /** RFC 3339 with ms. */
  readonly enrolledAt: string;
}

/** An L2-normalised embedding of one model, of one pose or session of a person. */
export interface Template {
  readonly id: string;
  readonly person: string;
  readonly model: string;
  readonly pose: string;
  readonly embedding: Float32Array;
}

/** What a person's card opens (seal/card-template.ts): `id` names the card; unpadded base64url. */
export interface CardTemplate {
  readonly id: string;
  readonly model: string;
  readonly sealed: string;
}

export interface Checkin {
  readonly id: string;
  readonly person: string | null;
  readonly name: string | null;
  readonly direction: 'in' | 'out';
  readonly at: string;
  readonly method: Method;
  readonly liveness: string;
  readonly score: number | null;
  readonly second: number | null;
  readonly threshold: number | null;
  readonly galleryPeople: number | null;
  readonly model: string | null;
  readonly photo: string | null;
  /** Code of why a photo that was taken could not be kept, e.g. `storage-full`: attendance counts all the same. */
  readonly photoLost?: string;
  readonly voided: boolean;
  readonly acked: boolean;
}

export interface CheckinQuery {
  readonly limit: number;
  /** Only those that claim an earlier time (RFC 3339). */
  readonly before?: string;
  /** Only those that come after this check-in (id) in the list, which is to say older records: for reading in pieces. */
  readonly after?: string;
}

/** What was agreed to, and who agreed: the person, or a guardian for someone below the age of consent. */
export interface GivenConsent {
  readonly textVersion: string;
  readonly language: string;
  /** `bornOn`: the person's day of birth, `YYYY-MM-DD`. It goes to the server with the consent; here nothing reads it again. */
  readonly minor?: { readonly bornOn: string; readonly guardian: string; readonly relation: string };
}

export interface NewPerson {
  readonly id: string;
  readonly name: string;
  readonly number: string | null;
  readonly language: string;
  /** Null for someone without a face here: number and PIN need no consent. */
  readonly consent: GivenConsent | null;
  readonly templates: readonly { readonly pose: string; readonly model: string; readonly embedding: Float32Array }[];
  /** In place of templates: what the person's card alone opens, and how many templates that is. */
  readonly card?: CardTemplate & { readonly count: number };
  /** Encoded picture of the enrolment; sealed into the vault under the person's key. */
  readonly photo: Uint8Array | null;
  /** As the person's PIN is stored (pin/stored-pin.ts). */
  readonly pinHash: string | null;
  /** Whose face is like theirs, and is someone else's: they are a pair of lookalikes from the first moment. */
  readonly lookalike?: { readonly other: string; readonly marking: Marking };
}

/**
 * The opt-out from positions takes effect at once: such a person's check-ins carry none. The server is notified, and
 * notifies the other kiosks.
 */
export interface PersonChange {
  readonly name?: string;
  readonly number?: string | null;
  readonly language?: string;
  readonly gpsOptOut?: boolean;
}

export interface NewCheckin {
  readonly person: string;
  readonly open: Open<'checkin'>;
  readonly score: number | null;
  readonly second: number | null;
  /** Encoded verification photo; sealed into the vault under the person's key and bound to this record. */
  readonly photo: Uint8Array | null;
  /** Sealed position, already unreadable here. */
  readonly gps: string | null;
  /** Why staff records it by hand. */
  readonly reason?: string;
}

/** What a reader or a scanner brought: SHA-256 (unpadded base64url) of what a printed card carries, or a badge's number. */
export interface Credential {
  readonly kind: 'card' | 'badge';
  readonly value: string;
}

/** A printed card as it is kept: `hash` is SHA-256 of what it carries, unpadded base64url. */
export interface IssuedCard {
  readonly id: string;
  readonly hash: string;
}

/** Someone who is to be enrolled again, and why, as a code. */
export interface Reenrolment {
  readonly person: Person;
  readonly reason: string;
}

/** Attempts against one secret (a person's PIN, the staff PIN): survives a restart. */
export interface Lockout {
  readonly failures: number;
  /** Trusted time in ms since 1970 until which no attempt is taken; 0 when none. */
  readonly until: number;
  /** Trusted time in ms since 1970 of the last failure; 0 when none. */
  readonly at: number;
}

/** The newest standing record of someone, from whichever kiosk of the site. */
export interface Whereabouts {
  readonly person: Person;
  readonly direction: 'in' | 'out';
  /** RFC 3339. */
  readonly at: string;
  /** Recorded here; else sent by the server. */
  readonly here: boolean;
  /**
   * When someone saw them outside in the evacuation under way, and at which kiosk (null: the console says so). Null:
   * missing.
   */
  readonly accounted: { readonly at: string; readonly device: string | null } | null;
}

export interface StoreReads {
  readonly device: string;
  readonly epoch: string;
  /** Schema of this store, and the lowest whose builds can open it. */
  readonly format: { readonly schema: number; readonly minReader: number };
  person(id: string): Person | null;
  personByNumber(number: string): Person | null;
  /** Null when nobody has it, or two people have. */
  personByCredential(credential: Credential): Person | null;
  /** At most `limit` people whose name or number begins with `query`, case-insensitive. */
  findPeople(query: string, limit: number): Person[];
  allPeople(): Person[];
  countPeople(): number;
  /** Every template of one model, decrypted one by one. */
  templates(model: string): IterableIterator<Template>;
  templatesOf(person: string, model: string): Template[];
  /** As it is stored (pin/stored-pin.ts). */
  pinHash(person: string): string | null;
  /** Hash of the code by which this person may choose a PIN here, now (trusted time, ms since 1970); null: none. */
  pinCode(person: string, now: number): string | null;
  /** The picture of a person's enrolment here (`openPhoto`); null: there is none. */
  enrolmentPhoto(person: string): string | null;
  /** Whether this person is one of a pair of lookalikes: no face alone identifies them. */
  inPair(person: string): boolean;
  /** Pairs of lookalikes, newest first. */
  lookalikes(): LookalikePair[];
  /** The person this one is a pair of lookalikes with. */
  partners(person: string): string[];
  /** Who is to be enrolled again, by the server's word, by name. */
  reenrolments(): Reenrolment[];
  /** What the person's card opens; null: their templates are on no card. */
  cardTemplate(person: string): CardTemplate | null;
  lockout(subject: string): Lockout;
  /** The newest check-in of a person that was not voided: what "the opposite of the last one" and repeats go by. */
  /** The last one that counts: none that was voided. */
  lastCheckin(person: string): Checkin | null;
  /** Newest first. */
  checkins(query: CheckinQuery): Checkin[];
  /** Of everybody who was recorded since (RFC 3339). */
  whereabouts(since: string): Whereabouts[];
  /** Of this site, as far as is known here; null: none goes on. */
  evacuation(): OngoingEvacuation | null;
  /** What staff did at this kiosk, newest first, from the events that are still here. */
  staffEvents(limit: number): StaffEvent[];
  setting(key: string): string | null;
  /** Unacknowledged events in sequence order, oldest epoch first. */
  pending(limit: number): WireEvent[];
  pendingCount(): number;
  oldestPendingAt(): string | null;
  /** Opens a photo of the vault; throws a Problem when it was altered, swapped or its key destroyed. */
  openPhoto(photo: string): Promise<Uint8Array>;
}

export interface StoreWrites {
  /**
   * Person, consent, templates, PIN and photo, with their events, in one transaction.
   * @throws RangeError for templates or a photo without a consent
   */
  addPerson(person: NewPerson): Promise<Person>;
  addTemplates(person: string, templates: NewPerson['templates']): Template[];
  /** As `addTemplates`, and the picture of this enrolment takes the place of the one before, whose file goes. */
  enrolFace(person: string, templates: NewPerson['templates'], picture: Uint8Array): Promise<Template[]>;
  /** Changes what is given; under the next row version, so that the old values can't be put back. */
  updatePerson(id: string, change: PersonChange): Person;
  /** The person has a new card: what the one before opened is gone. */
  setCardTemplate(person: string, card: CardTemplate & { readonly count: number }): void;
  setPin(person: string, pinHash: string | null): void;
  /** As `setPin`, and the code that allowed it is used up. */
  choosePin(person: string, pinHash: string): void;
  /** The PIN that is stored as `before` is stored as `after` from now on, and the server hears of it. */
  carryPin(person: string, before: string, after: string): void;
  /**
   * Keeps a card that was made here; null: none. How many cards of before were revoked, which is all of them where it takes
   * their place and none where it does not.
   */
  issueCard(person: string, card: IssuedCard | null, replacing: boolean): number;
  /** Destroys the person's key, rows, templates and photos; appends the event. What the chain committed to stays unguessable. */
  deletePerson(id: string): Promise<void>;
  /** The record and its event, which is in the outbox from then on: durable when this returns. */
  recordCheckin(checkin: NewCheckin): Promise<Checkin>;
  /**
   * @param takenFor whose face was nearly as like, where someone says that they are not who was recognised
   * @returns whether that made the two a pair of lookalikes
   */
  voidCheckin(id: string, reason: Open<'void'>['reason'], takenFor?: string): boolean;
  /** From now on no face alone identifies either of the two. @throws Problem `person-unknown` */
  markLookalikes(person: string, other: string, marking: Marking): void;
  /** They are identified by their faces again. @returns whether they were a pair */
  unmarkLookalikes(person: string, other: string, by: string | null): boolean;
  /** Keeps these lockouts by subject, in one transaction; those without failures are dropped. */
  setLockouts(lockouts: Readonly<Record<string, Lockout>>): void;
  /**
   * Drops lockouts whose last failure and lock lie before `before`; how many. What lies after `latest` (a clock was
   * wrong) is put there, or it would stay for ever. Both trusted time, ms since 1970.
   */
  pruneLockouts(before: number, latest: number): number;
  /**
   * Marks someone as accounted for in the evacuation under way, or as missing again; `at` is RFC 3339.
   * @throws Problem `person-unknown`
   */
  account(person: string, accounted: boolean, at: string): void;
  /**
   * Begins an evacuation, where none goes on, or ends the one that does; no mark of before stays. `report` has its
   * counts.
   */
  beginEvacuation(evacuation: OngoingEvacuation, report: Open<'health'>): void;
  endEvacuation(report: Open<'health'>): void;
  setSetting(key: string, value: string): void;
  /**
   * Notes that a person's own code was used here; whether it may be, the first time. Durable when this returns.
   * @param code `digest` names it; `issuedAt` and `until` (when it would be refused anyway) in ms of trusted time, as `now`
   */
  useCode(code: { digest: Uint8Array; issuedAt: number; until: number }, now: number): 'first' | 'used' | 'forgotten';
  /** @param settings what else belongs into its transaction, by setting */
  append<T extends EventType>(event: NewEvent<T>, settings?: Readonly<Record<string, string>>): AppendedEvent;
  /** The server has committed (and put into a backup) everything of `epoch` up to these sequence numbers. */
  acknowledge(epoch: string, marks: { committed: number; safe: number }): void;
  /**
   * Removes photos / positions of check-ins older than `before` (RFC 3339, trusted time) and appends a `purge` event;
   * how many went. Reported also where nothing is due: it is the kiosk's word that nothing older is here.
   */
  purgePhotos(before: string): Promise<number>;
  purgeGps(before: string): number;
}
