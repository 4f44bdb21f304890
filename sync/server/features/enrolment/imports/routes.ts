import { Readable } from 'node:stream';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import * as api from '../../../../protocol/api/imports.ts';
import { pageFrom, readIdCursor, readPageCursor } from '../../../platform/access/cursor.ts';
import { type Call, implement, type Route } from '../../../platform/access/route.ts';
import { find } from '../../../platform/database/rows.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { listLines, makePeople, undoPeople } from './people.ts';
import { acceptAll, assignPhoto, decide, listPhotos } from './photos.ts';
import { addUpload, applyImport, beginImport, cancelImport, importBox, listRuns, oneRun } from './runs.ts';
import { unpack } from './unpack.ts';

const AfterLines = z.tuple([z.number().int().min(0)]);

async function act(
  { tx, services: { keys }, params }: Call<{ import: string }, unknown, unknown>,
  work: (tx: Tx, id: string) => Promise<void>,
): Promise<api.ImportRun> {
  await work(tx, params.import);
  return oneRun(tx, keys, params.import);
}

const onePhoto = async (tx: Tx, keys: Keys, { import: run, photo: id }: { import: string; photo: string }) =>
  (await listPhotos(tx, keys, { run, id, limit: 1, after: null }))[0];

export const importRoutes: readonly Route[] = [
  implement(api.listImports, ({ tx, services: { keys }, query }) => listRuns(tx, keys, query)),
  implement(api.startImport, async ({ tx, services: { keys }, actor, body, now, on }) => {
    const id = await beginImport(tx, keys, body, actor.id, now);
    on(id);
    return oneRun(tx, keys, id);
  }),
  implement(api.getImport, ({ tx, services: { keys }, params }) => oneRun(tx, keys, params.import)),
  implement(api.uploadImportFile, {
    before: ({ query: { name }, body }) => unpack(name, body),
    handle: async ({ tx, services: { keys }, params, prepared, now }) => {
      await addUpload(tx, keys, params.import, prepared, now);
      return {
        pictures: prepared.pictures.filter((p) => p.content !== null).length,
        lines: prepared.lines.length,
        refused: prepared.pictures.flatMap((p) => (p.content === null ? [{ file: p.name, code: p.code }] : [])),
      };
    },
  }),
  implement(
    api.listImportPhotos,
    async ({ tx, services: { keys }, params, query: { cursor, limit, state, doubtful }, about }) => {
      await oneRun(tx, keys, params.import);
      const after = readIdCursor(cursor);
      const only = doubtful === undefined ? undefined : doubtful === 'true';
      const found = await listPhotos(tx, keys, { run: params.import, state, doubtful: only, limit: limit + 1, after });
      const shown = found.slice(0, limit);
      about(shown.flatMap((p) => [p.person?.id ?? null, p.duplicate?.person ?? null].filter((id) => id !== null)));
      return pageFrom(found, limit, (p) => [p.id]);
    },
  ),
  implement(api.getImportPicture, async ({ tx, services: { keys }, params, about }) => {
    const row = await find(tx, 'import_photo', { run: params.import, id: params.photo });
    // Before the check, the upload may be anything, so it isn't shown.
    if (!row?.photo || row.state === 'waiting') throw new Problem('import-photo-unknown');
    about(peopleOf([row]));
    const jpeg = (await importBox(tx, keys, [row])).open('photo', row, row.photo);
    return { file: Readable.from([jpeg]), name: 'face.jpg', type: 'image/jpeg' };
  }),
  implement(api.decideImportPhoto, async ({ tx, services: { keys }, actor, params, body, now, about, on }) => {
    on(`${params.photo} ${body.decision}`);
    const person = await decide(tx, keys, params.import, params.photo, body, actor, now);
    if (person) about([person]);
    return onePhoto(tx, keys, params);
  }),
  implement(api.assignImportPhoto, async ({ tx, services: { keys }, params, body: { person }, about }) => {
    about([person]);
    await assignPhoto(tx, keys, params.import, params.photo, person);
    return onePhoto(tx, keys, params);
  }),
  implement(api.acceptAllImportPhotos, async ({ tx, actor, params, now, about }) => {
    const people = await acceptAll(tx, params.import, actor.id, now);
    about(people);
    return { accepted: people.length };
  }),
  implement(api.applyImport, (call) => act(call, applyImport)),
  implement(api.cancelImport, (call) => act(call, (tx, id) => cancelImport(tx, id, call.now))),
  implement(
    api.listImportLines,
    async ({ tx, services: { keys }, params, query: { cursor, limit, outcome }, about }) => {
      await oneRun(tx, keys, params.import);
      const after = readPageCursor(AfterLines, cursor)?.[0] ?? 0;
      const page = await listLines(tx, keys, params.import, { outcome, limit, after });
      about(page.items.flatMap((line) => line.person?.id ?? []));
      return page;
    },
  ),
  implement(api.createImportPeople, (call) => act(call, (tx, id) => makePeople(tx, call.services.keys, id))),
  implement(api.undoImportPeople, (call) => act(call, undoPeople)),
];
