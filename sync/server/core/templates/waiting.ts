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
 * Enrolments that wait: the face is like someone else's, and who took the pictures may not say that they are two
 * people. Pictures and templates are kept under the person's key until an administrator has looked; nobody is
 * recognised by them.
 */

/** What has not been decided is deleted after so many days. */
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

/** Puts an enrolment before an administrator; one that waits for the same person is replaced. @returns its id */
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
 * One that waits, with its faces; locked until the transaction ends.
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

/** An administrator is asked about someone else: a person who has come to resemble the face, or was next in line. */
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

/** Waiting enrolments of the merged person are deleted: they belong to the name that consented. */
export async function moveCases(tx: Tx, kept: string, merged: string): Promise<void> {
  await remove(tx, 'enrolment_case', { person: merged });
  await update(tx, 'enrolment_case', { other: merged }, { other: kept });
  await tx.deleteFrom('enrolment_case').where(sql<SqlBool>`person = other`).execute();
}

/**
 * An enrolment that nobody accepted ends. People said to be another person before its last question are no pair then:
 * without templates they are like nobody.
 */
export async function giveUpCase(tx: Tx, { id, person }: { id: string; person: string }, now: Date): Promise<void> {
  await removeCase(tx, id);
  if ((await templateCounts(tx, person)).length === 0) await appendChanges(tx, await dropPairsOf(tx, person), now);
}

/** Those left too long. @returns how many ended */
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

/** For the person's own export. @param people every name of one person */
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
  /** 0 to 100; null: not known. */
  readonly quality: number | null;
}
