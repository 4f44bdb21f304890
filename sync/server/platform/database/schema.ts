/* Written by `npm run tables` from what the migrations make: change the schema or build/tables, not this file. What tables
   and columns are for is said in baseline/. */

import type { ColumnType, Kysely, Selectable, Transaction } from 'kysely';

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
  'keyring.identity': {
    one: Defaulted<boolean>;
    server_id: string;
    key_check: string;
    serial: number;
    write_version: Defaulted<number>;
    least_version: Defaulted<number>;
  };
  'keyring.server_key': {
    id: string;
    purpose: 'signing' | 'sealing' | 'ca' | 'qr' | 'pin';
    serial: number;
    public: string;
    private: Bytes | null;
    cross_pem: string | null;
    made_at: Instant;
    retired_at: Instant | null;
  };
  'keyring.listener': {
    purpose: 'devices' | 'people';
    hostnames: string;
    cert_pem: string;
    private: Bytes;
  };
  'keyring.person_key': {
    person: string;
    sealed: Bytes;
    key_version: number;
    generation: number;
    made_at: Instant;
    previous: Bytes | null;
  };
  'keyring.audit_key': {
    version: number;
    sealed: Bytes;
    made_at: Instant;
  };
  'keyring.token_key': {
    one: Defaulted<boolean>;
    sealed: Bytes;
    made_at: Instant;
  };
  'keyring.key_version': {
    version: number;
    key_check: string;
    state: 'active' | 'incoming' | 'retired';
    made_at: Instant;
    retired_at: Instant | null;
  };
  'keyring.replica': {
    id: string;
    holds: string[];
    writes: number;
    seen_at: Instant;
    name: Defaulted<string>;
    build: string | null;
    schema: string | null;
    started_at: Defaulted<Instant>;
  };
  'keyring.rotation': {
    to_version: number;
    from_version: number;
    re_encrypt: boolean;
    phase: 'announced' | 'switched' | 'working' | 'finished';
    plan: Json<{ step: string; rows: number }[]>;
    step: number;
    position: string | null;
    done: Big;
    started_at: Instant;
    finished_at: Instant | null;
    scrubbed_at: Instant | null;
  };
  meta: {
    key: string;
    value: string;
  };
  job_run: {
    id: Defaulted<Big>;
    job: string;
    runner: string;
    started_at: Instant;
    lease_until: Instant;
    ended_at: Instant | null;
    outcome: 'ok' | 'failed' | 'lost' | 'stopped' | null;
    code: string | null;
    report: Json<unknown> | null;
  };
  server_finding: {
    replica: string;
    code: string;
    detail: string | null;
    since: Instant;
    seen_at: Instant;
  };
  broker_replica: {
    name: string;
    seen_at: Instant;
  };
  backup: {
    id: string;
    taken_at: Instant;
    finished_at: Instant;
    bytes: Big;
    key_version: number;
    keyring_version: string;
  };
  site: {
    id: string;
    name: string;
    time_zone: string;
    day_starts_at: Defaulted<string>;
    repeat_seconds: Defaulted<number>;
    is_default: Defaulted<boolean>;
    change: string | null;
  };
  site_change: {
    id: string;
    site: string;
    at: Instant;
    by: string;
    before: Json<unknown>;
    after: Json<unknown>;
  };
  site_policy: {
    site: string;
    policy: Json<unknown>;
    updated_at: Instant;
  };
  site_policy_change: {
    id: string;
    site: string;
    at: Instant;
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
    tls_key_hash: string;
    registered_at: Instant;
    last_heard_at: Instant | null;
    site: string | null;
    change: Defaulted<Big>;
    csr: string | null;
    fingerprint: string | null;
    url: string | null;
    approved_at: Instant | null;
    revoked_at: Instant | null;
    cert_not_after: Instant | null;
    cert_issuer: string | null;
    provisioning_secret: Bytes | null;
    trusts: string | null;
    sealed_to: string | null;
    answer_heard: Instant | null;
  };
  device_tls_key: {
    device: string;
    key_hash: string;
    added_at: Instant;
  };
  device_site_past: {
    device: string;
    site: string;
    until: Instant;
  };
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
  device_state: {
    device: string;
    kind: 'update' | 'command' | 'config';
    id: string;
    body: Json<unknown>;
    at: Instant;
  };
  device_report: {
    device: string;
    at: Instant;
    report: Json<unknown>;
  };
  kiosk_alert: {
    device: string;
    code: string;
    since: Instant;
    ended_at: Instant | null;
  };
  change: {
    position: Defaulted<Big>;
    tag: string;
    at: Instant;
    site: string | null;
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
    profile: Bytes | null;
    row_version: number;
    updated_at: Instant;
    deleted_at: Instant | null;
    number_index: Bytes | null;
    email_index: Bytes | null;
    badge_index: Bytes | null;
    pii_version: Defaulted<number>;
    claimed_at: Instant | null;
    merged_into: string | null;
    gps_opt_out: Defaulted<boolean>;
    left_at: Instant | null;
    change: Defaulted<Big>;
  };
  person_site: {
    person: string;
    site: string;
    added_at: Instant;
  };
  person_site_past: {
    person: string;
    site: string;
    until: Instant;
  };
  profile_change: {
    id: string;
    person: string;
    change: 'added' | 'updated';
    fields: string[];
    at: Instant;
    via: 'staff' | 'person' | 'import';
    recorded_by: string | null;
  };
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
  person_merge: {
    id: string;
    kept: string;
    merged: string;
    records: number;
    at: Instant;
    by: string;
  };
  person_minor: {
    person: string;
    sealed: Bytes;
    row_version: number;
    state: 'minor' | 'soon' | 'of-age';
    updated_at: Instant;
    alone_at: Instant | null;
  };
  template: {
    id: string;
    person: string;
    model: string;
    pose: string;
    quality: number | null;
    sealed: Bytes;
    device: string | null;
    added_at: Instant;
  };
  person_model: {
    person: string;
    model: string;
  };
  person_score: {
    person: string;
    model: string;
    since: Instant;
    count: number;
    baseline: number;
    recent: number;
    updated_at: Instant;
  };
  lookalike: {
    id: string;
    first: string;
    second: string;
    reason: 'enrolment' | 'not-me' | 'two-people';
    at: Instant;
    device: string | null;
    marked_by: string | null;
  };
  consent: {
    event: string;
    person: string;
    action: 'given' | 'withdrawn';
    text_version: string;
    language: string;
    at: Instant;
    device: string | null;
    received_at: Instant;
    via: Defaulted<'kiosk' | 'staff' | 'person' | 'import'>;
    recorded_by: string | null;
    said: Bytes | null;
    said_of: string | null;
  };
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
  consent_adoption: {
    version: string;
    language: string;
    adopted_at: Instant;
    adopted_by: string | null;
  };
  credential: {
    id: string;
    person: string;
    kind: 'card' | 'badge';
    hash: Bytes | null;
    number: Bytes | null;
    device: string | null;
    issued_at: Instant;
    issued_by: string | null;
    revoked_at: Instant | null;
    revoked_via: 'staff' | 'person' | 'kiosk' | null;
    revoked_by: string | null;
  };
  card_template: {
    person: string;
    id: string;
    model: string;
    sealed: Bytes;
    device: string | null;
    made_at: Instant;
  };
  pin: {
    person: string;
    id: string;
    pepper: string | null;
    sealed: Bytes | null;
    device: string | null;
    chosen_at: Instant;
  };
  pin_code: {
    person: string;
    id: string;
    sealed: Bytes;
    issued_at: Instant;
    expires_at: Instant;
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
    chain: 'whole' | 'unverified' | 'broken';
    person: string | null;
    personal: Bytes | null;
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
    digest: string;
    reason: string;
    content: Bytes | null;
    received_at: Instant;
    retried_at: Instant | null;
    person: string | null;
    thinned_at: Instant | null;
    not_retained: string | null;
  };
  checkin: {
    id: string;
    at: Instant;
    received_at: Instant;
    device: string;
    site: string | null;
    direction: 'in' | 'out';
    automatic: boolean;
    method: string;
    liveness: string;
    person: string | null;
    resolved: 'in' | 'out';
    duplicate_of: string | null;
    change: Big;
    superseded_by: string | null;
    corrected: Defaulted<boolean>;
  };
  checkin_void: {
    target: string;
    device: string;
    event: string;
    reason: string;
    at: Instant;
    received_at: Instant;
  };
  attendance_due: {
    id: Defaulted<Big>;
    person: string;
    site: string | null;
    at: Instant;
  };
  correction: {
    id: string;
    kind: 'add' | 'replace' | 'void' | 'undo';
    target: string | null;
    person: string;
    site: string | null;
    at: Instant | null;
    direction: 'in' | 'out' | null;
    reason: Bytes;
    author: string | null;
    made_at: Instant;
    undone_by: string | null;
  };
  complaint: {
    id: string;
    person: string;
    record: string;
    sealed: Bytes;
    made_at: Instant;
  };
  photo: {
    address: string;
    device: string;
    event: string;
    person: string;
    kind: 'checkin' | 'enrolment';
    expected_at: Instant;
    total: number | null;
    received: Defaulted<number>;
    complete_at: Instant | null;
  };
  photo_piece: {
    device: string;
    address: string;
    at: number;
    bytes: Bytes;
  };
  photo_object: {
    device: string;
    address: string;
    object: string;
    pieces: number[];
    size: number;
    stored_at: Instant | null;
  };
  evacuation: {
    id: string;
    site: string | null;
    started_at: Instant;
    started_by: string | null;
    ended_at: Instant | null;
    inside: number | null;
    accounted: number | null;
  };
  evacuation_mark: {
    evacuation: string;
    person: string;
    at: Instant;
    by: string | null;
    device: string | null;
    missing: Defaulted<boolean>;
  };
  kiosk_statistics: {
    event: string;
    device: string;
    site: string | null;
    since: Instant;
    until: Instant;
    counts: Json<unknown>;
  };
  enrolment_photo: {
    id: string;
    person: string;
    sealed: Bytes;
    pose: string;
    via: 'staff' | 'import';
    made_by: string | null;
    made_at: Instant;
  };
  enrolment_case: {
    id: string;
    person: string;
    other: string | null;
    score: number;
    source: 'camera' | 'photo';
    faces: Bytes;
    made_by: string | null;
    made_at: Instant;
  };
  import_run: {
    id: string;
    state: 'open' | 'applying' | 'done' | 'cancelled';
    text_version: string | null;
    language: string | null;
    basis: Bytes | null;
    made_by: string | null;
    made_at: Instant;
    ended_at: Instant | null;
    map: Bytes | null;
    people: 'making' | 'made' | 'undoing' | 'undone' | null;
    matching_round: Defaulted<number>;
  };
  import_person: {
    person: string;
    run: string | null;
    made_at: Instant;
  };
  import_photo: {
    id: string;
    run: string;
    person: string | null;
    name: Bytes;
    photo: Bytes | null;
    template: Bytes | null;
    pose: string | null;
    state: 'waiting' | 'judged' | 'accepted' | 'refused' | 'applied';
    code: string | null;
    measured: Json<Record<string, number>> | null;
    duplicate_of: string | null;
    duplicate_score: number | null;
    decided_by: string | null;
    decided_at: Instant | null;
    made_at: Instant;
    model: string | null;
  };
  attention_note: {
    kind: string;
    ref: string;
    person: string | null;
    note: Bytes;
    resolved_by: string | null;
    resolved_at: Instant;
  };
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
    outcome: 'moved' | 'reenrol';
    code: string | null;
    templates: number;
    at: Instant;
  };
  account: {
    id: string;
    role: 'admin' | 'dpo' | 'staff' | 'auditor';
    email: Bytes | null;
    email_index: Bytes | null;
    password: string | null;
    totp: Bytes | null;
    totp_next: Bytes | null;
    totp_confirmed_at: Instant | null;
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
  alert_account: {
    account: string;
    topics: string[] | null;
    sites: string[] | null;
    quiet_from: string | null;
    quiet_to: string | null;
    time_zone: string | null;
    language: Defaulted<string>;
    sent_at: Instant | null;
    failing_since: Instant | null;
    answer: string | null;
    retry_at: Instant | null;
  };
  alert_item: {
    id: string;
    key: Bytes;
    person: string | null;
    kind: string;
    code: string;
    device: string | null;
    sites: string[] | null;
    at: Instant;
    absent_at: Instant | null;
    closed_at: Instant | null;
  };
  alert_sent: {
    account: string;
    item: string;
    sent_at: Instant;
  };
  sign_in_link: {
    hash: Bytes;
    created_at: Instant;
    expires_at: Instant;
    used_at: Instant | null;
    kind: Defaulted<'operator' | 'account' | 'person'>;
    account: string | null;
    person: string | null;
  };
  session: {
    hash: Bytes;
    id: string;
    role: string;
    account: string | null;
    person: string | null;
    stage: 'full' | 'enrol';
    created_at: Instant;
    seen_at: Instant;
    expires_at: Instant;
    client: Bytes | null;
  };
  sign_in_attempt: {
    key: Bytes;
    failures: number;
    last_at: Instant;
  };
  idempotency: {
    key: Bytes;
    digest: Bytes;
    status: number | null;
    answer: Bytes | null;
    made_at: Instant;
  };
  audit: {
    position: Big;
    at: Instant;
    action: string;
    role: string;
    actor: string | null;
    route: string;
    resource: string | null;
    data: string[];
    count: number;
    everyone: boolean;
    outcome: string;
    sealed: Bytes | null;
    subjects: Bytes | null;
    key_version: number;
    mac: Bytes;
  };
  audit_checkpoint: {
    position: Big;
    mac: Bytes;
    statement: string;
    seal: Bytes;
    key_version: number;
    made_at: Instant;
  };
  audit_anchor: {
    id: Defaulted<Big>;
    position: Big;
    mac: Bytes;
    statement: string;
    seal: Bytes;
    key_version: number;
    made_at: Instant;
    object: string | null;
  };
  erasure: {
    request: string;
    person: string;
    requested_at: Instant;
    part_of: string | null;
    state: 'requested' | 'closed' | 'done' | 'undone';
    origin: 'person' | 'staff' | 'operator' | 'kiosk' | 'retention' | 'restore';
    undo_until: Instant | null;
    closed_at: Instant | null;
    done_at: Instant | null;
    certificate: string | null;
    off_kiosks: Defaulted<boolean>;
  };
  erasure_confirmation: {
    request: string;
    device: string;
    confirmed_at: Instant | null;
    event: string | null;
  };
  erasure_step: {
    request: string;
    step: string;
    attempts: number;
    next_at: Instant | null;
    code: string | null;
    done_at: Instant | null;
    detail: Json<unknown> | null;
  };
  retention_hold: {
    id: string;
    person: string | null;
    site: string | null;
    from_at: Instant | null;
    until_at: Instant | null;
    reason: Bytes;
    set_by: string;
    set_at: Instant;
    released_at: Instant | null;
    released_by: string | null;
  };
  incident: {
    id: string;
    severity: 'low' | 'medium' | 'high' | 'critical';
    found_at: Instant;
    began_at: Instant | null;
    ended_at: Instant | null;
    data: string[];
    opened_at: Instant;
    contained_at: Instant | null;
    authority_at: Instant | null;
    people_at: Instant | null;
    closed_at: Instant | null;
    row_version: number;
    sealed: Bytes;
  };
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
    by_id: string | null;
    sealed: Bytes | null;
  };
  fleet_settings: {
    kind: 'site' | 'device';
    scope: string;
    revision: number;
    settings: Json<unknown>;
    at: Instant;
    by: string;
    reverted_to: number | null;
  };
  fleet_config: {
    device: string;
    revision: number;
    config: Json<unknown>;
    at: Instant;
  };
  fleet_command: {
    id: string;
    device: string;
    what: 'restart' | 'logs' | 'watch' | 'wipe' | 'decommission';
    asked_at: Instant;
    by: string;
    expires_at: Instant;
    outcome: 'started' | 'done' | 'failed' | 'refused' | 'expired' | 'withdrawn' | null;
    code: string | null;
    started_at: Instant | null;
    answered_at: Instant | null;
    farewell_key: string | null;
  };
  fleet_log: {
    command: string;
    device: string;
    at: Instant;
    bytes: number;
    sealed: Bytes;
  };
  staff_member: {
    id: string;
    row_version: number;
    scope: string | null;
    device: string | null;
    role: 'desk' | 'supervisor' | 'technician';
    name: Bytes;
    sealed: Bytes | null;
    added_at: Instant;
    added_by: string;
    removed_at: Instant | null;
    removed_by: string | null;
  };
  rollout: {
    id: string;
    version: string;
    state: 'running' | 'paused' | 'stopped' | 'held' | 'done' | 'rolled-back' | 'ended';
    steps: Json<import('../../../protocol/api/rollouts.ts').RolloutStep[]>;
    step: number;
    step_since: Instant;
    automatic: boolean;
    urgent: boolean;
    trial_minutes: number;
    stop_kiosks: number;
    stop_percent: number;
    retry: Defaulted<number>;
    counting_since: Instant;
    stopped_failed: number | null;
    stopped_got: number | null;
    started_at: Instant;
    started_by: string;
    ended_at: Instant | null;
  };
  rollout_action: {
    id: string;
    rollout: string;
    at: Instant;
    by: string;
    what: string;
    detail: Json<Record<string, string | number | boolean>>;
  };
  rollout_device: {
    rollout: string;
    device: string;
    state: 'notified' | 'installing' | 'healthy' | 'rolled-back' | 'refused';
    at: Instant;
    event_at: Instant | null;
    from_version: string | null;
    reason: string | null;
  };
  update_ring: {
    id: string;
    name: string;
  };
  device_ring: {
    device: string;
    ring: 'canary' | 'early' | 'all';
  };
  update_window: {
    scope: string;
    starts: string | null;
    ends: string | null;
  };
  webhook: {
    id: string;
    name: string;
    site: string | null;
    with_number: boolean;
    records: Defaulted<boolean>;
    topics: Defaulted<string[]>;
    quiet_from: string | null;
    quiet_to: string | null;
    had_records: Defaulted<boolean>;
    enabled: boolean;
    disabled_because: string | null;
    sealed: Bytes;
    row_version: number;
    created_at: Instant;
    log: string;
    position: Big;
    paused_until: Instant | null;
    failing_since: Instant | null;
    last_failure: string | null;
  };
  webhook_delivery: {
    id: string;
    webhook: string;
    kind:
      | 'attendance.record'
      | 'person.erased'
      | 'lookalikes.marked'
      | 'emergency-pin.used'
      | 'attention.opened'
      | 'attention.closed'
      | 'webhook.test';
    subject: string | null;
    change: Defaulted<Big>;
    state: 'due' | 'delivered' | 'failed';
    attempts: Defaulted<number>;
    made_at: Instant;
    due_at: Instant;
    delivered_at: Instant | null;
    last_answer: string | null;
  };
  report_schedule: {
    id: string;
    by: 'person-day' | 'person' | 'day' | 'site';
    which: 'late' | 'missing' | null;
    site: string;
    every: 'day' | 'week' | 'month';
    at: string;
    language: string;
    receivers: string[];
    made_by: string | null;
    made_at: Instant;
    next_at: Instant;
    next_day: string;
    sent_at: Instant | null;
    error: string | null;
  };
  report_mail: {
    id: string;
    schedule: string;
    account: string;
    day: string;
    made_at: Instant;
    due_at: Instant;
    attempts: number;
  };
}

/** A row of a table, as it is read. */
export type Row<T extends keyof Tables> = Selectable<Tables[T]>;

export type Db = Kysely<Tables>;

/** A transaction under way. */
export type Tx = Transaction<Tables>;
