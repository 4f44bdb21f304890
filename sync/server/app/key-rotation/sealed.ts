import { minorPlace } from '../../core/consents/minors/minors.ts';
import { saidPlace } from '../../core/consents/said.ts';
import { pinCodePlace } from '../../core/credentials/pin-codes/codes.ts';
import { pinPlace } from '../../core/credentials/pins/pins.ts';
import { badgePlace } from '../../core/credentials/store.ts';
import { notePlace } from '../../core/people/notes.ts';
import { staffKeysPlace, staffNamePlace } from '../../core/staff/store.ts';
import { cardTemplatePlace } from '../../core/templates/card-templates.ts';
import { enrolmentPhotoPlace } from '../../core/templates/photos.ts';
import { casePlace } from '../../core/templates/waiting.ts';
import { complaintPlace } from '../../features/attendance/complaints/complaints.ts';
import { reasonPlace } from '../../features/attendance/corrections/correct.ts';
import { basisPlace, importPlace, mapPlace } from '../../features/enrolment/imports/places.ts';
import { logPlace } from '../../features/fleet/logs.ts';
import { entryPlace, incidentPlace } from '../../features/privacy/incidents/record.ts';
import { webhookPlace } from '../../features/webhooks/store.ts';
import { normalEmail } from '../../platform/http/email.ts';
import type { Keys, Place, Purpose } from '../../platform/keys/envelope.ts';
import { quarantinePlace } from '../../platform/keys/personal.ts';
import { personKeyPlace } from '../../platform/keys/persons.ts';
import { tokenKeyPlace } from '../../platform/keys/versions.ts';

/**
 * Every column that holds envelopes: what a rotation reseals and a verification opens. A column that is missing here
 * stops the rotation at its end (`rotation-left-over`), so nothing is lost by forgetting one; add it, and go on.
 */

/** A row as text, number or null; envelopes are apart. */
export type Cells = Readonly<Record<string, string | number | null>>;

interface Table {
  /** What progress and reports call it. */
  readonly name: string;
  /** Schema and table as SQL has them. */
  readonly table: string;
  /** Primary key, or another unique one, with the types of its columns; rows are walked in its order. */
  readonly id: Readonly<Record<string, 'uuid' | 'text' | 'bigint' | 'integer' | 'boolean'>>;
  /** Columns that places are made of, beside the id. */
  readonly reads?: readonly string[];
}

/** Under the environment's keys. */
export interface SealedTable extends Table {
  readonly columns: Readonly<Record<string, { readonly purpose: Purpose; readonly place: (row: Cells) => Place }>>;
  /** Rows that are meant; all by default. SQL, and an index should serve it where the table is large. */
  readonly where?: string;
  /** Blind indexes beside an envelope: column of the index, column of the envelope, and how it is made of what was sealed. */
  readonly index?: {
    readonly column: string;
    readonly of: string;
    readonly make: (keys: Keys, plain: Buffer) => Buffer;
  };
  /** A column that repeats the key version of the row. */
  readonly versionColumn?: string;
}

/** Under the key of the person a row is about. */
export interface PersonTable extends Table {
  readonly person: string;
  readonly columns: Readonly<Record<string, (row: Cells) => Place>>;
}

const text = (row: Cells, column: string): string => String(row[column]);
const nobody = (field: string, record: string, rowVersion = 1): Place => ({ field, person: null, record, rowVersion });
const keyring = (place: (row: Cells) => Place) => ({ purpose: 'keyring', place }) as const;
const field = (place: (row: Cells) => Place) => ({ purpose: 'field', place }) as const;

export const SEALED: readonly SealedTable[] = [
  {
    name: 'server keys',
    table: 'keyring.server_key',
    id: { id: 'text' },
    reads: ['purpose'],
    columns: { private: keyring((r) => nobody(`keyring.${text(r, 'purpose')}`, text(r, 'id'))) },
  },
  {
    name: 'listener keys',
    table: 'keyring.listener',
    id: { purpose: 'text', hostnames: 'text' },
    columns: { private: keyring((r) => nobody(`keyring.${text(r, 'purpose')}`, text(r, 'hostnames'))) },
  },
  {
    name: 'incidents',
    table: 'incident',
    id: { id: 'uuid' },
    reads: ['row_version'],
    columns: { sealed: field((r) => incidentPlace(text(r, 'id'), Number(r.row_version))) },
  },
  {
    name: 'incident entries',
    table: 'incident_entry',
    id: { id: 'uuid' },
    columns: { sealed: field((r) => entryPlace(text(r, 'id'))) },
  },
  {
    name: 'audit keys',
    table: 'keyring.audit_key',
    id: { version: 'integer' },
    columns: { sealed: keyring((r) => nobody('keyring.audit', text(r, 'version'))) },
  },
  {
    name: 'token key',
    table: 'keyring.token_key',
    id: { one: 'boolean' },
    columns: { sealed: keyring(() => tokenKeyPlace) },
  },
  {
    name: 'person keys',
    table: 'keyring.person_key',
    id: { person: 'uuid' },
    reads: ['generation'],
    columns: { sealed: keyring((r) => personKeyPlace(text(r, 'person'), Number(r.generation))) },
    versionColumn: 'key_version',
  },
  {
    name: 'accounts',
    table: 'account',
    id: { id: 'uuid' },
    reads: ['row_version'],
    columns: {
      email: field((r) => nobody('account.email', text(r, 'id'), Number(r.row_version))),
      totp: field((r) => nobody('account.totp', text(r, 'id'), Number(r.row_version))),
      totp_next: field((r) => nobody('account.totp-next', text(r, 'id'), Number(r.row_version))),
    },
    index: {
      column: 'email_index',
      of: 'email',
      make: (keys, plain) => keys.blindIndex('account.email', normalEmail(String(JSON.parse(plain.toString('utf8'))))),
    },
  },
  {
    name: 'devices',
    table: 'device',
    id: { id: 'uuid' },
    columns: { provisioning_secret: field((r) => nobody('device.provisioning-secret', text(r, 'id'))) },
  },
  {
    name: 'webhooks',
    table: 'webhook',
    id: { id: 'uuid' },
    reads: ['row_version'],
    columns: { sealed: field((r) => webhookPlace(text(r, 'id'), Number(r.row_version))) },
  },
  {
    name: 'logs of kiosks',
    table: 'fleet_log',
    id: { command: 'uuid' },
    columns: { sealed: field((r) => logPlace(text(r, 'command'))) },
  },
  {
    name: 'kiosk staff',
    table: 'staff_member',
    id: { id: 'uuid' },
    reads: ['row_version'],
    columns: {
      name: field((r) => staffNamePlace(text(r, 'id'))),
      sealed: field((r) => staffKeysPlace(text(r, 'id'), Number(r.row_version))),
    },
  },
  {
    name: 'holds',
    table: 'retention_hold',
    id: { id: 'uuid' },
    columns: { reason: field((r) => nobody('hold.reason', text(r, 'id'))) },
  },
  {
    name: 'events that name nobody',
    table: 'event',
    id: { id: 'uuid' },
    where: 'person is null and (personal is not null or gps is not null)',
    columns: {
      personal: field((r) => nobody('event.personal', text(r, 'id'))),
      gps: field((r) => nobody('event.gps', text(r, 'id'))),
    },
  },
  {
    name: 'quarantine that names nobody',
    table: 'quarantine',
    id: { id: 'bigint' },
    reads: ['digest'],
    where: 'person is null and content is not null',
    columns: { content: field((r) => quarantinePlace(text(r, 'digest'), null)) },
  },
  {
    name: 'notes of the attention queue that name nobody',
    table: 'attention_note',
    id: { kind: 'text', ref: 'text' },
    where: 'person is null',
    columns: { note: field((r) => notePlace(text(r, 'kind'), text(r, 'ref'), null)) },
  },
  {
    name: 'imports',
    table: 'import_run',
    id: { id: 'uuid' },
    columns: {
      basis: field((r) => basisPlace(text(r, 'id'))),
      map: field((r) => mapPlace(text(r, 'id'))),
    },
  },
  {
    name: 'imported pictures of nobody',
    table: 'import_photo',
    id: { id: 'uuid' },
    where: 'person is null',
    columns: {
      name: field((r) => importPlace('name', text(r, 'id'), null)),
      photo: field((r) => importPlace('photo', text(r, 'id'), null)),
      template: field((r) => importPlace('template', text(r, 'id'), null)),
    },
  },
];

/** What a person's key opens, but for the record itself, whose two layers people.ts knows. */
export const OF_PERSONS: readonly PersonTable[] = [
  {
    name: 'events',
    table: 'event',
    id: { id: 'uuid' },
    person: 'person',
    columns: {
      personal: (r) => ({ ...nobody('event.personal', text(r, 'id')), person: text(r, 'person') }),
      gps: (r) => ({ ...nobody('event.gps', text(r, 'id')), person: text(r, 'person') }),
    },
  },
  {
    name: 'templates',
    table: 'template',
    id: { id: 'uuid' },
    person: 'person',
    columns: { sealed: (r) => ({ ...nobody('template.vector', text(r, 'id')), person: text(r, 'person') }) },
  },
  {
    name: 'card templates',
    table: 'card_template',
    id: { id: 'uuid' },
    person: 'person',
    columns: { sealed: (r) => cardTemplatePlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'badges',
    table: 'credential',
    id: { id: 'uuid' },
    person: 'person',
    columns: { number: (r) => badgePlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'PINs',
    table: 'pin',
    id: { person: 'uuid' },
    reads: ['id', 'pepper'],
    person: 'person',
    columns: { sealed: (r) => pinPlace({ id: text(r, 'id'), pepper: text(r, 'pepper') }, text(r, 'person')) },
  },
  {
    name: 'codes for a PIN',
    table: 'pin_code',
    id: { id: 'uuid' },
    person: 'person',
    columns: { sealed: (r) => pinCodePlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'quarantine',
    table: 'quarantine',
    id: { id: 'bigint' },
    reads: ['digest'],
    person: 'person',
    columns: { content: (r) => quarantinePlace(text(r, 'digest'), text(r, 'person')) },
  },
  {
    name: 'corrections',
    table: 'correction',
    id: { id: 'uuid' },
    person: 'person',
    columns: { reason: (r) => reasonPlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'what was said with consents',
    table: 'consent',
    id: { event: 'uuid' },
    person: 'said_of',
    columns: { said: (r) => saidPlace(text(r, 'event'), text(r, 'said_of')) },
  },
  {
    name: 'minors',
    table: 'person_minor',
    id: { person: 'uuid' },
    reads: ['row_version'],
    person: 'person',
    columns: { sealed: (r) => minorPlace(text(r, 'person'), Number(r.row_version)) },
  },
  {
    name: 'what people said of their records',
    table: 'complaint',
    id: { id: 'uuid' },
    person: 'person',
    columns: { sealed: (r) => complaintPlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'photos of enrolments',
    table: 'enrolment_photo',
    id: { id: 'uuid' },
    person: 'person',
    columns: { sealed: (r) => enrolmentPhotoPlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'enrolments that wait',
    table: 'enrolment_case',
    id: { id: 'uuid' },
    person: 'person',
    columns: { faces: (r) => casePlace(text(r, 'id'), text(r, 'person')) },
  },
  {
    name: 'imported pictures',
    table: 'import_photo',
    id: { id: 'uuid' },
    person: 'person',
    columns: {
      name: (r) => importPlace('name', text(r, 'id'), text(r, 'person')),
      photo: (r) => importPlace('photo', text(r, 'id'), text(r, 'person')),
      template: (r) => importPlace('template', text(r, 'id'), text(r, 'person')),
    },
  },
  {
    name: 'notes of the attention queue',
    table: 'attention_note',
    id: { kind: 'text', ref: 'text' },
    person: 'person',
    columns: { note: (r) => notePlace(text(r, 'kind'), text(r, 'ref'), text(r, 'person')) },
  },
];

/** Columns of bytes that are no envelopes: random, or hashes. One in 2²⁴ of them looks like an envelope. */
export const NO_ENVELOPES: ReadonlySet<string> = new Set([
  'public.photo_piece.bytes',
  'public.audit.sealed',
  'public.audit.subjects',
  'public.audit.mac',
  'public.audit_checkpoint.mac',
  'public.audit_checkpoint.seal',
  'public.audit_anchor.mac',
  'public.audit_anchor.seal',
  'public.idempotency.key',
  'public.idempotency.digest',
  'public.idempotency.answer',
  'public.sign_in_attempt.key',
]);
/** As above, by the end of their name. */
export const NO_ENVELOPE_NAMES = /(^|_)(index|hash|digest)$/;
