import { sql } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { ImportRun, NewImport, PhotoState } from '../../../../protocol/api/imports.ts';
import { requireVersionInForce } from '../../../core/consents/filled.ts';
import { requireReviewed } from '../../../core/consents/texts.ts';
import { type Asked, byTimeOf, type Page, pageOfItems, readPage } from '../../../platform/access/list.ts';
import { count, exists, findLocked, idsOf, insert, not, update } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../../platform/keys/persons.ts';
import type { ListLine } from './list.ts';
import type { Unpacked } from './unpack.ts';

/** Starting, filling, listing and ending imports of ID photos. For the photos themselves see photos.ts. */

/** Most pictures in one import. */
const MAX_PICTURES = 5000;

/** Starts an import, and returns its id. @param by account. @throws Problem `consent-text-not-reviewed`, `consent-outdated` */
export async function beginImport(
  tx: Tx,
  keys: Keys,
  { basis }: z.output<typeof NewImport>,
  by: string | null,
  now: Date,
): Promise<string> {
  if (basis) {
    await requireReviewed(tx, basis.textVersion, basis.language);
    await requireVersionInForce(tx, basis.textVersion);
  }
  const id = v7();
  await insert(tx, 'import_run', {
    id,
    state: 'open',
    text_version: basis?.textVersion ?? null,
    language: basis?.language ?? null,
    basis: basis && keys.sealJson(basisPlace(id), basis.statement),
    made_by: by,
    made_at: now,
  });
  return id;
}

/** Locks an import that can still be changed, and returns it. @throws Problem `import-unknown`, `import-closed` */
export async function lockOpen(tx: Tx, run: string) {
  const row = await findLocked(tx, 'import_run', { id: run });
  if (!row) throw new Problem('import-unknown');
  if (row.state !== 'open') throw new Problem('import-closed');
  return row;
}

/**
 * Stores an upload encrypted. A job checks it (imports.job.ts).
 *
 * @throws Problem `import-unknown`, `import-closed`, `import-full`
 */
export async function addUpload(
  tx: Tx,
  keys: Keys,
  run: string,
  { pictures, lines }: Unpacked,
  now: Date,
): Promise<void> {
  const row = await lockOpen(tx, run);
  if ((await count(tx, 'import_photo', { run })) + pictures.length > MAX_PICTURES)
    throw new Problem('import-full', { max: MAX_PICTURES });
  if (lines.length > 0) {
    const map = row.map ? (keys.openJson(mapPlace(run), row.map) as ListLine[]) : [];
    // A list of people replaces the previous one, since it is usually the same list, corrected.
    const kept = lines.some((line) => line.people) ? map.filter((line) => !line.people) : map;
    const sealed = keys.sealJson(mapPlace(run), [...kept, ...lines]);
    await update(tx, 'import_run', { id: run }, { map: sealed });
    await rejudge(tx, run);
  }
  for (const picture of pictures) {
    const id = v7();
    await insert(tx, 'import_photo', {
      id,
      run,
      name: keys.sealJson(importPlace('name', id, null), picture.name),
      photo: picture.content && keys.seal('field', importPlace('photo', id, null), picture.content),
      state: picture.content ? 'waiting' : 'judged',
      code: picture.content ? null : picture.code,
      made_at: now,
    });
  }
}

/**
 * Makes the job check pictures again that were uploaded before their person was known, including one that is being checked
 * now with the old list (judge.ts).
 */
export async function rejudge(tx: Tx, run: string): Promise<void> {
  await tx
    .updateTable('import_run')
    .set((e) => ({ matching_round: e('matching_round', '+', 1) }))
    .where('id', '=', run)
    .execute();
  const unmatched = { run, person: null, photo: not(null), state: 'judged' } as const;
  await update(tx, 'import_photo', unmatched, { state: 'waiting', code: null });
}

const SORTING = { by: { madeAt: byTimeOf('made_at') }, id: 'id' };

/** Lists imports. @param o `id`: only this one */
export async function listRuns(
  db: Db,
  keys: Keys,
  { id, ...ask }: Asked<keyof typeof SORTING.by> & { readonly id?: string },
): Promise<Page<ImportRun>> {
  const all = db.selectFrom('import_run').selectAll();
  const page = await readPage(db, id === undefined ? all : all.where('id', '=', id), SORTING, ask);
  const ids = idsOf(page.items);
  const { rows: counts } = await sql<{
    run: string;
    state: z.output<typeof PhotoState>;
    count: number;
    doubtful: number;
  }>`
    select run, state, count(*)::int as count, count(code)::int as doubtful from import_photo
    where run = any(${ids}::uuid[]) group by run, state`.execute(db);
  const { rows: made } = await sql<{ run: string; count: number }>`
    select run, count(*)::int as count from import_person where run = any(${ids}::uuid[]) group by run`.execute(db);
  return pageOfItems(page, (r) => {
    const of = (state: string) => counts.find((c) => c.run === r.id && c.state === state);
    const count = (state: string) => of(state)?.count ?? 0;
    return {
      id: r.id,
      state: r.state,
      madeAt: r.made_at.toISOString(),
      endedAt: r.ended_at?.toISOString() ?? null,
      basis:
        r.basis && r.text_version && r.language
          ? {
              textVersion: r.text_version,
              language: r.language,
              statement: String(keys.openJson(basisPlace(r.id), r.basis)),
            }
          : null,
      people: { state: r.people, made: made.find((m) => m.run === r.id)?.count ?? 0 },
      counts: {
        waiting: count('waiting'),
        judged: count('judged'),
        doubtful: of('judged')?.doubtful ?? 0,
        accepted: count('accepted'),
        refused: count('refused'),
        applied: count('applied'),
      },
    };
  });
}

/** @throws Problem `import-unknown` */
export async function oneRun(db: Db, keys: Keys, id: string): Promise<ImportRun> {
  const [run] = (await listRuns(db, keys, { id, limit: 1, sort: '-madeAt' })).items;
  if (!run) throw new Problem('import-unknown');
  return run;
}

/** @throws Problem `import-people-busy`. The end of an import deletes its list, so the rest of the people would never be created */
export function requireIdle(people: string | null): void {
  if (people === 'making' || people === 'undoing') throw new Problem('import-people-busy');
}

/**
 * Makes the job apply what was accepted.
 *
 * @throws Problem `import-unknown`, `import-closed`, `import-people-busy`, `import-nothing-accepted`
 */
export async function applyImport(tx: Tx, run: string): Promise<void> {
  requireIdle((await lockOpen(tx, run)).people);
  if (!(await exists(tx, 'import_photo', { run, state: 'accepted' }))) throw new Problem('import-nothing-accepted');
  await update(tx, 'import_run', { id: run }, { state: 'applying' });
}

/**
 * Ends an import without applying anything. Its pictures are deleted.
 *
 * @throws Problem `import-unknown`, `import-closed`, `import-people-busy`
 */
export async function cancelImport(tx: Tx, run: string, now: Date): Promise<void> {
  requireIdle((await lockOpen(tx, run)).people);
  await endImport(tx, run, 'cancelled', now);
}

/** Ends an import and deletes its pictures. Their outcomes are kept for a while (imports.job.ts). */
export async function endImport(tx: Tx, run: string, state: 'done' | 'cancelled', now: Date): Promise<void> {
  await update(tx, 'import_photo', { run }, { photo: null, template: null });
  await update(tx, 'import_run', { id: run }, { state, map: null, ended_at: now });
}

/** Place of an import's envelope. @param person whose key encrypts it; null: the environment's, since nobody is assigned yet */
export const importPlace = (field: ImportField, id: string, person: string | null): Place =>
  placeOf(`import.${field}`, id, { person });

type ImportField = 'name' | 'photo' | 'template';

interface ImportRow {
  readonly id: string;
  readonly person: string | null;
}

/** Decrypts and encrypts data of imports, under the key of its person, or the environment's if nobody is assigned. */
export async function importBox(db: Db, keys: Keys, rows: readonly ImportRow[], o: { readonly make?: boolean } = {}) {
  const box = await personBox(db, keys, peopleOf(rows), o);
  return {
    /** False for an erased person. */
    has: ({ person }: ImportRow): boolean => person === null || box.has(person),
    open(field: ImportField, { id, person }: ImportRow, sealed: Uint8Array): Buffer {
      const place = importPlace(field, id, person);
      return person === null ? keys.open('field', place, sealed) : box.open(place, sealed);
    },
    seal(field: ImportField, { id, person }: ImportRow, plain: Uint8Array): Buffer {
      const place = importPlace(field, id, person);
      return person === null ? keys.seal('field', place, plain) : box.seal(place, plain);
    },
    fileOf: ({ id, person, name }: ImportRow & { readonly name: Uint8Array }): string =>
      String((person === null ? keys : box).openJson(importPlace('name', id, person), name)),
  };
}

/** Place of the operator's statement on what the people of an import have consented to. */
export const basisPlace = (run: string): Place => placeOf('import.basis', run);

/** Place of the lines of an import's lists. */
export const mapPlace = (run: string): Place => placeOf('import.map', run);
