import { z } from 'zod';
import type { Db, Row, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { personBox } from '../../platform/keys/persons.ts';

/** What was said with a consent beside its text: who spoke for a child, or on what the operator bases one that it imports. */
export const Said = z.strictObject({
  guardian: z.strictObject({ name: z.string(), relation: z.string() }).optional(),
  basis: z.string().optional(),
});
export type Said = z.infer<typeof Said>;

/** @param person whose key it is under: the one of that time, no matter who they turned out to be since */
export const saidPlace = (consent: string, person: string): Place => placeOf('consent.said', consent, { person });

/** Under the person's key. */
export async function sealSaid(tx: Tx, keys: Keys, consent: string, person: string, said: Said): Promise<Buffer> {
  const box = await personBox(tx, keys, [person], { make: true });
  return box.sealJson(saidPlace(consent, person), said);
}

/** By the consent's id; of those that nothing was said with there is no entry. */
export async function openSaid(
  db: Db,
  keys: Keys,
  rows: readonly Pick<Row<'consent'>, 'event' | 'said' | 'said_of'>[],
): Promise<Map<string, Said>> {
  const speakers = rows.flatMap((r) => (r.said && r.said_of) ?? []);
  const box = await personBox(db, keys, speakers);
  return new Map(
    rows.flatMap((r) =>
      r.said && r.said_of && box.has(r.said_of)
        ? [[r.event, Said.parse(box.openJson(saidPlace(r.event, r.said_of), r.said))] as const]
        : [],
    ),
  );
}
