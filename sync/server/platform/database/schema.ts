/* Written by `npm run tables` from what the migrations make: change the schema or build/tables, not this file. */

import type { ColumnType, Kysely, Selectable } from 'kysely';

/** PGlite and pg both give bytea back as Uint8Array (Buffer is one). */
type Bytes = Uint8Array;
/** timestamptz: read as Date, written as Date or RFC 3339. */
type Instant = ColumnType<Date, Date | string, Date | string>;
/** jsonb: written as text. */
type Json<T> = ColumnType<T, string, string>;
/** bigint: a number where it is exact; beyond that a BigInt comes back, so read it through Number(). */
type Big = ColumnType<number | string, number, number>;
/** May be left out of an insert. */
type Defaulted<T> = [T] extends [ColumnType<infer S, infer I, infer U>]
  ? ColumnType<S, I | undefined, U>
  : ColumnType<T, T | undefined, T>;

export interface Tables {
  /** Who this server is. One row. */
  'keyring.identity': {
    one: Defaulted<boolean>;
    server_id: string;
    key_check: string;
    /** Number of the present set of public keys. */
    serial: number;
    /** Version of the environment's keys that new envelopes are sealed under. */
    write_version: Defaulted<number>;
    /** The oldest version that is still accepted. */
    least_version: Defaulted<number>;
  };
  'keyring.server_key': {
    /** Thumbprint (signing, sealing, qr), certificate fingerprint (ca) or name of the pepper (pin). */
    id: string;
    purpose: 'signing' | 'sealing' | 'ca' | 'qr' | 'pin';
    /** Number of the set of keys that it first belonged to: the higher, the newer. */
    serial: number;
    /** JWK as JSON, the CA's certificate as PEM, or a pepper's name. */
    public: string;
    /** Envelope of the private half; null once destroyed. */
    private: Bytes | null;
    /** Of a CA: its name and key, signed by the CA before it. */
    cross_pem: string | null;
    made_at: Instant;
    retired_at: Instant | null;
  };
  /** Certificates of listeners, by the names that they are for. */
  'keyring.listener': {
    purpose: 'devices' | 'people';
    hostnames: string;
    cert_pem: string;
    private: Bytes;
  };
  /** A person's key (platform/keys/persons.ts); the row is deleted when the key is destroyed. */
  'keyring.person_key': {
    person: string;
    /** Envelope under purpose `keyring` of the environment's keys. */
    sealed: Bytes;
    /** Version of those. */
    key_version: number;
    /** Counts up when the key is replaced. */
    generation: number;
    made_at: Instant;
    /** The key before, while `keys rotate --re-encrypt` replaces it. */
    previous: Bytes | null;
  };
  /** Random keys of the audit log. A rotation wraps them again and leaves the log's rows alone. */
  'keyring.audit_key': {
    version: number;
    sealed: Bytes;
    made_at: Instant;
  };
  /** For hashes of tokens, which can't be computed again under another key. */
  'keyring.token_key': {
    one: Defaulted<boolean>;
    sealed: Bytes;
    made_at: Instant;
  };
  /** Versions of the environment's keys (platform/keys/versions.ts). */
  'keyring.key_version': {
    version: number;
    /** `Keys.check()`: reveals nothing of the keys. */
    key_check: string;
    state: 'active' | 'incoming' | 'retired';
    made_at: Instant;
    retired_at: Instant | null;
  };
  /** A process of this server, as it last reported. */
  'keyring.replica': {
    id: string;
    /** Check values of the keys that it has. */
    holds: string[];
    /** Version of the keys that it writes. */
    writes: number;
    seen_at: Instant;
    /** SMARTPRESENCE_REPLICA; empty: the only server. */
    name: Defaulted<string>;
    build: string | null;
    /** The newest migration that it knows. */
    schema: string | null;
    started_at: Defaulted<Instant>;
  };
  /** Rotations of the environment's keys (keys/rotation/), the last of them the present one. */
  'keyring.rotation': {
    to_version: number;
    from_version: number;
    re_encrypt: boolean;
    phase: 'announced' | 'switched' | 'working' | 'finished';
    /** Steps with the number of rows that each had at the start. */
    plan: Json<{ step: string; rows: number }[]>;
    step: number;
    position: string | null;
    done: Big;
    started_at: Instant;
    finished_at: Instant | null;
    /** When the keyring's tables were rewritten without the dead rows that the previous keys still open. */
    scrubbed_at: Instant | null;
  };
  meta: {
    key: string;
    value: string;
  };
  /** When a job that all replicas share last succeeded (platform/database/once.ts). */
  job: {
    name: string;
    ran_at: Instant;
  };
  /** Runs of jobs (platform/jobs/runs.ts). */
  job_run: {
    id: Defaulted<Big>;
    job: string;
    /** Random, of the process that runs it: no other process may extend or end the run. */
    runner: string;
    started_at: Instant;
    /** By the database's clock: from then on the process that runs it counts as dead. */
    lease_until: Instant;
    ended_at: Instant | null;
    /** Null while it runs. `lost`: its process ended before it did. */
    outcome: 'ok' | 'failed' | 'lost' | 'stopped' | null;
    /** Of a failure: its code. */
    code: string | null;
    report: Json<unknown> | null;
  };
  /** What a running server's checks found (app/checks/watch.ts), for the attention queue and for `doctor`. */
  server_finding: {
    /** Name of the replica, or `*`: of the whole installation. */
    replica: string;
    code: string;
    detail: string | null;
    since: Instant;
    seen_at: Instant;
  };
  /**
   * Names under which servers connect to the broker, whose access rules need them (app/mqtt/replicas.ts). Empty:
   * without a name.
   */
  broker_replica: {
    name: string;
    seen_at: Instant;
  };
  /** Backups that are complete. */
  backup: {
    id: string;
    /** When its snapshot was taken. */
    taken_at: Instant;
    finished_at: Instant;
    bytes: Big;
    /** Of the environment's keys, when it was made. */
    key_version: number;
    /** Version of the object that holds this backup's copy of the keyring. */
    keyring_version: string;
  };
  /** A place with one calendar. A device without a site belongs to the default one. */
  site: {
    id: string;
    name: string;
    /** IANA name. */
    time_zone: string;
    /** `HH:MM` on the wall: where one attendance day ends and the next begins. */
    day_starts_at: Defaulted<string>;
    /** Records of one person within this are one presence, seconds. */
    repeat_seconds: Defaulted<number>;
    is_default: Defaulted<boolean>;
    /** The newest of its changes that is kept (`site_change`). */
    change: string | null;
  };
  /** A change of a site itself, above all of its calendar. */
  site_change: {
    id: string;
    site: string;
    at: Instant;
    /** Account, `operator` or `configuration`. */
    by: string;
    /** `SiteFacts` (protocol/api/sites.ts). */
    before: Json<unknown>;
    after: Json<unknown>;
  };
  /** By scope (core/devices/scope.ts). */
  site_policy: {
    site: string;
    policy: Json<unknown>;
    updated_at: Instant;
  };
  /** Every policy that a site ever had (core/sites/policy.ts). */
  site_policy_change: {
    id: string;
    /** Scope. */
    site: string;
    at: Instant;
    /** Account, `operator` or `configuration`. */
    by: string;
    before: Json<unknown> | null;
    after: Json<unknown>;
  };
  device: {
    id: string;
    name: string;
    status: 'pending' | 'approved' | 'revoked';
    ed25519: string;
    x25519: string;
    /** SHA-256 of the TLS public key, hexadecimal. */
    tls_key_hash: string;
    registered_at: Instant;
    last_heard_at: Instant | null;
    site: string | null;
    /** As `checkin.change`. */
    change: Defaulted<Big>;
    /** The request that its first certificate was, or will be, made from. */
    csr: string | null;
    /** What administrators compare on both screens. */
    fingerprint: string | null;
    /** Address under which it reaches this server. */
    url: string | null;
    approved_at: Instant | null;
    revoked_at: Instant | null;
    /** End of the newest certificate, and fingerprint (SHA-256) of the CA that issued it. */
    cert_not_after: Instant | null;
    cert_issuer: string | null;
    /** Envelope; kept until the device first connects after its approval. */
    provisioning_secret: Bytes | null;
    /**
     * Thumbprints of our signing keys that it says it trusts, comma-separated; null: those of its registration's time.
     */
    trusts: string | null;
    /** Thumbprint of our sealing key that it last used. */
    sealed_to: string | null;
    /** Time of the newest of our answers that it says it has: a request that names an older one is a replay. */
    answer_heard: Instant | null;
  };
  /** TLS keys that a device has asked a certificate for and not used yet. */
  device_tls_key: {
    device: string;
    key_hash: string;
    added_at: Instant;
  };
  /**
   * Until when a device belonged to a scope (core/devices/scope.ts) that it has left: attendance from before still
   * counts, whenever it arrives.
   */
  device_site_past: {
    device: string;
    site: string;
    until: Instant;
  };
  /** One-time codes for new kiosks. */
  provisioning_code: {
    hash: Bytes;
    name: string;
    site: string | null;
    url: string;
    created_at: Instant;
    expires_at: Instant;
    used_at: Instant | null;
    device: string | null;
  };
  /** What one device alone is sent now, from which pages are made (core/devices/device-state.ts). */
  device_state: {
    device: string;
    kind: 'update' | 'command' | 'config';
    /** Of a command; the nil UUID for the one update and the one config. */
    id: string;
    body: Json<unknown>;
    at: Instant;
  };
  /** What a device last reported of itself (wire/fleet.ts, Inventory). */
  device_report: {
    device: string;
    at: Instant;
    report: Json<unknown>;
  };
  /**
   * What is wrong with a kiosk, and since when (features/fleet/alerts.ts): kept so that the attention queue can name
   * it, and that a note about it holds.
   */
  kiosk_alert: {
    device: string;
    code: string;
    since: Instant;
  };
  /**
   * The log that kiosks read (platform/changes/log.ts). It names the person a change is about and never holds a value.
   */
  change: {
    position: Defaulted<Big>;
    tag: string;
    at: Instant;
    /** Scope (core/devices/scope.ts: the nil UUID for the default site) that it concerns; null: every one. */
    site: string | null;
    /** The one device that it concerns; null: all of the scope. */
    device: string | null;
    kind:
      | 'start'
      | 'person'
      | 'templates'
      | 'removed'
      | 'erase'
      | 'policy'
      | 'keys'
      | 'credentials'
      | 'issuers'
      | 'cardTemplate'
      | 'update'
      | 'command'
      | 'config'
      | 'pinCode'
      | 'reenrol'
      | 'pin'
      | 'pinPeppers'
      | 'evacuation'
      | 'accounted'
      | 'staff'
      | 'lookalikes';
    person: string | null;
    model: string | null;
    request: string | null;
  };
  person: {
    id: string;
    name: Bytes | null;
    number: Bytes | null;
    email: Bytes | null;
    phone: Bytes | null;
    badge: Bytes | null;
    language: Bytes | null;
    row_version: number;
    updated_at: Instant;
    deleted_at: Instant | null;
    /** Keyed hash of the number: finds two people with one number without opening either. */
    number_index: Bytes | null;
    email_index: Bytes | null;
    badge_index: Bytes | null;
    /** Key version of pgcrypto's layer and of the indexes; 0: the row never had values. */
    pii_version: Defaulted<number>;
    /** Time of the newest `person` event applied: one that comes late only fills what is empty. */
    claimed_at: Instant | null;
    /** The person that this one turned out to be. */
    merged_into: string | null;
    /** Asked that kiosks record no position. */
    gps_opt_out: Defaulted<boolean>;
    /** Since when they belong to no site, as far as a job has seen it. */
    left_at: Instant | null;
  };
  /** To which scopes (core/devices/scope.ts) a person belongs. */
  person_site: {
    person: string;
    site: string;
    added_at: Instant;
  };
  /**
   * Until when a person belonged to a scope; a row stays when they come back. Attendance from before still counts,
   * whenever it arrives.
   */
  person_site_past: {
    person: string;
    site: string;
    until: Instant;
  };
  /** Two people who may be one: enrolled twice. */
  merge_candidate: {
    id: string;
    first: string;
    second: string;
    reason: 'number' | 'template';
    score: number | null;
    found_at: Instant;
    status: 'open' | 'merged' | 'rejected';
    decided_at: Instant | null;
    decided_by: string | null;
  };
  /** A merge that was done: `merged` is from then on another name of `kept`. */
  person_merge: {
    id: string;
    kept: string;
    merged: string;
    records: number;
    at: Instant;
    by: string;
  };
  /** Who is below the age of consent (core/consents/minors/). Adults have no row. */
  person_minor: {
    person: string;
    /** Envelope of day of birth and guardian. */
    sealed: Bytes;
    row_version: number;
    /** As the job saw it last: `soon` comes of age within weeks, `of-age` has, and has to speak for themselves. */
    state: 'minor' | 'soon' | 'of-age';
    updated_at: Instant;
    /** When a kiosk recorded that they had agreed and no guardian for them; null: a guardian did, since. */
    alone_at: Instant | null;
  };
  /** Only ever of people whose consent is given and not withdrawn. */
  template: {
    id: string;
    person: string;
    model: string;
    pose: string;
    /** Envelope of the vector's bytes. */
    sealed: Bytes;
    device: string | null;
    added_at: Instant;
  };
  /**
   * Models that kiosks may hold templates of a person for, also where there are none any more: kiosks have to learn
   * that.
   */
  person_model: {
    person: string;
    model: string;
  };
  /**
   * Match scores of a person over time, by embedder (features/reenrolment/): the check-ins by face since the newest
   * template.
   */
  person_score: {
    person: string;
    model: string;
    /** When their newest template was added. */
    since: Instant;
    count: number;
    /** Mean of the first ones. */
    baseline: number;
    /** Moving mean of the last ones. */
    recent: number;
    updated_at: Instant;
  };
  /** Two people who cannot be distinguished by face alone (core/lookalikes/store.ts); the lesser id first. */
  lookalike: {
    id: string;
    first: string;
    second: string;
    reason: 'enrolment' | 'not-me' | 'two-people';
    at: Instant;
    /** The kiosk where it was marked; null: the console. */
    device: string | null;
    /** Account, or member of a kiosk's staff; null: the kiosk by itself. */
    marked_by: string | null;
  };
  consent: {
    /** The event that recorded it. */
    event: string;
    person: string;
    action: 'given' | 'withdrawn';
    text_version: string;
    language: string;
    /** Claimed time corrected by the kiosk's known offset, never later than its arrival. */
    at: Instant;
    device: string | null;
    received_at: Instant;
    via: Defaulted<'kiosk' | 'staff' | 'person' | 'import'>;
    /** Account that recorded it; null: a kiosk, or the person. */
    recorded_by: string | null;
    /** Envelope of a guardian's name, or of the basis of an import. */
    said: Bytes | null;
    /** Whose key that envelope is under: the person as they were known then. A merge leaves it. */
    said_of: string | null;
  };
  /** The customer's own consent text. Immutable; kiosks get it once it was reviewed. */
  consent_text: {
    version: string;
    language: string;
    title: string;
    paragraphs: Json<string[]>;
    made_at: Instant;
    made_by: string | null;
    reviewed_at: Instant | null;
    reviewed_by: string | null;
  };
  /** A printed card or a badge (core/credentials/). */
  credential: {
    id: string;
    person: string;
    kind: 'card' | 'badge';
    /** Of a card: SHA-256 of what it carries; null once revoked. */
    hash: Bytes | null;
    /** Of a badge: envelope of its number; null once revoked. */
    number: Bytes | null;
    /** The kiosk that issued it; null: the console. */
    device: string | null;
    issued_at: Instant;
    revoked_at: Instant | null;
  };
  /**
   * Templates that the person's card alone opens; at most one set a person: a new card makes the one before worthless.
   */
  card_template: {
    person: string;
    /** Names the card. */
    id: string;
    model: string;
    /** Envelope, under the person's key, of the ciphertext. */
    sealed: Bytes;
    device: string | null;
    made_at: Instant;
  };
  /** What a person's PIN is checked by at the kiosks of their sites (core/credentials/pins/); at most one a person. */
  pin: {
    person: string;
    /** Names the choice of the PIN. */
    id: string;
    /** Names the pepper that it was hashed with; null, and `sealed` too: withdrawn. */
    pepper: string | null;
    /** Envelope of the hash. */
    sealed: Bytes | null;
    /** The kiosk where it was chosen; null: withdrawn here. */
    device: string | null;
    chosen_at: Instant;
  };
  /** A code by which a person chooses a PIN at a kiosk; at most one a person (core/credentials/pin-codes/). */
  pin_code: {
    person: string;
    id: string;
    /** Envelope of its hash. */
    sealed: Bytes;
    issued_at: Instant;
    expires_at: Instant;
    /** Account. */
    issued_by: string | null;
  };
  event: {
    device: string;
    epoch: string;
    seq: Big;
    id: string;
    type: string;
    at: Instant;
    received_at: Instant;
    header: Json<unknown>;
    header_hash: string;
    /** `unverified`: the predecessor is not (or not readably) here. */
    chain: 'whole' | 'unverified' | 'broken';
    /** Who the personal half is about; null once erased. */
    person: string | null;
    /** Envelope of the personal half, salts included, but for the position; null once erased. */
    personal: Bytes | null;
    /**
     * Envelope of the position, as the kiosk sealed it, and its salt: apart from the rest, so that purging positions is
     * one update. Null once purged or erased.
     */
    gps: Bytes | null;
  };
  ack_mark: {
    device: string;
    epoch: string;
    committed: Big;
    safe: Big;
    updated_at: Instant;
  };
  quarantine: {
    id: Defaulted<Big>;
    device: string;
    epoch: string;
    seq: Big;
    /** SHA-256 of what came, so that a replay adds nothing. */
    digest: string;
    reason: string;
    /**
     * What came, in an envelope: it may hold personal values. Null: removed, by an erasure or by its age, or never
     * kept.
     */
    content: Bytes | null;
    received_at: Instant;
    /** When taking it was last retried, in vain. */
    retried_at: Instant | null;
    /** The person it names, as far as it says so. */
    person: string | null;
    /** When a position, which is kept for less time than the rest, was looked for in the content and taken out. */
    thinned_at: Instant | null;
    /**
     * Why the content was never kept (`quarantine-full`: how much a device may have here is bounded); null: it was
     * kept.
     */
    not_retained: string | null;
  };
  /** Partitioned by month on `at`; one row a claimed record, never deleted. */
  checkin: {
    id: string;
    /** When it happened: the claim corrected by the kiosk's known offset, never later than its arrival. */
    at: Instant;
    received_at: Instant;
    device: string;
    /** The device's site when the record arrived; null: the default site. */
    site: string | null;
    /** As the kiosk claimed it, and whether it had worked that out by itself. */
    direction: 'in' | 'out';
    automatic: boolean;
    method: string;
    liveness: string;
    person: string | null;
    /** What counts, as the server resolved it from all records of the day. */
    resolved: 'in' | 'out';
    /** The record of the same presence that counts instead of this one. */
    duplicate_of: string | null;
    /** Id of the transaction that last changed what is shown of the row (platform/database/feed.ts). */
    change: Big;
    /** The correction that counts instead of it; the nil UUID where the person it was about has been erased since. */
    superseded_by: string | null;
    /** Made by the correction of the same id. */
    corrected: Defaulted<boolean>;
  };
  checkin_void: {
    target: string;
    device: string;
    event: string;
    reason: string;
    at: Instant;
  };
  /**
   * A person's day at a site that has to be resolved (features/attendance/resolve-due.ts). Written with the record,
   * processed after the commit.
   */
  attendance_due: {
    id: Defaulted<Big>;
    person: string;
    site: string | null;
    at: Instant;
  };
  /**
   * A record that points to the one which it replaces; never changed but for `undone_by`
   * (features/attendance/corrections/correct.ts).
   */
  correction: {
    /** Also the id of the check-in that it makes, where it makes one. */
    id: string;
    kind: 'add' | 'replace' | 'void' | 'undo';
    /** A check-in; of `undo`: a correction. */
    target: string | null;
    /** As they were known then: the key that the reason is sealed under is theirs. A merge since leaves it. */
    person: string;
    site: string | null;
    at: Instant | null;
    direction: 'in' | 'out' | null;
    /** Envelope. */
    reason: Bytes;
    /** Account. */
    author: string | null;
    made_at: Instant;
    /** The correction that undid it. */
    undone_by: string | null;
  };
  /**
   * What a person says on their own page is wrong with a record of theirs (features/attendance/complaints/). The record
   * itself stays as it is.
   */
  complaint: {
    id: string;
    /** As they were known then. */
    person: string;
    /** The check-in. */
    record: string;
    /** Envelope of their message, under their key. */
    sealed: Bytes;
    made_at: Instant;
  };
  /**
   * Photos that events name: ciphertext of the kiosks, in pieces, so that each replica can take the next one. What
   * opens a photo is in its event's personal half and goes with it.
   */
  photo: {
    /** SHA-256 of the ciphertext, unpadded base64url. */
    address: string;
    device: string;
    event: string;
    /** As the event names them. */
    person: string;
    kind: 'checkin' | 'enrolment';
    expected_at: Instant;
    /** Bytes of all of it; null before the first piece. */
    total: number | null;
    received: Defaulted<number>;
    complete_at: Instant | null;
  };
  photo_piece: {
    device: string;
    address: string;
    /** Offset of its first byte. */
    at: number;
    bytes: Bytes;
  };
  /** The object that holds a photo's ciphertext. */
  photo_object: {
    device: string;
    address: string;
    object: string;
    /** Offsets of the pieces that it was received in, so that a restore makes the same rows. */
    pieces: number[];
    /** Bytes. */
    size: number;
    /** Null: on its way, or it may be there. */
    stored_at: Instant | null;
  };
  /** The roll call of an evacuation. */
  evacuation: {
    id: string;
    /** Null: the default site, where none has an id. */
    site: string | null;
    started_at: Instant;
    /** Account. */
    started_by: string | null;
    ended_at: Instant | null;
    /** Counts at its end. */
    inside: number | null;
    accounted: number | null;
  };
  /** Who is accounted for, while it goes on. */
  evacuation_mark: {
    evacuation: string;
    person: string;
    at: Instant;
    /** Account; null: a kiosk. */
    by: string | null;
    /** Kiosk; null: the console. */
    device: string | null;
    /** Marked by mistake: missing again. An older mark does not undo that. */
    missing: Defaulted<boolean>;
  };
  /** What a kiosk counted in a stretch of time: counts and depths, never about anybody. */
  kiosk_statistics: {
    event: string;
    device: string;
    site: string | null;
    since: Instant;
    until: Instant;
    counts: Json<unknown>;
  };
  /** The picture that a template was made from on the server: cut to the face and encoded again. */
  enrolment_photo: {
    id: string;
    /** As they were known then. */
    person: string;
    /** Envelope of a JPEG. */
    sealed: Bytes;
    pose: string;
    via: 'staff' | 'import';
    made_by: string | null;
    made_at: Instant;
  };
  /**
   * An enrolment that waits for an administrator, since the face is like another person's (core/templates/waiting.ts).
   */
  enrolment_case: {
    id: string;
    person: string;
    /** Whose face it is like; null: they were erased since. */
    other: string | null;
    score: number;
    source: 'camera' | 'photo';
    /** Envelope of templates and pictures, under the person's key. */
    faces: Bytes;
    made_by: string | null;
    made_at: Instant;
  };
  /** An import of ID photos (features/enrolment/imports/). */
  import_run: {
    id: string;
    state: 'open' | 'applying' | 'done' | 'cancelled';
    /**
     * Text that people agreed to elsewhere, where the operator states it; null: only who has agreed here is enrolled.
     */
    text_version: string | null;
    language: string | null;
    /** Envelope of the operator's own words for that. */
    basis: Bytes | null;
    made_by: string | null;
    made_at: Instant;
    ended_at: Instant | null;
    /** Envelope of what a list beside the files says: its lines (features/enrolment/imports/list.ts). */
    map: Bytes | null;
    /** Of the people in its list; null: nobody was made of it. */
    people: 'making' | 'made' | 'undoing' | 'undone' | null;
    /** Counts up whenever pictures that belong to nobody have to be judged again. */
    matching_round: Defaulted<number>;
  };
  /** People who were made of an import's list, until that is taken back. */
  import_person: {
    person: string;
    /** Null: the import is forgotten. */
    run: string | null;
    made_at: Instant;
  };
  import_photo: {
    id: string;
    run: string;
    /** Null: nobody was found by its name; then its envelopes are under the environment's keys. */
    person: string | null;
    /** Envelopes of the file's name, the picture and the template. */
    name: Bytes;
    photo: Bytes | null;
    template: Bytes | null;
    pose: string | null;
    state: 'waiting' | 'judged' | 'accepted' | 'refused' | 'applied';
    /** Why it can't be taken, or was refused; null: nothing speaks against it. */
    code: string | null;
    /** Measures of quality. */
    measured: Json<Record<string, number>> | null;
    /** Another person whose face is like it. */
    duplicate_of: string | null;
    duplicate_score: number | null;
    decided_by: string | null;
    decided_at: Instant | null;
    made_at: Instant;
    /** Embedder of the template. */
    model: string | null;
  };
  /**
   * What was done about an item of the attention queue (features/attention/). The items themselves are read from where
   * they happened.
   */
  attention_note: {
    kind: string;
    /** Which item of its kind. */
    ref: string;
    /** Whose key the note is under; null: the environment's. */
    person: string | null;
    /** Envelope. */
    note: Bytes;
    /** Account. */
    resolved_by: string | null;
    resolved_at: Instant;
  };
  /** A move to another embedder (features/embedders/). At most one is open. */
  model_migration: {
    id: string;
    from_model: string;
    to_model: string;
    state: 'working' | 'ready' | 'switched' | 'done' | 'cancelled';
    made_by: string;
    made_at: Instant;
    ended_at: Instant | null;
  };
  model_migration_person: {
    migration: string;
    person: string;
    /** `again`: has to be enrolled again, for the reason of `code`. */
    outcome: 'moved' | 'reenrol';
    code: string | null;
    templates: number;
  };
  /** Anyone who signs in with a role above `person`. */
  account: {
    id: string;
    role: 'admin' | 'dpo' | 'staff' | 'auditor';
    /** Envelope; null: the account of the person at the server's own machine, until they give one. */
    email: Bytes | null;
    email_index: Bytes | null;
    /** PHC string of argon2id; null: none set yet. */
    password: string | null;
    /** Envelope of the shared secret. */
    totp: Bytes | null;
    /** Of one that takes its place as soon as a code of it was entered. */
    totp_next: Bytes | null;
    totp_confirmed_at: Instant | null;
    /** Newest time step whose code was accepted: no code of it or before it is accepted again. */
    totp_step: Defaulted<Big>;
    row_version: Defaulted<number>;
    made_at: Instant;
    signed_in_at: Instant | null;
    disabled_at: Instant | null;
  };
  recovery_code: {
    hash: Bytes;
    account: string;
    used_at: Instant | null;
  };
  /**
   * One-time links. `operator`: for anyone who can read what the server prints; `account`: to enrol; `person`: to their
   * own data.
   */
  sign_in_link: {
    hash: Bytes;
    created_at: Instant;
    expires_at: Instant;
    used_at: Instant | null;
    kind: Defaulted<'operator' | 'account' | 'person'>;
    account: string | null;
    person: string | null;
  };
  /** Of an account or of a person. */
  session: {
    hash: Bytes;
    role: string;
    account: string | null;
    person: string | null;
    /** `enrol`: may set password and second factor, and nothing else. */
    stage: 'full' | 'enrol';
    created_at: Instant;
    /** When it was last used, to the half minute. */
    seen_at: Instant;
    expires_at: Instant;
  };
  /** Failed attempts by keyed hash of an e-mail address or of a network address. */
  sign_in_attempt: {
    key: Bytes;
    failures: number;
    last_at: Instant;
  };
  /**
   * What a write with an Idempotency-Key answered; null while it runs. Sealed under that key, which only its client
   * has.
   */
  idempotency: {
    key: Bytes;
    digest: Bytes;
    status: number | null;
    answer: Bytes | null;
    made_at: Instant;
  };
  /** The audit log (platform/audit/), a chain of rows. It names nobody; what would is sealed. */
  audit: {
    /** 1, 2, 3, … without a gap. */
    position: Big;
    /** To the millisecond, as JavaScript writes and reads it, so that the MAC covers every digit that is kept. */
    at: Instant;
    action: string;
    role: string;
    /** Account or device. Null where there is none, and for a person: theirs is a daily alias inside `sealed`. */
    actor: string | null;
    route: string;
    resource: string | null;
    data: string[];
    /** How many people it was about. */
    count: number;
    /** It was about everybody there was, beside those who are listed. */
    everyone: boolean;
    outcome: string;
    /** Envelope of who did it: e-mail, address, user agent. */
    sealed: Bytes | null;
    /** Envelope of the daily aliases of those it was about. */
    subjects: Bytes | null;
    /** Which audit key the row was made with. */
    key_version: number;
    mac: Bytes;
  };
  /** The end of a part of the log that was purged: the rest is verified from here. */
  audit_checkpoint: {
    /** The last position that was purged. */
    position: Big;
    /** MAC of that row. */
    mac: Bytes;
    /** Signed statement of it (JWS). */
    statement: string;
    /** MAC of the statement under the audit key. */
    seal: Bytes;
    key_version: number;
    made_at: Instant;
  };
  /** Heads of the chain, as they were anchored outside the database. */
  audit_anchor: {
    id: Defaulted<Big>;
    position: Big;
    mac: Bytes;
    statement: string;
    seal: Bytes;
    key_version: number;
    made_at: Instant;
    /** Key of the object that holds it too; null: not stored yet. */
    object: string | null;
  };
  /** A request for erasure (features/privacy/erasure/). One row a name that the person had. */
  erasure: {
    request: string;
    person: string;
    requested_at: Instant;
    /**
     * The request that this one belongs to: each name that a person had before a merge is erased under a request of its
     * own.
     */
    part_of: string | null;
    /**
     * `requested`: can be undone; `closed`: key and values are destroyed, the rest is under way. Of a part: as its
     * request.
     */
    state: 'requested' | 'closed' | 'done' | 'undone';
    origin: 'person' | 'staff' | 'operator' | 'kiosk' | 'retention' | 'restore';
    /** Null: it could not be undone from the beginning. */
    undo_until: Instant | null;
    closed_at: Instant | null;
    done_at: Instant | null;
    /** Compact JWS. */
    certificate: string | null;
    /** A kiosk deleted the person: until this is closed or undone, no kiosk has them. */
    off_kiosks: Defaulted<boolean>;
  };
  /** One row for each kiosk that may hold something of the person. */
  erasure_confirmation: {
    request: string;
    device: string;
    confirmed_at: Instant | null;
    event: string | null;
  };
  /** How far a request has got, a row for each step that was started. */
  erasure_step: {
    request: string;
    step: string;
    attempts: number;
    /** When it is tried again; null: it is done. */
    next_at: Instant | null;
    /** Why it waits: a code. */
    code: string | null;
    done_at: Instant | null;
    /** Counts and times that go into the certificate; never a personal value. */
    detail: Json<unknown> | null;
  };
  /** A duty to keep what would otherwise be erased (core/people/holds.ts). */
  retention_hold: {
    id: string;
    person: string | null;
    site: string | null;
    from_at: Instant | null;
    until_at: Instant | null;
    /** Envelope. */
    reason: Bytes;
    /** Account, or `operator`. */
    set_by: string;
    set_at: Instant;
    released_at: Instant | null;
    released_by: string | null;
  };
  /** An incident (features/privacy/incidents/). */
  incident: {
    id: string;
    severity: 'low' | 'medium' | 'high' | 'critical';
    /** Since when it is known that personal data is concerned: the 72 hours count from here (Art. 33 GDPR). */
    found_at: Instant;
    began_at: Instant | null;
    ended_at: Instant | null;
    /** Kinds of data, as the audit log names them. */
    data: string[];
    opened_at: Instant;
    contained_at: Instant | null;
    authority_at: Instant | null;
    people_at: Instant | null;
    closed_at: Instant | null;
    row_version: number;
    /** Envelope of its texts (features/privacy/incidents/record.ts). */
    sealed: Bytes;
  };
  /** Which rows of the audit log are about it: who it affected is found by what was asked for. */
  incident_scope: {
    id: string;
    incident: string;
    filter: Json<unknown>;
    added_at: Instant;
  };
  incident_entry: {
    id: string;
    incident: string;
    at: Instant;
    kind: string;
    by_role: string;
    /** Account; null: the command line, or the server. */
    by_id: string | null;
    sealed: Bytes | null;
  };
  /** Every revision of the settings of a site's kiosks, or of one device (core/devices/settings.ts). */
  fleet_settings: {
    /** `site`: the template of a scope; `device`: what one device has of its own on top of it. */
    kind: 'site' | 'device';
    /** Scope of the site (core/devices/scope.ts), or the device. */
    scope: string;
    revision: number;
    settings: Json<unknown>;
    at: Instant;
    /** Account, or `operator`. */
    by: string;
    /** The revision whose settings these are again. */
    put_back: number | null;
  };
  /**
   * What each device is sent: its own settings over those of its site. Outlives a revocation, so that no revision is
   * given twice.
   */
  fleet_config: {
    device: string;
    revision: number;
    config: Json<unknown>;
    at: Instant;
  };
  fleet_command: {
    id: string;
    device: string;
    what: 'restart' | 'logs' | 'wipe' | 'decommission';
    asked_at: Instant;
    /** Account, or `operator`. */
    by: string;
    expires_at: Instant;
    /** Null: nothing was heard of it yet. `withdrawn`: withdrawn before anything was. */
    outcome: 'started' | 'done' | 'failed' | 'refused' | 'expired' | 'withdrawn' | null;
    code: string | null;
    started_at: Instant | null;
    answered_at: Instant | null;
    /**
     * Thumbprint of the key by which a kiosk that destroys its own says that it is done. Thumbprint of the key that
     * signs the kiosk's last message.
     */
    farewell_key: string | null;
  };
  /** Redacted log of a kiosk, sealed under the server's field key. */
  fleet_log: {
    command: string;
    device: string;
    at: Instant;
    bytes: number;
    sealed: Bytes;
  };
  /** Who may unlock kiosks (core/staff/). */
  staff_member: {
    id: string;
    row_version: number;
    /** Null: the kiosks of every site. */
    scope: string | null;
    /** The kiosk that they were added at, which alone has what they unlock it with; null: they are the server's. */
    device: string | null;
    role: 'desk' | 'supervisor' | 'technician';
    /** Envelope. */
    name: Bytes;
    /** Envelope of PIN, badge and second factor; null once removed, and of a member of one kiosk. */
    sealed: Bytes | null;
    added_at: Instant;
    added_by: string;
    removed_at: Instant | null;
    removed_by: string | null;
  };
  /** A version on its way to the fleet. At most one has not ended. */
  rollout: {
    id: string;
    version: string;
    state: 'running' | 'paused' | 'stopped' | 'done' | 'rolled-back' | 'ended';
    steps: Json<import('../../../protocol/api/rollouts.ts').RolloutStep[]>;
    step: number;
    step_since: Instant;
    automatic: boolean;
    urgent: boolean;
    trial_minutes: number;
    stop_kiosks: number;
    stop_percent: number;
    /** How often failed kiosks were asked to try once more. */
    retry: Defaulted<number>;
    /** Failures before this are dealt with. */
    counting_since: Instant;
    stopped_failed: number | null;
    stopped_got: number | null;
    started_at: Instant;
    /** Account, or `operator`. */
    started_by: string;
    ended_at: Instant | null;
  };
  rollout_action: {
    id: string;
    rollout: string;
    at: Instant;
    /** Account, `operator` or `server`. */
    by: string;
    what: string;
    detail: Json<Record<string, string | number | boolean>>;
  };
  /** How far one kiosk is; no row: the version was never offered to it. */
  rollout_device: {
    rollout: string;
    device: string;
    state: 'notified' | 'installing' | 'healthy' | 'rolled-back' | 'refused';
    /** Since when: by the kiosk's event, or when the version was offered. */
    at: Instant;
    /** Of the kiosk's newest event about it; null: none yet. */
    event_at: Instant | null;
    from_version: string | null;
    reason: string | null;
  };
  /** The customer's own names of rings; no row: as screens call it. */
  update_ring: {
    id: string;
    name: string;
  };
  /** Kiosks that are in another ring than `all`. */
  device_ring: {
    device: string;
    ring: 'canary' | 'early' | 'all';
  };
  /** Maintenance windows. */
  update_window: {
    /** Scope; the default site's window counts for sites without one of their own. */
    site: string;
    /** Null: at any hour. */
    starts: string | null;
    ends: string | null;
  };
  /** Receivers in other programs that records are sent to (features/webhooks/). */
  webhook: {
    id: string;
    name: string;
    /** Null: of every site. */
    site: string | null;
    with_number: boolean;
    enabled: boolean;
    disabled_because: string | null;
    /** Envelope of address, secrets and certificate authority. */
    sealed: Bytes;
    row_version: number;
    created_at: Instant;
    /** Nothing is sent before: the receiver did not answer. */
    paused_until: Instant | null;
  };
  /** One message to one receiver; its body is made when it is sent. */
  webhook_delivery: {
    id: string;
    webhook: string;
    kind: 'attendance.record' | 'person.erased' | 'lookalikes.marked' | 'emergency-pin.used' | 'webhook.test';
    /** The record, the person who was erased, the pair, or the event; null for a test. */
    subject: string | null;
    /** The message includes at least this change of the record (platform/database/feed.ts). */
    change: Defaulted<Big>;
    state: 'due' | 'delivered' | 'failed';
    attempts: Defaulted<number>;
    made_at: Instant;
    due_at: Instant;
    delivered_at: Instant | null;
    last_answer: string | null;
  };
  /** How far the records were searched. One row. */
  webhook_cursor: {
    one: Defaulted<boolean>;
    log: string;
    position: Big;
  };
}

/** A row of a table, as it is read. */
export type Row<T extends keyof Tables> = Selectable<Tables[T]>;

export type Db = Kysely<Tables>;
