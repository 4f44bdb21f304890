import { sql, type Transaction } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import type { ImportDecision, ImportPhoto, ImportRun, NewImport, PhotoState } from '../../protocol/api/imports.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { requireReviewed } from '../consents/texts.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { personBox } from '../keys/persons.ts';
import { namesOf } from '../people/records.ts';
import type { ListLine } from './list.ts';
import { basisPlace, importPlace, mapPlace } from './places.ts';
import type { Unpacked } from './unpack.ts';

/** Imports of ID photos: what is uploaded, what became of each picture, and what somebody decided. */

/** Most pictures of one import. */
const MAX_PICTURES = 5000;

/** @param by account @throws Problem `consent-text-not-reviewed` */
export async function beginImport(
  tx: Transaction<Tables>,
  keys: Keys,
  { basis }: z.output<typeof NewImport>,
  by: string | null,
  now: Date,
): Promise<string> {
  if (basis) await requireReviewed(tx, basis.textVersion, basis.language);
  const id = v7();
  await tx
    .insertInto('import_run')
    .values({
      id,
      state: 'open',
      text_version: basis?.textVersion ?? null,
      language: basis?.language ?? null,
      basis: basis && keys.sealJson(basisPlace(id), basis.statement),
      map: null,
      people: null,
      made_by: by,
      made_at: now,
      ended_at: null,
    })
    .execute();
  return id;
}

/** An import that can still be changed, locked. @throws Problem `import-unknown`, `import-closed` */
export async function lockOpen(tx: Transaction<Tables>, run: string) {
  const row = await tx.selectFrom('import_run').selectAll().where('id', '=', run).forUpdate().executeTakeFirst();
  if (!row) throw importUnknown();
  if (row.state !== 'open')
    throw new Problem('import-closed', 'This import is being applied, or has ended.', 'Begin another.');
  return row;
}

const importUnknown = (): Problem =>
  new Problem('import-unknown', 'There is no such import.', 'List the imports again.');

/**
 * Keeps what was uploaded, sealed; a job looks at it (imports.job.ts).
 *
 * @throws Problem `import-unknown`, `import-closed`, `import-full`
 */
export async function addUpload(
  tx: Transaction<Tables>,
  keys: Keys,
  run: string,
  { pictures, lines }: Unpacked,
  now: Date,
): Promise<void> {
  const row = await lockOpen(tx, run);
  const { count } = await tx
    .selectFrom('import_photo')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('run', '=', run)
    .executeTakeFirstOrThrow();
  if (Number(count) + pictures.length > MAX_PICTURES)
    throw new Problem('import-full', `An import takes ${MAX_PICTURES} pictures.`, 'Begin another for the rest.');
  if (lines.length > 0) {
    const map = row.map ? (keys.openJson(mapPlace(run), row.map) as ListLine[]) : [];
    // A list of people takes the place of the one before: it is the same one, mended.
    const kept = lines.some((line) => line.people) ? map.filter((line) => !line.people) : map;
    const sealed = keys.sealJson(mapPlace(run), [...kept, ...lines]);
    await tx.updateTable('import_run').set({ map: sealed }).where('id', '=', run).execute();
    await lookAgain(tx, run);
  }
  for (const picture of pictures) {
    const id = v7();
    await tx
      .insertInto('import_photo')
      .values({
        id,
        run,
        person: null,
        name: keys.sealJson(importPlace('name', id, null), picture.name),
        photo: picture.content && keys.seal('field', importPlace('photo', id, null), picture.content),
        template: null,
        pose: null,
        state: picture.content ? 'waiting' : 'judged',
        code: picture.content ? null : picture.code,
        measured: null,
        duplicate_of: null,
        duplicate_score: null,
        decided_by: null,
        decided_at: null,
        made_at: now,
      })
      .execute();
  }
}

/**
 * Pictures that came before whoever they are of was known are looked at again; so is one that is being looked at now, and
 * does not know of this (judge.ts).
 */
export async function lookAgain(tx: Transaction<Tables>, run: string): Promise<void> {
  await tx
    .updateTable('import_run')
    .set((e) => ({ looks: e('looks', '+', 1) }))
    .where('id', '=', run)
    .execute();
  await tx
    .updateTable('import_photo')
    .set({ state: 'waiting', code: null })
    .where('run', '=', run)
    .where('person', 'is', null)
    .where('photo', 'is not', null)
    .where('state', '=', 'judged')
    .execute();
}

/** Newest first. @param o `id`: this one alone; `after`: those behind this one */
export async function listRuns(
  db: Db,
  keys: Keys,
  o: { readonly id?: string; readonly limit: number; readonly after: string | null },
): Promise<ImportRun[]> {
  const rows = await db
    .selectFrom('import_run')
    .selectAll()
    .$if(o.id !== undefined, (q) => q.where('id', '=', o.id!))
    .$if(o.after !== null, (q) => q.where('id', '<', o.after!))
    .orderBy('id', 'desc')
    .limit(o.limit)
    .execute();
  const ids = rows.map((r) => r.id);
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
  return rows.map((r) => {
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
  const [run] = await listRuns(db, keys, { id, limit: 1, after: null });
  if (!run) throw importUnknown();
  return run;
}

/** Pictures of an import in the order in which they came. */
export async function listPhotos(
  db: Db,
  keys: Keys,
  o: {
    readonly run: string;
    readonly id?: string;
    readonly state?: z.output<typeof PhotoState> | undefined;
    readonly doubtful?: boolean | undefined;
    readonly limit: number;
    readonly after: string | null;
  },
): Promise<ImportPhoto[]> {
  const rows = await db
    .selectFrom('import_photo')
    .select(['id', 'name', 'person', 'state', 'code', 'duplicate_of', 'duplicate_score'])
    .select([
      sql<boolean>`template is not null`.as('usable'),
      sql<boolean>`photo is not null`.as('has_picture'),
      sql<'given' | 'withdrawn' | null>`(select c.action from consent c where c.person = import_photo.person
        order by c.at desc, c.action desc limit 1)`.as('standing'),
    ])
    .where('run', '=', o.run)
    .$if(o.id !== undefined, (q) => q.where('id', '=', o.id!))
    .$if(o.state !== undefined, (q) => q.where('state', '=', o.state!))
    .$if(o.doubtful !== undefined, (q) => q.where('code', o.doubtful ? 'is not' : 'is', null))
    .$if(o.after !== null, (q) => q.where('id', '>', o.after!))
    .orderBy('id')
    .limit(o.limit)
    .execute();
  const people = rows.flatMap((r) => [r.person, r.duplicate_of].filter((id) => id !== null));
  const box = await personBox(db, keys, people);
  const names = await namesOf(db, keys, people);
  return rows.map((r) => ({
    id: r.id,
    file: String((r.person === null ? keys : box).openJson(importPlace('name', r.id, r.person), r.name)),
    state: r.state,
    code: r.code,
    usable: r.usable,
    hasPicture: r.has_picture,
    person: r.person === null ? null : { id: r.person, name: names.get(r.person) ?? null },
    consent: r.person === null ? null : (r.standing ?? 'none'),
    duplicate:
      r.duplicate_of === null
        ? null
        : { id: r.duplicate_of, name: names.get(r.duplicate_of) ?? null, score: r.duplicate_score ?? 0 },
  }));
}

async function lockPhoto(tx: Transaction<Tables>, run: string, photo: string) {
  await lockOpen(tx, run);
  const row = await tx
    .selectFrom('import_photo')
    .selectAll()
    .where('run', '=', run)
    .where('id', '=', photo)
    .forUpdate()
    .executeTakeFirst();
  if (!row)
    throw new Problem('import-photo-unknown', 'There is no such picture in this import.', 'Read the list again.');
  return row;
}

/**
 * Somebody decides about a picture. Nothing leaves the import by that.
 *
 * @returns whom it is about
 * @throws Problem `import-unknown`, `import-closed`, `import-photo-unknown`, `import-photo-unusable`
 */
export async function decide(
  tx: Transaction<Tables>,
  run: string,
  photo: string,
  wanted: ImportDecision,
  by: string | null,
  now: Date,
): Promise<string | null> {
  const row = await lockPhoto(tx, run, photo);
  const decided = { decided_by: by, decided_at: now };
  if (wanted.decision === 'accept') {
    if (row.state === 'waiting' || !row.template || !row.person)
      throw new Problem(
        'import-photo-unusable',
        'There is no template of this picture, or it is of nobody who is known.',
        'Say whom it is of, or refuse it.',
      );
    await tx
      .updateTable('import_photo')
      .set({ state: 'accepted', ...decided })
      .where('id', '=', photo)
      .execute();
  } else if (wanted.decision === 'refuse')
    await tx
      .updateTable('import_photo')
      .set({ state: 'refused', code: row.code ?? `refused-${wanted.reason}`, ...decided })
      .where('id', '=', photo)
      .execute();
  else
    await tx
      .updateTable('import_photo')
      .set({
        // Refused before anybody looked at it: that is made up for.
        state: row.measured === null && row.photo !== null ? 'waiting' : 'judged',
        code: row.code?.startsWith('refused-') ? null : row.code,
        decided_by: null,
        decided_at: null,
      })
      .where('id', '=', photo)
      .where('state', 'in', ['accepted', 'refused'])
      .execute();
  return row.person;
}

/** Accepts every picture that nothing speaks against. @returns whom they are of */
export async function acceptAll(tx: Transaction<Tables>, run: string, by: string | null, now: Date): Promise<string[]> {
  await lockOpen(tx, run);
  const rows = await tx
    .updateTable('import_photo')
    .set({ state: 'accepted', decided_by: by, decided_at: now })
    .where('run', '=', run)
    .where('state', '=', 'judged')
    .where('code', 'is', null)
    .where('template', 'is not', null)
    .where('person', 'is not', null)
    .returning('person')
    .execute();
  return rows.flatMap((r) => r.person ?? []);
}

/**
 * Says whom a picture is of: it is sealed anew under their key, and looked at again.
 *
 * @throws Problem as `decide`, and `person-unknown`
 */
export async function assignPhoto(
  tx: Transaction<Tables>,
  keys: Keys,
  run: string,
  photo: string,
  person: string,
): Promise<void> {
  const row = await lockPhoto(tx, run, photo);
  await moveTo(tx, keys, row, person);
  await tx
    .updateTable('import_photo')
    // Of what has no face nothing is kept that could be looked at.
    .set({
      ...(row.photo ? { state: 'waiting' as const, code: null, measured: null } : { state: 'judged' as const }),
      template: null,
      duplicate_of: null,
      duplicate_score: null,
    })
    .where('id', '=', photo)
    .execute();
}

/** Seals a picture and its file's name for somebody. @throws Problem `person-unknown` */
export async function moveTo(
  tx: Transaction<Tables>,
  keys: Keys,
  row: {
    readonly id: string;
    readonly person: string | null;
    readonly name: Uint8Array;
    readonly photo: Uint8Array | null;
  },
  person: string,
): Promise<void> {
  const living = await tx
    .selectFrom('person')
    .select('id')
    .where('id', '=', person)
    .where('deleted_at', 'is', null)
    .where('merged_into', 'is', null)
    .forKeyShare()
    .executeTakeFirst();
  if (!living) throw new Problem('person-unknown', 'There is no such person.', 'Look them up again.');
  const box = await personBox(tx, keys, [person, ...(row.person ? [row.person] : [])], { make: true });
  const was = (field: 'name' | 'photo', sealed: Uint8Array) => {
    const place = importPlace(field, row.id, row.person);
    return row.person === null ? keys.open('field', place, sealed) : box.open(place, sealed);
  };
  await tx
    .updateTable('import_photo')
    .set({
      person,
      name: box.seal(importPlace('name', row.id, person), was('name', row.name)),
      photo: row.photo && box.seal(importPlace('photo', row.id, person), was('photo', row.photo)),
    })
    .where('id', '=', row.id)
    .execute();
}

/** Has what was accepted carried out by the job. @throws Problem `import-unknown`, `import-closed`, `import-nothing-accepted` */
export async function applyImport(tx: Transaction<Tables>, run: string): Promise<void> {
  await lockOpen(tx, run);
  const some = await tx
    .selectFrom('import_photo')
    .select('id')
    .where('run', '=', run)
    .where('state', '=', 'accepted')
    .limit(1)
    .executeTakeFirst();
  if (!some)
    throw new Problem(
      'import-nothing-accepted',
      'No picture of this import was accepted.',
      'Accept some, or cancel it.',
    );
  await tx.updateTable('import_run').set({ state: 'applying' }).where('id', '=', run).execute();
}

/** Ends an import without doing anything; its pictures go. @throws Problem `import-unknown`, `import-closed` */
export async function cancelImport(tx: Transaction<Tables>, run: string, now: Date): Promise<void> {
  await lockOpen(tx, run);
  await endImport(tx, run, 'cancelled', now);
}

/** What is left of the pictures goes; what became of them stays for a while. */
export async function endImport(
  tx: Transaction<Tables>,
  run: string,
  state: 'done' | 'cancelled',
  now: Date,
): Promise<void> {
  await tx.updateTable('import_photo').set({ photo: null, template: null }).where('run', '=', run).execute();
  await tx.updateTable('import_run').set({ state, map: null, ended_at: now }).where('id', '=', run).execute();
}
