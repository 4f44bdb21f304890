import type { Change } from '../../../protocol/wire/changes.ts';
import type { CardTemplateValue } from '../../../protocol/wire/event.ts';
import { findAll, remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';

/**
 * Templates on the person's card: what lies here opens with the key that the card carries, and with nothing that this
 * server has. It is sealed once more under the person's key, so that an erasure takes it like everything else.
 */

export const cardTemplatePlace = (id: string, person: string): Place => placeOf('card-template.sealed', id, { person });

/**
 * Keeps what a new card opens, in place of what the one before did. One that is older than what is here comes too late.
 *
 * @param at when it was enrolled
 */
export async function keepCardTemplate(
  tx: Tx,
  keys: Keys,
  o: {
    readonly person: string;
    readonly model: string;
    readonly card: CardTemplateValue;
    readonly device: string | null;
  },
  at: Date,
): Promise<void> {
  const { person, model, card, device } = o;
  const box = await personBox(tx, keys, [person], { make: true });
  const sealed = box.seal(cardTemplatePlace(card.id, person), Buffer.from(card.sealed, 'base64url'));
  const row = { id: card.id, model, sealed, device, made_at: at };
  await tx
    .insertInto('card_template')
    .values({ person, ...row })
    .onConflict((c) =>
      c
        .column('person')
        .doUpdateSet(row)
        .where((e) => e('card_template.made_at', '<=', e.ref('excluded.made_at'))),
    )
    .execute();
}

/** @returns whether there was one */
export const dropCardTemplate = async (tx: Tx, person: string): Promise<boolean> =>
  (await remove(tx, 'card_template', { person })) > 0;

/** What kiosks receive, by person; people without any are absent. */
export async function readCardTemplates(
  db: Db,
  keys: Keys,
  people: readonly string[],
): Promise<Map<string, Extract<Change, { kind: 'cardTemplate' }> & { readonly madeAt: Date }>> {
  if (people.length === 0) return new Map();
  const rows = await findAll(db, 'card_template', { person: [...people] });
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.map(({ person, id, model, sealed, made_at: madeAt }) => {
      const card = { id, sealed: box.open(cardTemplatePlace(id, person), sealed).toString('base64url') };
      return [person, { kind: 'cardTemplate', person, model, card, madeAt }];
    }),
  );
}
