import type { Method, Open } from '../../../sync/protocol/wire/event.ts';
import type { CheckReport, WorkOptions } from './check.ts';
import type { Checkins } from './checkins.ts';
import type { DeviceState } from './device-state.ts';
import type { EventRecords } from './event-records.ts';
import type { Lockouts } from './lockouts.ts';
import type { Lookalikes, Marking } from './lookalikes.ts';
import type { Outbox } from './outbox.ts';
import type { PendingPhotos } from './pending.ts';
import type { PersonRecords } from './person-records.ts';
import type { Photos } from './photos.ts';
import type { Pins } from './pins.ts';
import type { PresenceRecords } from './presence.ts';
import type { RekeyReport } from './rekey.ts';
import type { Removal } from './removal.ts';
import type { Roster } from './roster.ts';
import type { Settings } from './settings.ts';
import type { Templates } from './templates.ts';

/** What a class offers: something else may stand for it in a test. */
type Public<T> = Pick<T, keyof T>;

/**
 * The kiosk's store, in parts: who uses it names those it needs (`Pick<Store, 'people' | 'checkins'>`). Everything is
 * synchronous but files: SQLCipher answers in fractions of a millisecond, and a synchronous transaction can't be half done
 * when the process dies. Each write is one durable transaction: when it returns, it is on disk (synchronous=FULL).
 */
export interface Store {
  readonly people: Public<PersonRecords>;
  readonly templates: Public<Templates>;
  readonly pins: Public<Pins>;
  /** Pairs of people that a face alone can't distinguish. */
  readonly lookalikes: Public<Lookalikes>;
  readonly checkins: Public<Checkins>;
  readonly photos: Public<Photos>;
  /** Where people were last recorded, and evacuations. */
  readonly presence: Public<PresenceRecords>;
  /** Pictures of an import that wait for staff's word. */
  readonly imports: Public<PendingPhotos>;
  readonly events: Public<EventRecords>;
  readonly settings: Public<Settings>;
  readonly lockouts: Public<Lockouts>;
  /** What the server has not yet committed. */
  readonly outbox: Public<Outbox>;
  /** What the server sends of people, and for all kiosks. */
  readonly roster: Public<Roster>;
  /** What the server sends to this one device. */
  readonly deviceState: Public<DeviceState>;
  readonly removal: Public<Removal>;
  readonly device: string;
  readonly epoch: string;
  /** Schema of this store, and the lowest schema whose builds can open it. */
  readonly format: { readonly schema: number; readonly minReader: number };
  /** From now on events carry this offset (trusted minus claimed time, ms), and age by it. */
  useTrustedTime(offset: () => number): void;
  /** Reads and verifies everything; see check.ts. */
  check(options?: WorkOptions): Promise<CheckReport>;
  /** Puts the store under a new key, and closes it: it has to be opened again. See rekey.ts. */
  rekey(options?: WorkOptions): Promise<RekeyReport>;
  readonly closed: boolean;
  close(): void;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly number: string | null;
  readonly language: string;
  readonly templates: number;
  readonly hasPin: boolean;
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

export interface NewTemplate {
  readonly pose: string;
  readonly model: string;
  readonly embedding: Float32Array;
  /** Of its picture, 0 to 100 (models/rules/quality.ts); absent: not known. */
  readonly quality?: number;
}

export interface NewPerson {
  readonly id: string;
  readonly name: string;
  readonly number: string | null;
  readonly language: string;
  /** Null for someone without a face here: number and PIN need no consent. */
  readonly consent: GivenConsent | null;
  readonly templates: readonly NewTemplate[];
  /** In place of templates: what the person's card alone opens, and how many templates that is. */
  readonly card?: CardTemplate & { readonly count: number };
  /** Encoded picture of the enrolment; sealed into the vault under the person's key. */
  readonly photo: Uint8Array | null;
  /** Hash of the person's PIN as stored (pin/stored-pin.ts). */
  readonly pinHash: string | null;
  /** Others with similar faces: each is marked as their lookalike from the start. */
  readonly lookalikes?: { readonly others: readonly string[]; readonly marking: Marking };
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
