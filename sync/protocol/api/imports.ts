import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { Language } from './consents.ts';
import { endpoint, RawBody } from './endpoint.ts';
import { DuplicateOf } from './enrolment.ts';
import { countedPageOf, pageOf, pageQuery, sortedQuery } from './page.ts';

/** `/api/imports`: ID photos of many people at once. Nothing reaches a kiosk before someone has reviewed it. */

/** The operator states that these people consented to this text elsewhere. Absent: only who consented here is enrolled. */
const Basis = z.strictObject({
  textVersion: z.string().min(1).max(40),
  language: Language,
  /** Where the consents are kept, e.g. `signed forms of August, room 12`. */
  statement: z.string().trim().min(10).max(500),
});

export const NewImport = z.strictObject({ basis: Basis.nullable() });

const State = z.enum(['open', 'applying', 'done', 'cancelled']);
export const PhotoState = z.enum(['waiting', 'judged', 'accepted', 'refused', 'applied']);

/** The people that an import's list creates: being created, created, being undone, undone. */
const PeopleState = z.enum(['making', 'made', 'undoing', 'undone']);

export const ImportRun = z.strictObject({
  id: Uuid,
  state: State,
  madeAt: Instant,
  endedAt: Instant.nullable(),
  basis: Basis.nullable(),
  /** Its list of people. `made`: how many people it has created. */
  people: z.strictObject({ state: PeopleState.nullable(), made: z.number().int() }),
  /** Pictures by state. `doubtful`: checked pictures with an issue. */
  counts: z.strictObject({
    waiting: z.number().int(),
    judged: z.number().int(),
    doubtful: z.number().int(),
    accepted: z.number().int(),
    refused: z.number().int(),
    applied: z.number().int(),
  }),
});
export type ImportRun = z.infer<typeof ImportRun>;

export const ImportPhoto = z.strictObject({
  id: Uuid,
  file: z.string(),
  state: PhotoState,
  /** The issue with it, or why it was rejected; null: none. */
  code: z.string().nullable(),
  /** Whether a template can be made from it. */
  usable: z.boolean(),
  hasPicture: z.boolean(),
  person: z.strictObject({ id: Uuid, name: z.string().nullable() }).nullable(),
  /** Whether the person has consented here. Without that and without a basis, nothing is enrolled. */
  consent: z.enum(['given', 'withdrawn', 'none']).nullable(),
  duplicate: DuplicateOf.nullable(),
});
export type ImportPhoto = z.infer<typeof ImportPhoto>;

export const ImportPhotoQuery = z.strictObject({
  ...pageQuery,
  state: PhotoState.optional(),
  /** true: only pictures with an issue; false: only those without. */
  doubtful: z.enum(['true', 'false']).optional(),
});

/** Why a row can't create a person. */
export const LINE_CODES = [
  'name-missing',
  'name-wrong',
  'key-missing',
  'number-wrong',
  'email-wrong',
  'file-wrong',
  'cell-formula',
  'language-unknown',
  'site-unknown',
  'site-unclear',
  'line-repeated',
  'file-repeated',
  'person-unclear',
  'person-conflict',
] as const;

export const ImportLine = z.strictObject({
  /** Line number in the file; the header is 1. */
  line: z.number().int(),
  outcome: z.enum(['new', 'known', 'wrong']),
  codes: z.array(z.enum(LINE_CODES)),
  name: z.string().nullable(),
  number: z.string().nullable(),
  email: z.string().nullable(),
  site: z.string().nullable(),
  language: z.string().nullable(),
  file: z.string().nullable(),
  /** Whether a picture of this name was uploaded; null: the row names none. */
  hasPhoto: z.boolean().nullable(),
  /** An existing person, who is not changed. */
  person: z.strictObject({ id: Uuid, name: z.string().nullable() }).nullable(),
});
export type ImportLine = z.infer<typeof ImportLine>;

export const ImportLineQuery = z.strictObject({
  ...pageQuery,
  outcome: z.enum(['new', 'known', 'wrong']).optional(),
});
export const ImportLinePage = z.strictObject({
  ...pageOf(ImportLine).shape,
  /** Counts over all rows. */
  counts: z.strictObject({ new: z.number().int(), known: z.number().int(), wrong: z.number().int() }),
});
export type ImportLinePage = z.infer<typeof ImportLinePage>;

export const Uploaded = z.strictObject({
  /** Pictures accepted from this upload. */
  pictures: z.number().int(),
  /** Rows of a list. */
  lines: z.number().int(),
  refused: z.array(z.strictObject({ file: z.string(), code: z.string() })),
});
export type Uploaded = z.infer<typeof Uploaded>;

/** `undo` revokes a decision, as long as the import has not been applied. */
export const ImportDecision = z.discriminatedUnion('decision', [
  z.strictObject({
    decision: z.literal('accept'),
    /** If the face is like someone else's: their number or name, typed by an administrator who has compared both. */
    typed: z.string().trim().min(1).max(200).optional(),
  }),
  z.strictObject({ decision: z.literal('refuse'), reason: z.enum(['not-them', 'poor', 'no-consent', 'other']) }),
  z.strictObject({ decision: z.literal('undo') }),
]);
export type ImportDecision = z.infer<typeof ImportDecision>;

export const listImports = endpoint('GET /api/imports', {
  summary: 'List imports of people and photos, newest first, with their progress',
  roles: ['admin', 'staff'],
  data: [],
  query: z.strictObject(sortedQuery(['madeAt'], '-madeAt')),
  answer: countedPageOf(ImportRun),
});

export const startImport = endpoint('POST /api/imports', {
  summary: 'Start an import, of people who have consented here or, on the operator’s statement, elsewhere',
  roles: ['admin', 'staff'],
  data: ['consent'],
  body: NewImport,
  answer: ImportRun,
  errors: ['consent-text-not-reviewed', 'consent-outdated'],
});

export const getImport = endpoint('GET /api/imports/:import', {
  summary: 'Show the progress of an import',
  roles: ['admin', 'staff'],
  data: [],
  answer: ImportRun,
});

export const uploadImportFile = endpoint('POST /api/imports/:import/files', {
  summary:
    'Upload a picture, a ZIP of pictures, or a CSV that assigns files to people; it is encrypted at once and checked soon after',
  roles: ['admin', 'staff'],
  data: ['photo'],
  query: z.strictObject({ name: z.string().min(1).max(255) }),
  raw: true,
  body: RawBody,
  /** An archive is held in memory as a whole. */
  maxBody: 48 * 1024 * 1024,
  answer: Uploaded,
  errors: [
    'import-closed',
    'import-full',
    'upload-empty',
    'zip-broken',
    'zip-encrypted',
    'zip-name-unsafe',
    'zip-too-many',
    'zip-too-large',
    'list-unreadable',
    'list-too-large',
  ],
  limit: { max: 3000, perMs: 60_000 },
});

export const listImportPhotos = endpoint('GET /api/imports/:import/photos', {
  summary: 'List the pictures of an import, with their person and any issues',
  roles: ['admin', 'staff'],
  data: ['person.name', 'consent'],
  query: ImportPhotoQuery,
  answer: pageOf(ImportPhoto),
});

export const getImportPicture = endpoint('GET /api/imports/:import/photos/:photo/picture', {
  summary: 'Get the face in a picture, for review',
  roles: ['admin', 'staff'],
  data: ['photo'],
  action: 'decrypt',
  answer: 'file',
});

export const decideImportPhoto = endpoint('POST /api/imports/:import/photos/:photo/decision', {
  summary: 'Accept or reject a picture, or undo that decision; nothing is sent to kiosks yet',
  roles: ['admin', 'staff'],
  data: ['photo'],
  body: ImportDecision,
  answer: ImportPhoto,
  errors: ['import-unknown', 'import-closed', 'import-photo-unusable', 'duplicate-needs-admin', 'confirmation-wrong'],
});

export const assignImportPhoto = endpoint('POST /api/imports/:import/photos/:photo/person', {
  summary: 'Assign a picture to a person; it is checked again',
  roles: ['admin', 'staff'],
  data: ['photo', 'person.name'],
  body: z.strictObject({ person: Uuid }),
  answer: ImportPhoto,
  errors: ['import-unknown', 'import-closed', 'person-unknown'],
});

export const acceptAllImportPhotos = endpoint('POST /api/imports/:import/accept-all', {
  summary: 'Accept every picture without issues',
  roles: ['admin', 'staff'],
  data: ['photo'],
  answer: z.strictObject({ accepted: z.number().int() }),
  errors: ['import-closed'],
});

export const applyImport = endpoint('POST /api/imports/:import/apply', {
  summary: 'Enrol the accepted pictures; consents on the operator’s statement are recorded, and kiosks are notified',
  roles: ['admin', 'staff'],
  data: ['template', 'photo', 'consent'],
  answer: ImportRun,
  errors: ['import-closed', 'import-people-busy', 'import-nothing-accepted'],
});

export const cancelImport = endpoint('POST /api/imports/:import/cancel', {
  summary: 'Cancel an import: no one is enrolled, and its pictures are deleted immediately',
  roles: ['admin', 'staff'],
  data: ['photo'],
  action: 'delete',
  answer: ImportRun,
  errors: ['import-closed', 'import-people-busy'],
});

export const listImportLines = endpoint('GET /api/imports/:import/people', {
  summary: 'Check a list of people: for each row whether the person is new or exists, or what is wrong',
  roles: ['admin', 'staff'],
  data: ['person.name', 'person.number', 'person.email'],
  query: ImportLineQuery,
  answer: ImportLinePage,
});

export const createImportPeople = endpoint('POST /api/imports/:import/people', {
  summary: 'Create the people in the list who don’t exist yet; fails while a row has errors. Safe to repeat',
  roles: ['admin', 'staff'],
  data: ['person.name', 'person.number', 'person.email'],
  answer: ImportRun,
  errors: ['import-closed', 'import-people-busy', 'import-people-wrong', 'import-nobody-new'],
});

export const undoImportPeople = endpoint('POST /api/imports/:import/people/undo', {
  summary: 'Remove the people the list created, except those who have since consented, checked in or been changed',
  roles: ['admin', 'staff'],
  data: ['person.name', 'person.number', 'person.email'],
  action: 'delete',
  answer: ImportRun,
  errors: ['import-people-busy', 'import-nobody-made'],
});
