import type { Change, Policy } from '../../../sync/protocol/wire/changes.ts';
import type { ServerKeys } from '../../../sync/protocol/wire/keys.ts';
import { sharedPin, storedPin } from '../pin/stored-pin.ts';
import { typeCode } from './compact.ts';
import { vectorOf } from './derived.ts';
import { STAFF_OF_SERVER } from './device-state.ts';
import type { EventRow } from './events.ts';
import { uuidBytes, uuidText } from './header.ts';
import type { Credential, Store } from './interface.ts';
import { credentialKey, type Known, newPersonKeys, optedOutBy } from './known.ts';
import { forgetLookalikes } from './lookalikes.ts';
import { ROSTER_TABLES } from './removal.ts';
import type { Session } from './session.ts';

/** The server's policy for this kiosk, as JSON. */
export const POLICY = 'policy';
/** Public keys of the server's issuer of people's own codes, as JSON. */
export const ISSUERS = 'own-code-issuers';
/** Peppers of PINs that the server sent, base64url, newest first, as JSON. */
export const PIN_PEPPERS = 'pin-peppers';

/** The changes to make in memory once this page is committed. */
export type PageOutcome = Readonly<ReturnType<Applying['outcome']>>;

/** The parts of the store that a page changes besides people. */
export type PageParts = Pick<Store, 'settings' | 'removal' | 'deviceState' | 'presence' | 'lookalikes'>;

export class Applying {
  readonly #s: Session;
  readonly #parts: PageParts;
  readonly #now: number;
  /** True for a page of a snapshot: what it does not contain about a person no longer exists. */
  readonly #whole: boolean;
  readonly #touched = new Map<string, number>();
  readonly #faces = new Set<string>();
  #templatesRemoved = false;
  readonly #removedPeople = new Set<string>();
  readonly #photos: string[] = [];
  #policy: Policy | null = null;
  #keys: ServerKeys | null = null;
  #deviceStateChanged = false;
  #deleted: ReadonlySet<string> | null = null;

  constructor(session: Session, parts: PageParts, whole: boolean) {
    this.#s = session;
    this.#parts = parts;
    this.#now = Math.floor(session.trustedNow());
    this.#whole = whole;
  }

  apply(change: Change): void {
    (this.#takes[change.kind] as (change: Change) => void)(change);
  }

  readonly #takes: { readonly [K in Change['kind']]: (change: Extract<Change, { kind: K }>) => void } = {
    person: (change) => {
      this.#person(change);
      if (this.#whole) this.#clear(change.person);
    },
    credentials: (change) => this.#credentials(change),
    cardTemplate: (change) => this.#cardTemplate(change),
    pinCode: (change) => this.#pinCode(change),
    pin: (change) => this.#pin(change),
    pinPeppers: ({ peppers }) => this.#parts.settings.set(PIN_PEPPERS, JSON.stringify(peppers)),
    staff: ({ staff }) => this.#parts.settings.set(STAFF_OF_SERVER, JSON.stringify(staff)),
    evacuation: ({ evacuation }) => this.#parts.presence.applyEvacuation(evacuation),
    accounted: ({ evacuation, person, seen }) => {
      this.#parts.presence.applyEvacuation(evacuation);
      this.#accounted(person, seen);
    },
    reenrol: (change) => this.#reenrol(change),
    lookalikes: ({ person, others }) => this.#parts.lookalikes.take(person, others),
    issuers: ({ keys }) => this.#parts.settings.set(ISSUERS, JSON.stringify(keys)),
    templates: (change) => this.#templates(change),
    removed: ({ person }) => this.remove(person),
    erase: (change) => this.#erase(change),
    policy: ({ policy }) => {
      this.#policy = policy;
      this.#parts.settings.set(POLICY, JSON.stringify(policy));
      // Nobody may be enrolled from a picture then, so none is kept.
      if (policy.faces === 'off' || policy.templates === 'card') this.#photos.push(...this.#parts.removal.allWaiting());
    },
    keys: ({ keys }) => {
      if (!this.#keys || keys.serial > this.#keys.serial) this.#keys = keys;
    },
    update: (change) => this.#ofDevice((state) => state.noteUpdate(change)),
    config: (change) => this.#ofDevice((state) => state.noteConfig(change)),
    command: (change) => this.#ofDevice((state) => state.noteCommand(change, this.#now)),
  };

  #ofDevice(note: (state: PageParts['deviceState']) => void): void {
    note(this.#parts.deviceState);
    this.#deviceStateChanged = true;
  }

  /** A person named in a snapshot: everything except the profile is cleared, because the snapshot sends it next. */
  #clear(person: string): void {
    this.#cardTemplate({ kind: 'cardTemplate', person, model: '', card: null });
    this.#parts.lookalikes.take(person, []);
    this.#clearPin(person);
    this.#accounted(person, null);
    this.#pinCode({ kind: 'pinCode', person, code: null });
    if (this.#hasCredentials(person)) this.#credentials({ kind: 'credentials', person, cards: [], badges: [] });
  }

  outcome() {
    return {
      /** People whose templates have changed. */
      faces: [...this.#faces],
      templatesRemoved: this.#templatesRemoved,
      /** People to remove from the gallery. */
      removedPeople: [...this.#removedPeople],
      photos: this.#photos,
      policy: this.#policy,
      /** The newest set of server keys in the page. */
      keys: this.#keys,
      /** True if the page had something for this device only: a build, settings, a command (device-state.ts). */
      deviceStateChanged: this.#deviceStateChanged,
    };
  }

  /** Updates memory from the file for each person who was changed. */
  committed(): void {
    for (const [id, ref] of this.#touched) this.#s.people.refresh(id, ref);
  }

  /** Returns a person of this kiosk; null if they were erased meanwhile, here or on the server, or were removed. */
  #present(id: string): Known | null {
    const stored = this.#s.people.stored(id);
    return stored && !stored.removed ? stored.known : null;
  }

  #person({ person: id, ...profile }: Extract<Change, { kind: 'person' }>): void {
    const { sql, log, people, random } = this.#s;
    const { name, number, language, gpsOptOut } = profile;
    const before = people.stored(id);
    if (!before) {
      if (this.#deletedHere().has(id)) return;
      const made = people.insert({ id, name, number, language }, newPersonKeys(random), this.#now);
      if (gpsOptOut) people.overrule(made, { name, number, language, gpsOptOut });
      this.#touched.set(id, made.ref);
      return;
    }
    sql.run('UPDATE person SET unseen = 0, removed_at = NULL WHERE ref = ?', before.known.ref);
    this.#removedPeople.delete(id);
    // A change made here that the server has not received yet is newer than what it sends.
    if (!before.removed && !log.isCommitted(before.edited)) return;
    const same =
      (['name', 'number', 'language'] as const).every((one) => before.known[one] === profile[one]) &&
      before.optedOut === optedOutBy(before.optedOut, gpsOptOut);
    if (same && !before.removed) return;
    people.overrule(before.known, { name, number, language, gpsOptOut });
    this.#touched.set(id, before.known.ref);
  }

  /** People whose deletion here the server has not received yet: it still sends them. */
  #deletedHere(): ReadonlySet<string> {
    if (this.#deleted) return this.#deleted;
    const { sql, log, values } = this.#s;
    const deletions = `SELECT * FROM whole_event
      WHERE n > ? AND n <= ? AND type = ? AND person IS NULL AND sealed IS NOT NULL`;
    const rows = log.epochs.flatMap(({ base, committed }, i) => {
      const last = log.epochs[i + 1]?.base ?? log.last;
      return sql.rows<EventRow>(deletions, base + committed, last, typeCode('person'));
    });
    const people = rows.flatMap((row) => values.of(row)).filter(({ field }) => field === 'person');
    this.#deleted = new Set(people.map(({ text }) => JSON.parse(text) as string));
    return this.#deleted;
  }

  #templates({ person: id, model, templates }: Extract<Change, { kind: 'templates' }>): void {
    const { sql, log, people } = this.#s;
    const known = this.#present(id);
    if (!known) return;
    const rows = sql.rows<{ id: Buffer; n: number }>(
      'SELECT id, n FROM template WHERE person = ? AND model = ?',
      known.ref,
      model,
    );
    const wanted = new Set(templates.map((one) => one.id));
    const have = new Set<string>();
    for (const row of rows) {
      const text = uuidText(row.id);
      if (wanted.has(text) || !log.isCommitted(row.n)) have.add(text);
      else this.#drop(row.id, id);
    }
    // A person who had templates and now has none may have withdrawn consent: the importer's statement no longer counts.
    if (templates.length === 0 && rows.length > 0 && !this.#hasTemplates(known.ref))
      this.#photos.push(...this.#parts.removal.waiting(known.ref));
    for (const one of templates) {
      const embedding = vectorOf(one);
      if (have.has(one.id) || !embedding.every(Number.isFinite)) continue;
      const bytes = uuidBytes(one.id);
      this.#takeOver(bytes);
      people.secrets.insertTemplate(known, bytes, { pose: one.pose, model, embedding }, 0);
      this.#faces.add(id);
    }
    this.#touched.set(id, known.ref);
  }

  #hasTemplates(ref: number): boolean {
    return this.#s.sql.row('SELECT 1 FROM template WHERE person = ? LIMIT 1', ref) !== undefined;
  }

  #cardTemplate({ person: id, model, card }: Extract<Change, { kind: 'cardTemplate' }>): void {
    const { sql, log, people } = this.#s;
    const since = sql.value<number>(
      'SELECT n FROM card_template JOIN person ON person.ref = person WHERE person.id = ?',
      uuidBytes(id),
    );
    if (!card && since === undefined) return;
    // A card made here that the server has not received yet is newer than what it sends.
    if (since !== undefined && !log.isCommitted(since)) return;
    const known = this.#present(id);
    if (!known) return;
    if (card) people.secrets.writeCardTemplate(known, { ...card, model }, 0);
    else sql.run('DELETE FROM card_template WHERE person = ?', known.ref);
  }

  /** A used code is kept when it is revoked, so that it is still known when a snapshot contains it again. */
  #pinCode({ person: id, code }: Extract<Change, { kind: 'pinCode' }>): void {
    const known = this.#present(id);
    if (!known) return;
    const { secrets } = this.#s.people;
    if (code) secrets.writePinCode(known, { ...code, expires: Date.parse(code.expires) });
    else secrets.dropPinCode(known);
  }

  /** A PIN that was set here and that the server has not received yet is newer than what it sends. */
  #pin({ person: id, pin }: Pick<Extract<Change, { kind: 'pin' }>, 'person' | 'pin'>): void {
    const { log, people } = this.#s;
    const known = this.#present(id);
    if (!known) return;
    const since = people.secrets.pinSince(known);
    if (since !== null && !log.isCommitted(since)) return;
    if (pin === null && since === null) return;
    people.secrets.writePin(known, pin && storedPin(pin), 0);
    this.#touched.set(id, known.ref);
  }

  /** A snapshot without a PIN removes the one the server sent before. One that is valid only at this kiosk is kept. */
  #clearPin(id: string): void {
    const known = this.#present(id);
    const stored = known && this.#s.people.secrets.pinHash(known);
    if (stored !== null && sharedPin(stored)) this.#pin({ person: id, pin: null });
  }

  #accounted(id: string, seen: Extract<Change, { kind: 'accounted' }>['seen']): void {
    const known = this.#present(id);
    if (known) this.#parts.presence.applyAccounted(known.ref, seen);
  }

  #reenrol({ people }: Extract<Change, { kind: 'reenrol' }>): void {
    const { sql } = this.#s;
    sql.run('DELETE FROM reenrolment');
    const insert = 'INSERT INTO reenrolment(person, reason) VALUES (?, ?) ON CONFLICT(person) DO NOTHING';
    for (const { person, reason } of people) sql.run(insert, uuidBytes(person), reason);
  }

  #hasCredentials(id: string): boolean {
    const sql = 'SELECT 1 FROM credential JOIN person ON person.ref = credential.person WHERE person.id = ? LIMIT 1';
    return this.#s.sql.row(sql, uuidBytes(id)) !== undefined;
  }

  #credentials({ person: id, cards, badges }: Extract<Change, { kind: 'credentials' }>): void {
    const { sql, log, people, random } = this.#s;
    const known = this.#present(id);
    if (!known) return;
    const wanted = new Map<string, { id: Buffer; credential: Credential }>();
    for (const { id: card, hash } of cards) {
      const credential = { kind: 'card', value: hash } as const;
      wanted.set(credentialKey(credential), { id: uuidBytes(card), credential });
    }
    for (const value of badges) {
      const credential = { kind: 'badge', value } as const;
      wanted.set(credentialKey(credential), { id: Buffer.from(random(16)), credential });
    }
    const before = people.secrets.credentialsOf(known);
    for (const one of before) {
      if (wanted.delete(credentialKey(one)) || !log.isCommitted(one.n)) continue;
      sql.run('DELETE FROM credential WHERE ref = ?', one.ref);
    }
    for (const one of wanted.values()) people.secrets.insertCredential(known, one.id, one.credential, 0);
    this.#touched.set(id, known.ref);
  }

  /** Two people turned out to be the same: a template moves to the other. */
  #takeOver(id: Buffer): void {
    const owner = this.#s.sql.row<{ id: Buffer; ref: number }>(
      'SELECT person.id, person.ref FROM template JOIN person ON person.ref = template.person WHERE template.id = ?',
      id,
    );
    if (!owner) return;
    const person = uuidText(owner.id);
    this.#drop(id, person);
    this.#touched.set(person, owner.ref);
  }

  #drop(id: Buffer, person: string): void {
    this.#s.sql.run('DELETE FROM template WHERE id = ?', id);
    this.#faces.add(person);
    this.#templatesRemoved = true;
  }

  /** Removes a person here: templates, PIN, name and waiting pictures immediately, keys when the server has the events. */
  remove(id: string): void {
    const { sql, people } = this.#s;
    const known = this.#present(id);
    if (!known) return;
    // Now: later, without a name, it would be impossible to tell which pictures were theirs.
    this.#photos.push(...this.#parts.removal.waiting(known.ref));
    for (const table of ROSTER_TABLES) sql.run(`DELETE FROM ${table} WHERE person = ?`, known.ref);
    sql.run('DELETE FROM reenrolment WHERE person = ?', uuidBytes(id));
    forgetLookalikes(sql, uuidBytes(id));
    people.update(known, { name: '', number: null, language: '' });
    sql.run('UPDATE person SET removed_at = ?, unseen = 0 WHERE ref = ?', this.#now, known.ref);
    this.#forget(id, known.ref);
  }

  #erase({ request, person: id }: Extract<Change, { kind: 'erase' }>): void {
    const { sql, log, people, values } = this.#s;
    const known = people.stored(id)?.known;
    if (known) {
      this.#photos.push(...this.#parts.removal.deletePersonRows(known.ref));
      this.#forget(id, known.ref);
    } else forgetLookalikes(sql, uuidBytes(id)); // the server may have sent a pair with someone who is not at this kiosk
    const bytes = uuidBytes(request);
    const answered = sql.value<number>('SELECT n FROM erasure WHERE request = ?', bytes);
    // Reported once. If the server asks again, its database is older than the answer, which is then resent anyway. Only an answer
    // that was already trimmed has to be given again.
    if (answered !== undefined && log.row(answered)) return;
    const { n } = values.append('erasureDone', { request }, { person: id }, null);
    sql.put('erasure', { request: bytes, n }, 'request');
  }

  #forget(id: string, ref: number): void {
    this.#touched.set(id, ref);
    this.#faces.add(id);
    this.#removedPeople.add(id);
  }
}
