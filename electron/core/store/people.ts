import type { KeyObject } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { keyObject, open, type Place, type Random, seal } from '../keys/envelope.ts';
import type { StoreKeySet } from '../keys/index.ts';
import { bareNumber, numberKey } from '../number-keys.ts';
import type { Sql } from './database.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Credential, NewPerson } from './interface.ts';
import { credentialKey, type Known, keyPlace, OPTED_OUT, optedOutBy, type PersonKeys, type Profile } from './known.ts';
import { PersonSecrets } from './person-secrets.ts';

interface PersonRow {
  ref: number;
  id: Buffer;
  key_version: number;
  records_key: Buffer;
  photos_key: Buffer;
  row_version: number;
  profile: Buffer;
  enrolled: number;
  gps_opt_out: number;
  edited: number;
  removed_at: number | null;
}

export interface Stored {
  readonly known: Known;
  /** Number of the newest change of the profile that was made here; 0 if there was none. */
  readonly edited: number;
  /** No longer assigned to this kiosk's sites; the keys still exist. */
  readonly removed: boolean;
  /** Who decided that no positions are recorded: bits of OPTED_OUT. */
  readonly optedOut: number;
}

/** How many of a person's valid check-ins are kept in memory: the newest, and those a `void` brings back. */
export const RECENT = 4;

const profilePlace = (p: { id: string; rowVersion: number; keyVersion: number }): Place => ({
  field: 'person.profile',
  person: p.id,
  record: p.id,
  row: p.rowVersion,
  key: p.keyVersion,
});
/** Normalises names for searching, ignoring case. Turkish has a dotted and a dotless i, each with its own capital letter. */
const fold = (text: string): string =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/ı|i\u0307/g, 'i');
/** Removes accents as well, for people who type none. */
const withoutAccents = (folded: string): string => folded.normalize('NFD').replaceAll(/\p{M}/gu, '');

/**
 * The people of this kiosk: each has their own keys, under which everything about them is encrypted. Names are needed for search
 * and greeting, so they are decrypted once, when the store opens, into memory; templates and PINs on demand.
 */
export class People {
  readonly #sql: Sql;
  readonly #kek: KeyObject;
  readonly #vaultKek: KeyObject;
  readonly #random: Random;
  readonly #byId = new Map<string, Known>();
  readonly #byRef = new Map<number, Known>();
  /** The server may give a number to two people (each enrolled at another door). Here it belongs to the first. */
  readonly #byNumber = new Map<string, readonly Known[]>();
  readonly #byBareNumber = new Map<string, readonly Known[]>();
  /** A badge or card assigned to several people opens nothing. */
  readonly #byCredential = new Map<string, readonly Known[]>();
  /** Templates, PINs, cards and badges. */
  readonly secrets: PersonSecrets;

  constructor(sql: Sql, keys: StoreKeySet, random: Random) {
    const { db } = sql;
    this.#sql = sql;
    this.#kek = keyObject(keys.subkey('personKeys'));
    this.#vaultKek = keyObject(keys.subkey('vault'));
    this.#random = random;
    this.secrets = new PersonSecrets(sql, random);
    const templates = new Map(
      db.prepare('SELECT person, count(*) FROM template GROUP BY person').raw().all() as [number, number][],
    );
    const pins = new Set(sql.values<number>('SELECT person FROM pin'));
    const bearers = new Set(sql.values<number>('SELECT person FROM credential'));
    for (const row of db.prepare('SELECT * FROM person').iterate() as IterableIterator<PersonRow>) {
      const known = this.#openRow(row, templates.get(row.ref) ?? 0, pins.has(row.ref), bearers.has(row.ref));
      if (row.removed_at === null) this.#remember(known);
      else this.#byRef.set(known.ref, known);
    }
    for (const [n, ref] of db
      .prepare('SELECT n, person FROM checkin WHERE person IS NOT NULL AND voided IS NULL ORDER BY n')
      .raw()
      .iterate() as IterableIterator<[number, number]>) {
      this.noteCheckin(this.#byRef.get(ref)!, n);
    }
  }

  #openRow(row: PersonRow, templates: number, hasPin: boolean, bearer: boolean): Known {
    const id = uuidText(row.id);
    const records = keyObject(open(this.#kek, keyPlace('records', id, row.key_version), row.records_key));
    const head = { id, rowVersion: row.row_version, keyVersion: row.key_version };
    const profile = JSON.parse(open(records, profilePlace(head), row.profile).toString('utf8')) as Profile;
    const known: Known = {
      ...profile,
      ...head,
      ref: row.ref,
      records,
      wrappedPhotos: row.photos_key,
      gpsOptOut: row.gps_opt_out !== 0,
      enrolled: row.enrolled,
      templates,
      hasPin,
      credentials: [],
      recent: [],
    };
    return bearer ? { ...known, credentials: this.secrets.credentialsOf(known).map(credentialKey) } : known;
  }

  /** Reads a person from the file: memory is only as current as the last commit. */
  stored(id: string): Stored | null {
    const row = this.#sql.row<PersonRow>('SELECT * FROM person WHERE id = ?', uuidBytes(id));
    if (!row) return null;
    const count = (table: 'template' | 'pin' | 'credential') =>
      this.#sql.value<number>(`SELECT count(*) FROM ${table} WHERE person = ?`, row.ref)!;
    const known = this.#openRow(row, count('template'), count('pin') > 0, count('credential') > 0);
    return { known, edited: row.edited, removed: row.removed_at !== null, optedOut: row.gps_opt_out };
  }

  /** Updates memory from the file; `ref` is the one that memory may still have. */
  refresh(id: string, ref: number): void {
    const before = this.#byRef.get(ref);
    if (before) this.forget(before);
    const now = this.stored(id);
    if (!now) return;
    const known = { ...now.known, recent: before?.ref === now.known.ref ? before.recent : [] };
    if (now.removed) this.#byRef.set(known.ref, known);
    else this.#remember(known);
  }

  forgetRefs(refs: readonly number[]): void {
    for (const ref of refs) {
      const known = this.#byRef.get(ref);
      if (known) this.forget(known);
    }
  }

  #remember(person: Known): void {
    this.#byId.set(person.id, person);
    this.#byRef.set(person.ref, person);
    for (const key of person.credentials) addTo(this.#byCredential, key, person);
    if (person.number === null) return;
    addTo(this.#byNumber, numberKey(person.number), person);
    addTo(this.#byBareNumber, bareNumber(person.number), person);
  }

  forget(person: Known): void {
    this.#byRef.delete(person.ref);
    if (this.#byId.get(person.id)?.ref === person.ref) this.#byId.delete(person.id);
    for (const key of person.credentials) takeFrom(this.#byCredential, key, person);
    if (person.number === null) return;
    takeFrom(this.#byNumber, numberKey(person.number), person);
    takeFrom(this.#byBareNumber, bareNumber(person.number), person);
  }

  get count(): number {
    return this.#byId.size;
  }

  known(id: string): Known | null {
    return this.#byId.get(id) ?? null;
  }

  byRef(ref: number): Known | null {
    return this.#byRef.get(ref) ?? null;
  }

  /** @throws Problem `person-unknown` */
  require(id: string): Known {
    const person = this.#byId.get(id);
    if (!person) throw new Problem('person-unknown');
    return person;
  }

  byNumber(number: string): Known | null {
    return this.#byNumber.get(numberKey(number))?.[0] ?? null;
  }

  /** Returns the person with this number; else the only one whose number has these letters and digits. */
  byTypedNumber(number: string): Known | null {
    const exact = this.byNumber(number);
    if (exact) return exact;
    const bare = bareNumber(number);
    const [one, another] = (bare !== '' && this.#byBareNumber.get(bare)) || [];
    return one && !another ? one : null;
  }

  /** Returns null if no one has it, or several people do: then it is unclear whose it is. */
  byCredential(credential: Credential): Known | null {
    const [one, another] = this.#byCredential.get(credentialKey(credential)) ?? [];
    return one && !another ? one : null;
  }

  all(): Known[] {
    return [...this.#byId.values()];
  }

  /** Finds people by a linear search over names in memory: some ms for 10,000 people, faster than maintaining an order. */
  find(query: string, limit: number): Known[] {
    const wanted = fold(query);
    const found: Known[] = [];
    for (const person of this.#byId.values()) {
      const name = fold(person.name);
      const named = name.startsWith(wanted) || withoutAccents(name).startsWith(wanted);
      if (named || (person.number !== null && fold(person.number).startsWith(wanted))) found.push(person);
    }
    return found.sort((a, b) => a.name.localeCompare(b.name)).slice(0, limit);
  }

  noteCheckin(person: Known, n: number): void {
    person.recent.push(n);
    if (person.recent.length > RECENT) person.recent.shift();
  }

  /** Forgets check-ins up to this number, whose events were deleted. */
  forgetCheckins(upTo: number): void {
    for (const person of this.#byRef.values()) person.recent = person.recent.filter((n) => n > upTo);
  }

  /** Removes a voided check-in; reads older ones from the file if memory has no other. */
  dropCheckin(person: Known, n: number): void {
    person.recent = person.recent.filter((one) => one !== n);
    if (person.recent.length > 0) return;
    const older = 'SELECT n FROM checkin WHERE person = ? AND voided IS NULL ORDER BY n DESC LIMIT ?';
    person.recent = this.#sql.values<number>(older, person.ref, RECENT).reverse();
  }

  photosKey(person: Known): KeyObject {
    return keyObject(open(this.#vaultKek, keyPlace('photos', person.id, person.keyVersion), person.wrappedPhotos));
  }

  /** Inserts the person's rows in the running transaction; call `admit` after the commit. */
  insert(person: Pick<NewPerson, 'id' | keyof Profile>, keys: PersonKeys, enrolled: number): Known {
    const { name, number, language } = person;
    const head = { id: person.id, rowVersion: 1, keyVersion: 1 };
    const profile: Profile = { name, number, language };
    const wrap = (kek: KeyObject, kind: 'records' | 'photos') =>
      seal(kek, keyPlace(kind, person.id, 1), keys[kind].export(), this.#random);
    const wrappedPhotos = wrap(this.#vaultKek, 'photos');
    const { lastInsertRowid } = this.#sql.put('person', {
      id: uuidBytes(person.id),
      key_version: head.keyVersion,
      records_key: wrap(this.#kek, 'records'),
      photos_key: wrappedPhotos,
      row_version: head.rowVersion,
      profile: seal(keys.records, profilePlace(head), JSON.stringify(profile), this.#random),
      enrolled,
    });
    return {
      ...profile,
      ...head,
      ref: Number(lastInsertRowid),
      records: keys.records,
      wrappedPhotos,
      gpsOptOut: false,
      enrolled,
      templates: 0,
      hasPin: false,
      credentials: [],
      recent: [],
    };
  }

  admit(person: Known): void {
    this.#remember(person);
  }

  /** Writes a changed profile under the next row version, in the running transaction; `replace` updates memory. */
  update(person: Known, change: Partial<Profile> & { gpsOptOut?: boolean }): Known {
    const profile: Profile = {
      name: change.name ?? person.name,
      number: change.number === undefined ? person.number : change.number,
      language: change.language ?? person.language,
    };
    const next: Known = {
      ...person,
      ...profile,
      rowVersion: person.rowVersion + 1,
      gpsOptOut: change.gpsOptOut ?? person.gpsOptOut,
    };
    this.#sql.run(
      'UPDATE person SET row_version = ?, profile = ?, gps_opt_out = ? WHERE ref = ?',
      next.rowVersion,
      seal(person.records, profilePlace(next), JSON.stringify(profile), this.#random),
      this.#optOut(person, change.gpsOptOut),
      person.ref,
    );
    return next;
  }

  /** Returns the stored opt-out after a change here. Opting in here also revokes the server's: the person is present here. */
  #optOut(person: Known, change: boolean | undefined): number {
    if (change !== undefined) return change ? OPTED_OUT.here : 0;
    return this.#sql.value<number>('SELECT gps_opt_out FROM person WHERE ref = ?', person.ref)!;
  }

  /**
   * Applies a profile change from the server. An opt-out made here counts until the server has confirmed it; after that the
   * server decides.
   */
  overrule(person: Known, { gpsOptOut, ...profile }: Profile & { gpsOptOut: boolean }): Known {
    const stored = optedOutBy(this.#optOut(person, undefined), gpsOptOut);
    const next = this.update(person, profile);
    this.#sql.run('UPDATE person SET gps_opt_out = ? WHERE ref = ?', stored, person.ref);
    return { ...next, gpsOptOut: stored !== 0 };
  }

  replace(before: Known, after: Known): void {
    this.forget(before);
    this.#remember(after);
  }
}

/** People by a value that should belong to one person but may belong to several, in the order in which they were added here. */
type Holders = Map<string, readonly Known[]>;

function addTo(holders: Holders, key: string, person: Known): void {
  holders.set(
    key,
    [...(holders.get(key) ?? []), person].sort((a, b) => a.ref - b.ref),
  );
}

function takeFrom(holders: Holders, key: string, person: Known): void {
  const left = (holders.get(key) ?? []).filter((one) => one.ref !== person.ref);
  if (left.length > 0) holders.set(key, left);
  else holders.delete(key);
}
