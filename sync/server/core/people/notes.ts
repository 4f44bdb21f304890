import type { AttentionItem } from '../../../protocol/api/attention.ts';
import { findAll } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';

/** Notes on items of the attention queue. They may name people, so they are encrypted. */

export const notePlace = (kind: string, ref: string, person: string | null): Place =>
  placeOf('attention.note', `${kind} ${ref}`, { person });

/** Returns notes, decrypted, by `kind ref`. */
export async function openNotes(
  db: Db,
  keys: Keys,
  items: readonly { readonly kind: string; readonly ref: string }[],
): Promise<Map<string, NonNullable<AttentionItem['resolved']>>> {
  const rows = await findAll(db, 'attention_note', { ref: [...new Set(items.map((i) => i.ref))] });
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.map((r) => {
      const note = String((r.person === null ? keys : box).openJson(notePlace(r.kind, r.ref, r.person), r.note));
      return [`${r.kind} ${r.ref}`, { at: r.resolved_at.toISOString(), by: r.resolved_by, note }] as const;
    }),
  );
}
