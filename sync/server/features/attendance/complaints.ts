import { sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { MyComplaint } from '../../../protocol/api/portal.ts';
import { requireLiving } from '../../core/people/living.ts';
import { openNotes } from '../../core/people/notes.ts';
import { exists, findAll, findSorted, idsOf, insert, remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';

/**
 * Complaints: a person reports in the portal that a record of theirs is wrong. The member of staff in charge sees it in the
 * attention queue (features/attention/), and their note there is the answer that the person reads. The record itself is not
 * changed; a correction is a record of its own.
 */

export const complaintPlace = (id: string, person: string): Place => placeOf('complaint.message', id, { person });

/** Most complaints of one person that may wait for an answer, so that no one can flood the queue. */
const MAX_OPEN = 20;

/** Returns the messages of these complaints by id. Those of erased people are missing. */
export async function openComplaints(db: Db, keys: Keys, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await findAll(db, 'complaint', { id: ids }, ['id', 'person', 'sealed']);
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.flatMap((r) =>
      box.has(r.person) ? [[r.id, String(box.openJson(complaintPlace(r.id, r.person), r.sealed))] as const] : [],
    ),
  );
}

/** Lists a person's complaints with their answers, newest first. @param names every id of the person */
export async function complaintsOf(db: Db, keys: Keys, names: readonly string[]): Promise<MyComplaint[]> {
  const rows = await findSorted(db, 'complaint', { person: names }, ['made_at', 'id'], { descending: true });
  const messages = await openComplaints(db, keys, idsOf(rows));
  const items = rows.map((r) => ({ kind: 'complaint', ref: r.id }));
  const notes = await openNotes(db, keys, items);
  return rows.map((r) => {
    const noted = notes.get(`complaint ${r.id}`);
    return {
      record: r.record,
      at: r.made_at.toISOString(),
      message: messages.get(r.id) ?? '',
      answer: noted ? { at: noted.at, note: noted.note } : null,
    };
  });
}

/**
 * Records a complaint, and returns its id. A new complaint about the same record replaces the old one and waits again.
 *
 * @throws Problem `person-unknown`, `record-unknown` (also for records of others, so as not to reveal them), `complaints-waiting`
 */
export async function complain(
  tx: Tx,
  keys: Keys,
  { person, record, message }: { readonly person: string; readonly record: string; readonly message: string },
  now: Date,
): Promise<string> {
  await requireLiving(tx, person, 'change'); // locks, so that the second of two concurrent calls finds the first
  if (!(await exists(tx, 'checkin', { id: record, person }))) throw new Problem('record-unknown');
  if (await exists(tx, 'complaint', { record })) await withdrawComplaint(tx, record);
  else {
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from complaint c where c.person = ${person}::uuid
      and not exists (select from attention_note a where a.kind = 'complaint' and a.ref = c.id::text)`.execute(tx);
    if (rows[0]!.n >= MAX_OPEN) throw new Problem('complaints-waiting', { max: MAX_OPEN });
  }
  const id = v7();
  const box = await personBox(tx, keys, [person], { make: true });
  const sealed = box.sealJson(complaintPlace(id, person), message);
  await insert(tx, 'complaint', { id, person, record, sealed, made_at: now });
  return id;
}

async function withdrawComplaint(tx: Tx, record: string): Promise<void> {
  const gone = await tx.deleteFrom('complaint').where('record', '=', record).returning('id').execute();
  await remove(tx, 'attention_note', { kind: 'complaint', ref: idsOf(gone) });
}
