import { Problem } from '../../../errors/problem.ts';
import type { AttentionKind } from '../../../protocol/api/attention.ts';
import { notePlace } from '../../core/people/notes.ts';
import { lockPeople } from '../../core/people/people.ts';
import { upsert } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { personBox } from '../../platform/keys/persons.ts';
import { itemPerson } from './items.ts';

/** Kinds that are decided where they belong, and by nothing else. */
const ELSEWHERE: ReadonlySet<AttentionKind> = new Set(['duplicate', 'import', 'enrolment']);

/**
 * Takes an item off the list.
 *
 * @returns who it was about
 * @throws Problem `attention-unknown`, `attention-elsewhere`
 */
export async function resolveItem(
  tx: Tx,
  keys: Keys,
  { kind, ref, note }: { readonly kind: AttentionKind; readonly ref: string; readonly note: string },
  by: string | null,
  now: Date,
): Promise<string | null> {
  if (ELSEWHERE.has(kind)) throw new Problem('attention-elsewhere');
  const item = await itemPerson(tx, kind, ref, now);
  if (!item || (item.person !== null && (await isErased(tx, item.person)))) throw new Problem('attention-unknown');
  const box = await personBox(tx, keys, item.person === null ? [] : [item.person]);
  const person = item.person !== null && box.has(item.person) ? item.person : null;
  const at = notePlace(kind, ref, person);
  const sealed = (person === null ? keys : box).sealJson(at, note);
  const values = { person, note: sealed, resolved_by: by, resolved_at: now };
  await upsert(tx, 'attention_note', ['kind', 'ref'], { kind, ref, ...values }, values);
  return item.person;
}

/** Under whatever name: they are kept from being erased until the transaction ends. */
async function isErased(tx: Tx, person: string): Promise<boolean> {
  return (await lockPeople(tx, [person])).get(person)?.erased === true;
}

/** Puts an item on the list again. @returns who it is about @throws Problem `attention-unknown` */
export async function reopenItem(tx: Tx, kind: AttentionKind, ref: string): Promise<string | null> {
  const row = await tx
    .deleteFrom('attention_note')
    .where('kind', '=', kind)
    .where('ref', '=', ref)
    .returning('person')
    .executeTakeFirst();
  if (!row) throw new Problem('attention-unknown');
  return row.person;
}
