import type { Transaction } from 'kysely';
import type { AttentionItem, AttentionKind } from '../../protocol/api/attention.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys, Place } from '../keys/envelope.ts';
import { personBox } from '../keys/persons.ts';
import { itemPerson } from './items.ts';

/** What somebody in charge did about an item of the queue. The words may name somebody, so they are sealed. */

export const notePlace = (kind: string, ref: string, person: string | null): Place => ({
  field: 'attention.note',
  person,
  record: `${kind} ${ref}`,
  rowVersion: 1,
});

/** Kinds that are decided where they belong, and by nothing else. */
const ELSEWHERE: ReadonlySet<AttentionKind> = new Set(['duplicate', 'import']);

/**
 * Takes an item off the list.
 *
 * @returns whom it was about
 * @throws Problem `attention-unknown`, `attention-elsewhere`
 */
export async function resolveItem(
  tx: Transaction<Tables>,
  keys: Keys,
  { kind, ref, note }: { readonly kind: AttentionKind; readonly ref: string; readonly note: string },
  by: string | null,
  now: Date,
): Promise<string | null> {
  if (ELSEWHERE.has(kind))
    throw new Problem(
      'attention-elsewhere',
      'This is decided where it belongs, not by a note.',
      'Decide about the pair, or finish the review of the import.',
    );
  const item = await itemPerson(tx, kind, ref, now);
  if (!item) throw new Problem('attention-unknown', 'There is no such item any more.', 'Read the list again.');
  const box = await personBox(tx, keys, item.person === null ? [] : [item.person]);
  const person = item.person !== null && box.has(item.person) ? item.person : null;
  const at = notePlace(kind, ref, person);
  const sealed = (person === null ? keys : box).sealJson(at, note);
  const values = { person, note: sealed, resolved_by: by, resolved_at: now };
  await tx
    .insertInto('attention_note')
    .values({ kind, ref, ...values })
    .onConflict((c) => c.columns(['kind', 'ref']).doUpdateSet(values))
    .execute();
  return item.person;
}

/** Puts an item on the list again. @returns whom it is about @throws Problem `attention-unknown` */
export async function reopenItem(tx: Transaction<Tables>, kind: AttentionKind, ref: string): Promise<string | null> {
  const row = await tx
    .deleteFrom('attention_note')
    .where('kind', '=', kind)
    .where('ref', '=', ref)
    .returning('person')
    .executeTakeFirst();
  if (!row) throw new Problem('attention-unknown', 'There is no such item.', 'Read the list again.');
  return row.person;
}

/** By kind and ref. */
export async function openNotes(
  db: Db,
  keys: Keys,
  items: readonly { readonly kind: string; readonly ref: string }[],
): Promise<Map<string, NonNullable<AttentionItem['resolved']>>> {
  if (items.length === 0) return new Map();
  const rows = await db
    .selectFrom('attention_note')
    .selectAll()
    .where('ref', 'in', [...new Set(items.map((i) => i.ref))])
    .execute();
  const box = await personBox(
    db,
    keys,
    rows.flatMap((r) => r.person ?? []),
  );
  return new Map(
    rows.map((r) => {
      const note = String((r.person === null ? keys : box).openJson(notePlace(r.kind, r.ref, r.person), r.note));
      return [`${r.kind} ${r.ref}`, { at: r.resolved_at.toISOString(), by: r.resolved_by, note }] as const;
    }),
  );
}
