import type { ColumnType, Generated, Kysely } from 'kysely';
import type {
  AccountTable,
  IdempotencyTable,
  RecoveryCodeTable,
  SessionTable,
  SignInAttemptTable,
  SignInLinkTable,
} from './tables/accounts.ts';
import type { CheckinCorrection, ConsentOrigin, ConsentTextTable, CorrectionTable } from './tables/api.ts';
import type { AuditAnchorTable, AuditCheckpointTable, AuditKeyTable, AuditTable } from './tables/audit.ts';
import type { BackupTable, PhotoObjectTable } from './tables/backup.ts';
import type { EvacuationMarkTable, EvacuationTable, KioskFiguresTable } from './tables/console.ts';
import type { CardTemplateTable, CredentialTable, PinCodeTable, PinTable } from './tables/credentials.ts';
import type {
  AttentionNoteTable,
  ComplaintTable,
  ConsentSaid,
  EnrolmentCaseTable,
  EnrolmentPhotoTable,
  ImportPersonTable,
  ImportPhotoTable,
  ImportRunTable,
  LookalikeTable,
  ModelMigrationPersonTable,
  ModelMigrationTable,
  PersonMinorTable,
  PersonScoreTable,
  SiteChangeTable,
  SitePolicyChangeTable,
} from './tables/enrolment.ts';
import type { ErasureStepTable, ErasureTable } from './tables/erasure.ts';
import type {
  FleetCommandTable,
  FleetConfigTable,
  FleetLogTable,
  FleetSettingsTable,
  KioskAlertTable,
  StaffMemberTable,
} from './tables/fleet.ts';
import type { IncidentEntryTable, IncidentScopeTable, IncidentTable } from './tables/incidents.ts';
import type { JobRunTable } from './tables/jobs.ts';
import type {
  KeyVersionTable,
  PersonKeyTable,
  ReplicaTable,
  RotationTable,
  ServerFindingTable,
  TokenKeyTable,
} from './tables/keys.ts';
import type { PersonLeft, QuarantineThinned, RetentionHoldTable } from './tables/retention.ts';
import type {
  DeviceRingTable,
  RolloutActionTable,
  RolloutDeviceTable,
  RolloutTable,
  UpdateRingTable,
  UpdateWindowTable,
} from './tables/rollouts.ts';
import type { DeviceReportTable, DeviceToldTable } from './tables/told.ts';
import type { WebhookCursorTable, WebhookDeliveryTable, WebhookTable } from './tables/webhooks.ts';

/**
 * The tables, as queries see them. Personal values are envelopes (bytea) or not here at all; the UUID of a person is a
 * pseudonym that an erasure removes.
 */

/** PGlite and pg both give bytea back as Uint8Array (Buffer is one). */
type Bytes = Uint8Array;
/** timestamptz: read as Date, written as Date or RFC 3339. */
type Instant = ColumnType<Date, Date | string, Date | string>;
/** jsonb: written as text. */
type Json<T> = ColumnType<T, string, string>;
/** bigint: a number where it is exact; beyond that a BigInt comes back, so read it through Number(). */
type Big = ColumnType<number | string, number, number>;
type GeneratedBig = ColumnType<number | string, number | undefined, number>;

interface MetaTable {
  key: string;
  value: string;
}

export interface DeviceTable {
  id: string;
  name: string;
  status: 'pending' | 'approved' | 'revoked';
  ed25519: string;
  x25519: string;
  /** SHA-256 of the TLS public key, hexadecimal. */
  tls_key_hash: string;
  registered_at: Instant;
  last_heard_at: Instant | null;
  /** Time of the newest of our answers that it said it has: an ask that names an older one is played again. */
  answer_heard: Instant | null;
  /** As `checkin.change`. */
  change: GeneratedBig;
  /** The request that its first certificate was, or will be, made from. */
  csr: string | null;
  /** What administrators compare on both screens. */
  fingerprint: string | null;
  site: string | null;
  /** Address under which it reaches this server. */
  url: string | null;
  approved_at: Instant | null;
  revoked_at: Instant | null;
  /** End of the newest certificate, and fingerprint (SHA-256) of the CA that issued it. */
  cert_not_after: Instant | null;
  cert_issuer: string | null;
  /** Envelope; there until the device first spoke after its approval. */
  provisioning_secret: Bytes | null;
  /** Thumbprints of our signing keys that it said it trusts, comma-separated; null: those of its registration's time. */
  trusts: string | null;
  /** Thumbprint of our sealing key that it last used. */
  sealed_to: string | null;
}

interface DeviceTlsKeyTable {
  device: string;
  key_hash: string;
  added_at: Instant;
}

interface ProvisioningCodeTable {
  hash: Bytes;
  name: string;
  site: string | null;
  url: string;
  created_at: Instant;
  expires_at: Instant;
  used_at: Instant | null;
  device: string | null;
}

/** A name under which a server comes to the broker; empty: one without a name. */
interface BrokerReplicaTable {
  name: string;
  seen_at: Instant;
}

interface KeyringIdentityTable {
  one: Generated<boolean>;
  server_id: string;
  key_check: string;
  serial: number;
  /** Version of the environment's keys that new envelopes are under; and the oldest that is still taken. */
  write_version: Generated<number>;
  least_version: Generated<number>;
}

export interface ServerKeyTable {
  /** Thumbprint (signing, sealing, qr), certificate fingerprint (ca) or name of the pepper (pin). */
  id: string;
  purpose: 'signing' | 'sealing' | 'ca' | 'qr' | 'pin';
  /** Number of the set of keys that it first stood in: the higher, the newer. */
  serial: number;
  /** JWK as JSON, the CA's certificate as PEM, or a pepper's name. */
  public: string;
  /** Envelope of the private half; null once destroyed. */
  private: Bytes | null;
  /** Of a CA: its name and key, signed by the CA before it. */
  cross_pem: string | null;
  made_at: Instant;
  retired_at: Instant | null;
}

interface ListenerCertificateTable {
  purpose: 'devices' | 'people';
  hostnames: string;
  cert_pem: string;
  private: Bytes;
}

export type ChainState = 'whole' | 'unverified' | 'broken';

interface EventTable {
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
  chain: ChainState;
  /** Whom the personal half is about; null once erased. */
  person: string | null;
  /** Envelope of the personal half, salts included, but for the position; null once erased. */
  personal: Bytes | null;
  /** Envelope of the position, as the kiosk sealed it, and its salt; null once purged or erased. */
  gps: Bytes | null;
}

/** A place with one calendar. A device without a site belongs to the default one. */
interface SiteTable {
  id: string;
  name: string;
  /** IANA name. */
  time_zone: string;
  /** `HH:MM` on the wall: where one attendance day ends and the next begins. */
  day_starts_at: Generated<string>;
  /** Records of one person within this are one presence, seconds. */
  repeat_seconds: Generated<number>;
  is_default: Generated<boolean>;
  /** The newest of its changes that is kept (`site_change`). */
  change: Generated<string | null>;
}

/** Partitioned by month on `at`; one row a claimed record, never deleted. */
interface CheckinTable {
  id: string;
  device: string;
  /** Where the device stood when the record arrived; null: the default site. */
  site: string | null;
  /** When it happened: the claim put right by the kiosk's known offset, never later than its arrival. */
  at: Instant;
  received_at: Instant;
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
  /** Id of the transaction that last changed what is shown of the row (live/feed.ts). */
  change: Big;
}

/** Somebody's day at a site that is to be resolved anew (attendance/resolve.ts). */
interface AttendanceDueTable {
  id: GeneratedBig;
  person: string;
  site: string | null;
  at: Instant;
}

/** Two people who may be one: enrolled twice. `first` < `second`. */
export interface MergeCandidateTable {
  id: string;
  first: string;
  second: string;
  reason: 'number' | 'template';
  score: number | null;
  found_at: Instant;
  status: 'open' | 'merged' | 'rejected';
  decided_at: Instant | null;
  decided_by: string | null;
}

/** A merge that was done: `merged` is from then on another name of `kept`. */
interface PersonMergeTable {
  id: string;
  kept: string;
  merged: string;
  records: number;
  at: Instant;
  by: string;
}

interface VoidTable {
  target: string;
  device: string;
  event: string;
  reason: string;
  at: Instant;
}

interface PersonTable {
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
  /** Key version of pgcrypto's layer and of the indexes; 0: sealed by a build before person keys (people/adopt.ts). */
  pii_version: Generated<number>;
  /** Time of the newest `person` event applied: one that comes late only fills what is empty. */
  claimed_at: Instant | null;
  /** The person that this one turned out to be. */
  merged_into: string | null;
  /** Asked that kiosks record no position. */
  gps_opt_out: Generated<boolean>;
}

interface AckMarkTable {
  device: string;
  epoch: string;
  committed: Big;
  safe: Big;
  updated_at: Instant;
}

interface QuarantineTable {
  id: Generated<number | string>;
  device: string;
  epoch: string;
  seq: Big;
  /** SHA-256 of what came, so that a replay adds nothing. */
  digest: string;
  reason: string;
  /** What came, in an envelope: it may hold personal values. Null: removed, by an erasure or by its age, or never kept. */
  content: Bytes | null;
  /** Why the content was never kept (`quarantine-full`); null: it was. */
  unkept: Generated<string | null>;
  /** Whom it names, as far as it says so. */
  person: string | null;
  received_at: Instant;
  /** When it was last taken again, in vain. */
  retried_at: Instant | null;
}

/** The log that kiosks read (changes/log.ts). Names whom a change is about; holds no values. */
export interface ChangeTable {
  position: Generated<number | string>;
  tag: string;
  at: Instant;
  /** Scope (changes/scope.ts) that it concerns; null: every one. */
  site: string | null;
  /** The one device that it concerns; null: all of the scope. */
  device: string | null;
  kind:
    | 'start'
    | 'person'
    | 'templates'
    | 'gone'
    | 'erase'
    | 'policy'
    | 'keys'
    | 'credentials'
    | 'issuers'
    | 'cardTemplate'
    | 'pinCode'
    | 'lookalikes'
    | 'again'
    | 'pin'
    | 'pinPeppers'
    | 'evacuation'
    | 'accounted'
    | 'staff'
    | DeviceToldTable['kind'];
  person: string | null;
  model: string | null;
  request: string | null;
}

/** To which scopes a person belongs. */
interface PersonSiteTable {
  person: string;
  site: string;
  added_at: Instant;
}

/** Until when a person belonged to a scope; a row stays when they come back. */
interface PersonSitePastTable {
  person: string;
  site: string;
  until: Instant;
}

interface DeviceSitePastTable {
  device: string;
  site: string;
  until: Instant;
}

/** Only ever of people whose consent is given and not withdrawn. */
interface TemplateTable {
  id: string;
  person: string;
  model: string;
  pose: string;
  /** Envelope of the vector's bytes. */
  sealed: Bytes;
  device: string | null;
  added_at: Instant;
}

/** Models that kiosks may hold templates of this person for, also where there are none any more. */
interface PersonModelTable {
  person: string;
  model: string;
}

interface ConsentTable {
  /** The event that recorded it. */
  event: string;
  person: string;
  action: 'given' | 'withdrawn';
  text_version: string;
  language: string;
  /** Claimed time put right by the kiosk's known offset, never later than its arrival. */
  at: Instant;
  device: string | null;
  received_at: Instant;
}

interface SitePolicyTable {
  site: string;
  policy: Json<unknown>;
  updated_at: Instant;
}

/** One row for each kiosk that may hold something of the person. */
interface ErasureConfirmationTable {
  request: string;
  device: string;
  confirmed_at: Instant | null;
  event: string | null;
}

/** When a job that all replicas share last succeeded (database/once.ts). */
interface JobTable {
  name: string;
  ran_at: Instant;
}

interface PhotoTable {
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
  received: Generated<number>;
  complete_at: Instant | null;
}

interface PhotoPieceTable {
  device: string;
  address: string;
  /** Offset of its first byte. */
  at: number;
  bytes: Bytes;
}

export interface Tables {
  incident: IncidentTable;
  incident_scope: IncidentScopeTable;
  incident_entry: IncidentEntryTable;
  audit: AuditTable;
  audit_checkpoint: AuditCheckpointTable;
  audit_anchor: AuditAnchorTable;
  'keyring.audit_key': AuditKeyTable;
  meta: MetaTable;
  job: JobTable;
  job_run: JobRunTable;
  site: SiteTable;
  attendance_due: AttendanceDueTable;
  merge_candidate: MergeCandidateTable;
  change: ChangeTable;
  person_site: PersonSiteTable;
  person_site_past: PersonSitePastTable;
  device_site_past: DeviceSitePastTable;
  template: TemplateTable;
  person_model: PersonModelTable;
  consent: ConsentTable & ConsentOrigin & ConsentSaid;
  consent_text: ConsentTextTable;
  site_policy: SitePolicyTable;
  site_policy_change: SitePolicyChangeTable;
  site_change: SiteChangeTable;
  evacuation: EvacuationTable;
  evacuation_mark: EvacuationMarkTable;
  kiosk_figures: KioskFiguresTable;
  attention_note: AttentionNoteTable;
  complaint: ComplaintTable;
  person_minor: PersonMinorTable;
  enrolment_photo: EnrolmentPhotoTable;
  import_run: ImportRunTable;
  import_photo: ImportPhotoTable;
  import_person: ImportPersonTable;
  lookalike: LookalikeTable;
  enrolment_case: EnrolmentCaseTable;
  person_score: PersonScoreTable;
  model_migration: ModelMigrationTable;
  model_migration_person: ModelMigrationPersonTable;
  erasure: ErasureTable;
  erasure_confirmation: ErasureConfirmationTable;
  erasure_step: ErasureStepTable;
  retention_hold: RetentionHoldTable;
  person_merge: PersonMergeTable;
  device: DeviceTable;
  event: EventTable;
  checkin: CheckinTable & CheckinCorrection;
  correction: CorrectionTable;
  checkin_void: VoidTable;
  person: PersonTable & PersonLeft;
  ack_mark: AckMarkTable;
  quarantine: QuarantineTable & QuarantineThinned;
  account: AccountTable;
  recovery_code: RecoveryCodeTable;
  sign_in_link: SignInLinkTable;
  sign_in_attempt: SignInAttemptTable;
  idempotency: IdempotencyTable;
  session: SessionTable;
  credential: CredentialTable;
  pin: PinTable;
  pin_code: PinCodeTable;
  card_template: CardTemplateTable;
  photo: PhotoTable;
  photo_piece: PhotoPieceTable;
  photo_object: PhotoObjectTable;
  backup: BackupTable;
  webhook: WebhookTable;
  webhook_delivery: WebhookDeliveryTable;
  webhook_cursor: WebhookCursorTable;
  rollout: RolloutTable;
  rollout_action: RolloutActionTable;
  rollout_device: RolloutDeviceTable;
  update_ring: UpdateRingTable;
  device_ring: DeviceRingTable;
  update_window: UpdateWindowTable;
  device_told: DeviceToldTable;
  fleet_settings: FleetSettingsTable;
  fleet_config: FleetConfigTable;
  fleet_command: FleetCommandTable;
  fleet_log: FleetLogTable;
  staff_member: StaffMemberTable;
  kiosk_alert: KioskAlertTable;
  server_finding: ServerFindingTable;
  device_report: DeviceReportTable;
  device_tls_key: DeviceTlsKeyTable;
  provisioning_code: ProvisioningCodeTable;
  'keyring.identity': KeyringIdentityTable;
  'keyring.person_key': PersonKeyTable;
  'keyring.key_version': KeyVersionTable;
  'keyring.replica': ReplicaTable;
  broker_replica: BrokerReplicaTable;
  'keyring.token_key': TokenKeyTable;
  'keyring.rotation': RotationTable;
  'keyring.server_key': ServerKeyTable;
  'keyring.listener': ListenerCertificateTable;
}

export type Db = Kysely<Tables>;
