import { sql } from 'kysely';
import type { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { ImportDecision, ImportPhoto, PhotoState } from '../../../../protocol/api/imports.ts';
import { requireLiving } from '../../../core/people/living.ts';
import { namesOf } from '../../../core/people/records.ts';
import type { Actor } from '../../../platform/audit/actor.ts';
import type { Opened } from '../../../platform/audit/opened.ts';
import { findLocked, findSorted, update } from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { describeDuplicates, requireOverrule } from '../alike.ts';
import { importBox, lockOpen } from './runs.ts';

/** The pictures of an import: who each shows, the result of its check, and the decision about it. */

/** Lists pictures of an import in the order of their upload. */
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
  const box = await importBox(db, keys, rows);
  const names = await namesOf(db, keys, peopleOf(rows));
  const like = rows.flatMap((r) =>
    r.duplicate_of === null ? [] : [{ row: r.id, person: r.duplicate_of, score: r.duplicate_score ?? 0 }],
  );
  const described = await describeDuplicates(db, keys, like);
  const duplicates = like.map(({ row }, i) => ({ row, other: described[i]! }));
  return rows.map((r) => ({
    id: r.id,
    file: box.fileOf(r),
    state: r.state,
    code: r.code,
    usable: r.usable,
    hasPicture: r.has_picture,
    person: r.person === null ? null : { id: r.person, name: names.get(r.person) ?? null },
    consent: r.person === null ? null : (r.standing ?? 'none'),
    duplicate: duplicates.find((d) => d.row === r.id)?.other ?? null,
  }));
}

/** Whether the face resembles someone else's. Accepting such a picture marks the two people as lookalikes. */
export const isDuplicate = <T extends { readonly code: string | null; readonly duplicate_of: string | null }>(
  row: T,
): row is T & { readonly duplicate_of: string } =>
  row.duplicate_of !== null && (row.code === 'duplicate-face' || row.code === 'duplicate-in-import');

async function lockPhoto(tx: Tx, run: string, photo: string) {
  await lockOpen(tx, run);
  const row = await findLocked(tx, 'import_photo', { run, id: photo });
  if (!row) throw new Problem('import-photo-unknown');
  return row;
}

/**
 * Records a decision about a picture. Nothing outside the import changes yet.
 *
 * @returns the person it shows, or null
 * @throws Problem `import-unknown`, `import-closed`, `import-photo-unknown`, `import-photo-unusable`, `duplicate-needs-admin`,
 *   `confirmation-wrong`
 */
export async function decide(
  tx: Tx,
  keys: Keys,
  run: string,
  photo: string,
  wanted: ImportDecision,
  actor: Actor,
  now: Date,
): Promise<string | null> {
  const row = await lockPhoto(tx, run, photo);
  const decided = { decided_by: actor.id, decided_at: now };
  if (wanted.decision === 'accept') {
    if (row.state === 'waiting' || !row.template || !row.person) throw new Problem('import-photo-unusable');
    if (isDuplicate(row))
      await requireOverrule(tx, keys, actor, { other: row.duplicate_of, typed: wanted.typed ?? '' });
    await update(tx, 'import_photo', { id: photo }, { state: 'accepted', ...decided });
  } else if (wanted.decision === 'refuse') {
    const code = row.code ?? `refused-${wanted.reason}`;
    await update(tx, 'import_photo', { id: photo }, { state: 'refused', code, ...decided });
  } else {
    // A picture that was rejected before it was checked waits for the check again.
    const state = row.measured === null && row.photo !== null ? 'waiting' : 'judged';
    const undone = { state, code: row.code?.startsWith('refused-') ? null : row.code } as const;
    const done = { id: photo, state: ['accepted', 'refused'] } as const;
    await update(tx, 'import_photo', done, { ...undone, decided_by: null, decided_at: null });
  }
  return row.person;
}

/** Accepts every picture without objections. @returns the people they show */
export async function acceptAll(tx: Tx, run: string, by: string | null, now: Date): Promise<string[]> {
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
  return peopleOf(rows);
}

/**
 * Assigns a picture to a person. It is encrypted again under their key and checked again.
 *
 * @throws Problem as `decide`, and `person-unknown`
 */
export async function assignPhoto(tx: Tx, keys: Keys, run: string, photo: string, person: string): Promise<void> {
  const row = await lockPhoto(tx, run, photo);
  await moveTo(tx, keys, row, person);
  // A picture without a face was not kept, so it can't be checked again.
  const next = row.photo ? { state: 'waiting' as const, code: null, measured: null } : { state: 'judged' as const };
  const nothing = { template: null, duplicate_of: null, duplicate_score: null };
  await update(tx, 'import_photo', { id: photo }, { ...next, ...nothing });
}

/** Encrypts a picture and its file name for a person. @throws Problem `person-unknown` */
export async function moveTo(
  tx: Tx,
  keys: Keys,
  row: Pick<Row<'import_photo'>, 'id' | 'person' | 'name' | 'photo'>,
  person: string,
): Promise<void> {
  await requireLiving(tx, person, 'none');
  const moved = { ...row, person };
  const box = await importBox(tx, keys, [row, moved], { make: true });
  const name = box.seal('name', moved, box.open('name', row, row.name));
  const photo = row.photo && box.seal('photo', moved, box.open('photo', row, row.photo));
  await update(tx, 'import_photo', { id: row.id }, { person, name, photo });
}

/** Returns the imports that created a person, for their own export. What the list said about them is in their profile. */
export async function importedListsOf(tx: Tx, names: readonly string[]): Promise<object[]> {
  const rows = await findSorted(tx, 'import_person', { person: names }, ['made_at']);
  return rows.map((r) => ({ import: r.run, state: 'put-down', madeAt: r.made_at.toISOString() }));
}

/** Returns what imports store about a person, decrypted, for their own export. */
export async function importedPhotosOf(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  names: readonly string[],
): Promise<object[]> {
  const rows = await findSorted(tx, 'import_photo', { person: names }, ['made_at', 'id']);
  const box = await importBox(tx, keys, rows);
  opened.note('photo', peopleOf(rows));
  return rows.map((r) => ({
    import: r.run,
    state: r.state,
    code: r.code,
    madeAt: r.made_at.toISOString(),
    file: box.fileOf(r),
    jpeg: r.photo && box.open('photo', r, r.photo).toString('base64'),
    template: r.template && box.open('template', r, r.template).toString('base64'),
  }));
}
