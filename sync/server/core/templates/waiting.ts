import { type SqlBool, sql } from 'kysely';
import { v7 } from 'uuid';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { Opened } from '../../platform/audit/opened.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import {
  below,
  camelCase,
  findAll,
  findLocked,
  findSorted,
  insert,
  remove,
  update,
} from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';
import { dropPairsOf } from '../lookalikes/store.ts';
import { templateCounts, vectorBytes, vectorFrom } from './templates.ts';

/**
 * Waiting enrolments: the face is similar to someone else's, and the person who took the pictures may not decide that they
 * are two people. Pictures and templates are kept, encrypted under the person's key, until an administrator decides. They
 * are not used for recognition.
 */

/** Days after which an undecided enrolment is deleted. */
export const CASE_DAYS = 14;

export const casePlace = (id: string, person: string): Place => placeOf('enrolment.case', id, { person });

const Faces = z.array(
  z.strictObject({
    model: z.string(),
    pose: z.string(),
    quality: z.number().nullable().default(null),
    vector: z.string(),
    picture: z.string(),
  }),
);

/** Stores an enrolment for an administrator to decide, replacing one that waits for the same person. @returns its id */
export async function keepCase(
  tx: Tx,
  keys: Keys,
  o: {
    readonly person: string;
    readonly other: string;
    readonly score: number;
    readonly source: 'camera' | 'photo';
    readonly faces: readonly NewFace[];
    readonly by: string | null;
  },
  now: Date,
): Promise<string> {
  const { person, other, score, source, faces, by } = o;
  await remove(tx, 'enrolment_case', { person });
  const id = v7();
  const box = await personBox(tx, keys, [person], { make: true });
  const kept: z.input<typeof Faces> = faces.map(({ model, pose, quality, embedding, picture }) => ({
    model,
    pose,
    quality,
    vector: vectorBytes(embedding).toString('base64'),
    picture: Buffer.from(picture).toString('base64'),
  }));
  const sealed = box.sealJson(casePlace(id, person), kept);
  await insert(tx, 'enrolment_case', { id, person, other, score, source, faces: sealed, made_by: by, made_at: now });
  return id;
}

/**
 * Returns a waiting enrolment with its faces, locked until the transaction ends.
 * @throws Problem `enrolment-case-unknown`
 */
export async function openCase(tx: Tx, keys: Keys, id: string) {
  const row = await findLocked(tx, 'enrolment_case', { id });
  if (!row) throw new Problem('enrolment-case-unknown');
  const box = await personBox(tx, keys, [row.person]);
  const faces = Faces.parse(box.openJson(casePlace(id, row.person), row.faces)).map(
    ({ vector, picture, ...face }): NewFace => ({
      ...face,
      embedding: vectorFrom(Buffer.from(vector, 'base64')),
      picture: Buffer.from(picture, 'base64'),
    }),
  );
  return { ...camelCase(row), faces };
}

/** Makes the administrator compare with another person: one added since with a similar face, or the next in the list. */
export async function askAbout(
  tx: Tx,
  id: string,
  { person, score }: { readonly person: string; readonly score: number },
): Promise<void> {
  await update(tx, 'enrolment_case', { id }, { other: person, score });
}

export async function removeCase(tx: Tx, id: string): Promise<void> {
  await remove(tx, 'enrolment_case', { id });
}

/** Deletes waiting enrolments of a merged person, since they belong to the id that consented. */
export async function moveCases(tx: Tx, kept: string, merged: string): Promise<void> {
  await remove(tx, 'enrolment_case', { person: merged });
  await update(tx, 'enrolment_case', { other: merged }, { other: kept });
  await tx.deleteFrom('enrolment_case').where(sql<SqlBool>`person = other`).execute();
}

/**
 * Deletes an enrolment that nobody accepted. If the person has no templates, pairs that were marked during its decision are
 * removed too: without templates, no face can be confused with theirs.
 */
export async function giveUpCase(tx: Tx, { id, person }: { id: string; person: string }, now: Date): Promise<void> {
  await removeCase(tx, id);
  if ((await templateCounts(tx, person)).length === 0) await appendChanges(tx, await dropPairsOf(tx, person), now);
}

/** Deletes enrolments that have waited too long. @returns how many */
export async function endOldCases(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - CASE_DAYS * 86_400_000);
  const old = await findAll(db, 'enrolment_case', { made_at: below(before) }, ['id']);
  let ended = 0;
  for (const { id } of old)
    ended += await inTransaction(db, async (tx) => {
      const row = await findLocked(tx, 'enrolment_case', { id }, ['id', 'person']);
      if (row) await giveUpCase(tx, row, now);
      return row ? 1 : 0;
    });
  return ended;
}

/** Returns waiting enrolments for a person's own export. @param people every id of the person */
export async function openCasesOf(tx: Tx, keys: Keys, opened: Opened, people: readonly string[]) {
  const rows = await findSorted(tx, 'enrolment_case', { person: people }, ['id']);
  const cases = [];
  for (const { id } of rows) cases.push(await openCase(tx, keys, id));
  opened.note('photo', peopleOf(cases));
  return cases;
}

export interface NewFace {
  readonly model: string;
  readonly embedding: Float32Array;
  readonly picture: Uint8Array;
  readonly pose: string;
  /** 0 to 100. Null: unknown. */
  readonly quality: number | null;
}
