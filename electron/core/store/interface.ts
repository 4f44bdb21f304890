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

/** A class's public interface, so that a test can replace it. */
type Public<T> = Pick<T, keyof T>;

/**
 * The kiosk's store, in parts: callers name those they need (`Pick<Store, 'people' | 'checkins'>`). Everything except files is
 * synchronous: SQLCipher answers in fractions of a millisecond, and a synchronous transaction can't be half done when the process
 * dies. Each write is one durable transaction: when it returns, it is on disk (synchronous=FULL).
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
  /** Pictures of an import that wait for a decision by staff. */
  readonly imports: Public<PendingPhotos>;
  readonly events: Public<EventRecords>;
  readonly settings: Public<Settings>;
  readonly lockouts: Public<Lockouts>;
  /** The events and photos that the server has not committed yet. */
  readonly outbox: Public<Outbox>;
  /** People and policy, as sent by the server for all kiosks. */
  readonly roster: Public<Roster>;
  /** What the server sends to this device only. */
  readonly deviceState: Public<DeviceState>;
  readonly removal: Public<Removal>;
  readonly device: string;
  readonly epoch: string;
  /** Schema of this store, and the oldest schema whose builds can open it. */
  readonly format: { readonly schema: number; readonly minReader: number };
  /** From now on events carry this offset (trusted minus claimed time, ms), and retention goes by it. */
  useTrustedTime(offset: () => number): void;
  /** Reads and verifies everything; see check.ts. */
  check(options?: WorkOptions): Promise<CheckReport>;
  /** Re-encrypts the store under a new key, and closes it: it has to be reopened. See rekey.ts. */
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

/** An L2-normalised embedding of one model, for one pose or session of a person. */
export interface Template {
  readonly id: string;
  readonly person: string;
  readonly model: string;
  readonly pose: string;
  readonly embedding: Float32Array;
}

/** The templates that a person's card opens (seal/card-template.ts). `id` names the card; `sealed` is unpadded base64url. */
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
  /** Why a photo that was taken could not be kept, as a code, e.g. `storage-full`. Attendance counts anyway. */
  readonly photoLost?: string;
  readonly voided: boolean;
  readonly acked: boolean;
}

export interface CheckinQuery {
  readonly limit: number;
  /** Only those with an earlier claimed time (RFC 3339). */
  readonly before?: string;
  /** Only those after this check-in (id) in the list, so older records: for reading in chunks. */
  readonly after?: string;
}

/** What was consented to, and by whose consent: the person's, or a guardian's for a person below the age of consent. */
export interface GivenConsent {
  readonly textVersion: string;
  readonly language: string;
  /** `bornOn`: the person's date of birth, `YYYY-MM-DD`. Sent to the server with the consent; nothing here reads it again. */
  readonly minor?: { readonly bornOn: string; readonly guardian: string; readonly relation: string };
}

export interface NewTemplate {
  readonly pose: string;
  readonly model: string;
  readonly embedding: Float32Array;
  /** Quality of its picture, 0 to 100 (models/rules/quality.ts); absent if unknown. */
  readonly quality?: number;
}

export interface NewPerson {
  readonly id: string;
  readonly name: string;
  readonly number: string | null;
  readonly language: string;
  /** Null for a person without a face here: number and PIN need no consent. */
  readonly consent: GivenConsent | null;
  readonly templates: readonly NewTemplate[];
  /** Replaces `templates` if only the person's card can decrypt them; `count` is their number. */
  readonly card?: CardTemplate & { readonly count: number };
  /** Encoded picture of the enrolment; encrypted in the vault under the person's key. */
  readonly photo: Uint8Array | null;
  /** Hash of the person's PIN as stored (pin/stored-pin.ts). */
  readonly pinHash: string | null;
  /** Other people with similar faces: each is marked as their lookalike from the start. */
  readonly lookalikes?: { readonly others: readonly string[]; readonly marking: Marking };
}

/**
 * A change of a person. Opting out of positions takes effect immediately: the person's check-ins carry none. The server is
 * notified, and notifies the other kiosks.
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
  /** Encoded verification photo; encrypted in the vault under the person's key and bound to this record. */
  readonly photo: Uint8Array | null;
  /** Encrypted position, which can't be decrypted here. */
  readonly gps: string | null;
  readonly reason?: string;
}

/** What a reader or scanner read: SHA-256 (unpadded base64url) of a printed card's code, or a badge's number. */
export interface Credential {
  readonly kind: 'card' | 'badge';
  readonly value: string;
}

/** A printed card as stored: `hash` is SHA-256 of its code, unpadded base64url. */
export interface IssuedCard {
  readonly id: string;
  readonly hash: string;
}

/** A person who has to be enrolled again, and the reason as a code. */
export interface Reenrolment {
  readonly person: Person;
  readonly reason: string;
}
