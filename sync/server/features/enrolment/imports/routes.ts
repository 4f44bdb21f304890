import { Readable } from 'node:stream';
import { z } from 'zod';
import {
  AcceptedAll,
  AssignPhoto,
  ImportDecision,
  ImportLinePage,
  ImportLineQuery,
  ImportPage,
  ImportPhoto,
  ImportPhotoPage,
  ImportPhotoQuery,
  ImportQuery,
  ImportRun,
  NewImport,
  Uploaded,
  UploadQuery,
} from '../../../../protocol/api/imports.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { Problem } from '../../../../protocol/wire/problem.ts';
import { type AuthRouteSpec, authRoute } from '../../../platform/access/auth-route.ts';
import { pageFrom, readPageCursor } from '../../../platform/access/cursor.ts';
import { RawBody, type RouteSpec, route } from '../../../platform/access/route.ts';
import { personBox } from '../../../platform/keys/persons.ts';
import { listLines, makePeople, undoPeople } from './people.ts';
import { acceptAll, assignPhoto, decide, listPhotos } from './photos.ts';
import { importPlace } from './places.ts';
import { addUpload, applyImport, beginImport, cancelImport, listRuns, oneRun } from './runs.ts';
import { MAX_UPLOAD_BYTES, type Unpacked, unpack } from './unpack.ts';

const ROLES = ['admin', 'staff'] as const;
const After = z.tuple([Uuid]);
const AfterLines = z.tuple([z.number().int().min(0)]);
const One = z.strictObject({ import: Uuid });
const OnePhoto = z.strictObject({ import: Uuid, photo: Uuid });

const list = route({
  method: 'GET',
  path: '/api/imports',
  summary: 'Imports of ID photos, newest first, each with how far it is',
  roles: ROLES,
  data: [],
  action: 'read',
  query: ImportQuery,
  answer: ImportPage,
  errors: ['cursor-unreadable'],
  async handle({ tx, services: { keys }, query: { cursor, limit } }) {
    const after = readPageCursor(After, cursor)?.[0] ?? null;
    const runs = await listRuns(tx, keys, { limit: limit + 1, after });
    return pageFrom(
      runs,
      limit,
      (r) => r,
      (r) => [r.id],
    );
  },
});

const begin = route({
  method: 'POST',
  path: '/api/imports',
  summary: 'Begin an import: of people who have agreed here, or by the operator’s word that they have agreed elsewhere',
  roles: ROLES,
  data: ['consent'],
  action: 'write',
  body: NewImport,
  answer: ImportRun,
  errors: ['consent-text-not-reviewed', 'consent-outdated'],
  async handle({ tx, services: { keys }, actor, body, now, on }) {
    const id = await beginImport(tx, keys, body, actor.id, now);
    on(id);
    return oneRun(tx, keys, id);
  },
});

const get = route({
  method: 'GET',
  path: '/api/imports/:import',
  summary: 'How far an import is',
  roles: ROLES,
  data: [],
  action: 'read',
  params: One,
  answer: ImportRun,
  errors: ['import-unknown'],
  handle: ({ tx, services: { keys }, params }) => oneRun(tx, keys, params.import),
});

const upload = authRoute({
  method: 'POST',
  path: '/api/imports/:import/files',
  summary:
    'A picture, a ZIP of pictures, or a CSV that says who files are of. It is sealed at once, and looked at soon',
  roles: ROLES,
  data: ['photo'],
  action: 'write',
  params: One,
  query: UploadQuery,
  raw: true,
  body: RawBody,
  maxBody: MAX_UPLOAD_BYTES,
  answer: Uploaded,
  errors: [
    'import-unknown',
    'import-closed',
    'import-full',
    'upload-empty',
    'zip-broken',
    'zip-encrypted',
    'zip-name-unsafe',
    'zip-too-many',
    'zip-too-large',
    'list-unreadable',
  ],
  limit: { max: 3000, perMs: 60_000 },
  before: ({ query: { name }, body }) => unpack(name, body),
  async handle({ tx, services: { keys }, params, prepared, now, on }) {
    on(params.import);
    await addUpload(tx, keys, params.import, prepared, now);
    return {
      pictures: prepared.pictures.filter((p) => p.content !== null).length,
      lines: prepared.lines.length,
      refused: prepared.pictures.flatMap((p) => (p.content === null ? [{ file: p.name, code: p.code }] : [])),
    };
  },
} satisfies AuthRouteSpec<typeof One, typeof UploadQuery, typeof RawBody, Unpacked>);

const photos = route({
  method: 'GET',
  path: '/api/imports/:import/photos',
  summary: 'Pictures of an import, with who each is of and what speaks against it',
  roles: ROLES,
  data: ['person.name', 'consent'],
  action: 'read',
  params: One,
  query: ImportPhotoQuery,
  answer: ImportPhotoPage,
  errors: ['cursor-unreadable', 'import-unknown'],
  async handle({ tx, services: { keys }, params, query: { cursor, limit, state, doubtful }, about }) {
    await oneRun(tx, keys, params.import);
    const after = readPageCursor(After, cursor)?.[0] ?? null;
    const only = doubtful === undefined ? undefined : doubtful === 'true';
    const found = await listPhotos(tx, keys, { run: params.import, state, doubtful: only, limit: limit + 1, after });
    const shown = found.slice(0, limit);
    about(shown.flatMap((p) => [p.person?.id ?? null, p.duplicate?.person ?? null].filter((id) => id !== null)));
    return pageFrom(
      found,
      limit,
      (p) => p,
      (p) => [p.id],
    );
  },
});

const picture = route({
  method: 'GET',
  path: '/api/imports/:import/photos/:photo/picture',
  summary: 'The face on one picture, for the person who reviews it',
  roles: ROLES,
  data: ['photo'],
  action: 'decrypt',
  params: OnePhoto,
  answer: 'file',
  errors: ['import-photo-unknown'],
  async handle({ tx, services: { keys }, params, about, on }) {
    on(params.photo);
    const row = await tx
      .selectFrom('import_photo')
      .select(['id', 'person', 'photo', 'state'])
      .where('run', '=', params.import)
      .where('id', '=', params.photo)
      .executeTakeFirst();
    // What nobody has looked at yet is whatever someone has uploaded.
    if (!row?.photo || row.state === 'waiting')
      throw new Problem('import-photo-unknown', 'There is no such picture (any more).', 'Read the list again.');
    const box = await personBox(tx, keys, row.person ? [row.person] : []);
    if (row.person) about([row.person]);
    const place = importPlace('photo', row.id, row.person);
    const jpeg = row.person === null ? keys.open('field', place, row.photo) : box.open(place, row.photo);
    return { file: Readable.from([jpeg]), name: 'face.jpg', type: 'image/jpeg' };
  },
});

const decision = route({
  method: 'POST',
  path: '/api/imports/:import/photos/:photo/decision',
  summary: 'Accept a picture, refuse it, or take either back; nothing reaches a kiosk by it',
  roles: ROLES,
  data: ['photo'],
  action: 'write',
  params: OnePhoto,
  body: ImportDecision,
  answer: ImportPhoto,
  errors: [
    'import-unknown',
    'import-closed',
    'import-photo-unknown',
    'import-photo-unusable',
    'duplicate-needs-admin',
    'confirmation-wrong',
  ],
  async handle({ tx, services: { keys }, actor, params, body, now, about, on }) {
    on(`${params.photo} ${body.decision}`);
    const person = await decide(tx, keys, params.import, params.photo, body, actor, now);
    if (person) about([person]);
    const [photo] = await listPhotos(tx, keys, { run: params.import, id: params.photo, limit: 1, after: null });
    return photo;
  },
});

const assign = route({
  method: 'POST',
  path: '/api/imports/:import/photos/:photo/person',
  summary: 'Say who a picture is of; it is looked at again',
  roles: ROLES,
  data: ['photo', 'person.name'],
  action: 'write',
  params: OnePhoto,
  body: AssignPhoto,
  answer: ImportPhoto,
  errors: ['import-unknown', 'import-closed', 'import-photo-unknown', 'person-unknown'],
  async handle({ tx, services: { keys }, params, body: { person }, about, on }) {
    on(params.photo);
    about([person]);
    await assignPhoto(tx, keys, params.import, params.photo, person);
    const [photo] = await listPhotos(tx, keys, { run: params.import, id: params.photo, limit: 1, after: null });
    return photo;
  },
});

const all = route({
  method: 'POST',
  path: '/api/imports/:import/accept-all',
  summary: 'Accept every picture that nothing speaks against',
  roles: ROLES,
  data: ['photo'],
  action: 'write',
  params: One,
  answer: AcceptedAll,
  errors: ['import-unknown', 'import-closed'],
  async handle({ tx, actor, params, now, about, on }) {
    on(params.import);
    const people = await acceptAll(tx, params.import, actor.id, now);
    about(people);
    return { accepted: people.length };
  },
});

const apply = route({
  method: 'POST',
  path: '/api/imports/:import/apply',
  summary: 'Enrol what was accepted: consents on the operator’s basis are put on record, and kiosks are notified',
  roles: ROLES,
  data: ['template', 'photo', 'consent'],
  action: 'write',
  params: One,
  answer: ImportRun,
  errors: ['import-unknown', 'import-closed', 'import-nothing-accepted'],
  async handle({ tx, services: { keys }, params, on }) {
    on(params.import);
    await applyImport(tx, params.import);
    return oneRun(tx, keys, params.import);
  },
});

const cancel = route({
  method: 'POST',
  path: '/api/imports/:import/cancel',
  summary: 'End an import without enrolling anybody; its pictures go at once',
  roles: ROLES,
  data: ['photo'],
  action: 'delete',
  params: One,
  answer: ImportRun,
  errors: ['import-unknown', 'import-closed'],
  async handle({ tx, services: { keys }, params, now, on }) {
    on(params.import);
    await cancelImport(tx, params.import, now);
    return oneRun(tx, keys, params.import);
  },
});

const PEOPLE = ['person.name', 'person.number', 'person.email'];

const lines = route({
  method: 'GET',
  path: '/api/imports/:import/people',
  summary:
    'What would become of each line of a list of people: someone new, someone who is there, or what is wrong with it',
  roles: ROLES,
  data: PEOPLE,
  action: 'read',
  params: One,
  query: ImportLineQuery,
  answer: ImportLinePage,
  errors: ['cursor-unreadable', 'import-unknown'],
  async handle({ tx, services: { keys }, params, query: { cursor, limit, outcome }, about }) {
    await oneRun(tx, keys, params.import);
    const after = readPageCursor(AfterLines, cursor)?.[0] ?? 0;
    const page = await listLines(tx, keys, params.import, { outcome, limit, after });
    about(page.items.flatMap((line) => line.person?.id ?? []));
    return page;
  },
});

const make = route({
  method: 'POST',
  path: '/api/imports/:import/people',
  summary: 'Make the people of the list who are not there yet; refused while a line is wrong. Safe to do again',
  roles: ROLES,
  data: PEOPLE,
  action: 'write',
  params: One,
  answer: ImportRun,
  errors: ['import-unknown', 'import-closed', 'import-people-busy', 'import-people-wrong', 'import-nobody-new'],
  async handle({ tx, services: { keys }, params, on }) {
    on(params.import);
    await makePeople(tx, keys, params.import);
    return oneRun(tx, keys, params.import);
  },
});

const unmake = route({
  method: 'POST',
  path: '/api/imports/:import/people/undo',
  summary: 'Erase the people the list made, but for those who have agreed, checked in, or were changed since',
  roles: ROLES,
  data: PEOPLE,
  action: 'delete',
  params: One,
  answer: ImportRun,
  errors: ['import-unknown', 'import-people-busy', 'import-nobody-made'],
  async handle({ tx, services: { keys }, params, on }) {
    on(params.import);
    await undoPeople(tx, params.import);
    return oneRun(tx, keys, params.import);
  },
});

export const importRoutes: readonly RouteSpec[] = [
  list,
  begin,
  get,
  upload,
  photos,
  picture,
  decision,
  assign,
  all,
  apply,
  cancel,
  lines,
  make,
  unmake,
];
