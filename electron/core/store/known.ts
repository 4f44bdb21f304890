import type { KeyObject } from 'node:crypto';
import { KEY_BYTES } from '../keys/derive.ts';
import { keyObject, type Place, type Random } from '../keys/envelope.ts';
import { badgeKey } from '../number-keys.ts';
import type { Credential, Person } from './interface.ts';

/** The part of a person that is encrypted as one value: created, changed and destroyed together. */
export interface Profile {
  readonly name: string;
  readonly number: string | null;
  readonly language: string;
}

/** A person as held in memory. */
export interface Known extends Profile {
  readonly ref: number;
  readonly id: string;
  readonly keyVersion: number;
  /** Decrypts names, templates and event values. */
  readonly records: KeyObject;
  readonly wrappedPhotos: Buffer;
  readonly rowVersion: number;
  readonly gpsOptOut: boolean;
  readonly enrolled: number;
  templates: number;
  hasPin: boolean;
  /** Cards and badges, as keys from `credentialKey`. */
  readonly credentials: readonly string[];
  /** Numbers of the newest valid check-ins, oldest first. */
  recent: number[];
}

/** Returns the key for a card or badge. */
export const credentialKey = ({ kind, value }: Credential): string =>
  kind === 'card' ? `card ${value}` : `badge ${badgeKey(value)}`;

const isCard = (key: string): boolean => key.startsWith('card ');

/** Who decided that no positions are recorded: the person here, the server, or both. */
export const OPTED_OUT = { here: 1, server: 2 } as const;

/** Returns the opt-out to store after a report by the server: an opt-out made only here is kept. */
export const optedOutBy = (stored: number, server: boolean): number =>
  server ? OPTED_OUT.server : stored & OPTED_OUT.here;

export const keyPlace = (kind: 'records' | 'photos', person: string, version: number): Place => ({
  field: `person-key.${kind}`,
  person,
  record: person,
  row: 1,
  key: version,
});

/** The keys of one person: for records (names, templates, event values) and for photos. */
export interface PersonKeys {
  readonly records: KeyObject;
  readonly photos: KeyObject;
}

export function newPersonKeys(random: Random): PersonKeys {
  return { records: keyObject(random(KEY_BYTES)), photos: keyObject(random(KEY_BYTES)) };
}

export function asPerson(known: Known): Person {
  const { id, name, number, language, templates, hasPin, gpsOptOut, credentials } = known;
  return {
    id,
    name,
    number,
    language,
    templates,
    hasPin,
    cards: credentials.filter(isCard).length,
    gpsOptOut,
    enrolledAt: new Date(known.enrolled).toISOString(),
  };
}
