import { sql } from 'kysely';
import { v7 } from 'uuid';
import type { TemplateCounts } from '../../../protocol/api/people.ts';
import type { Change } from '../../../protocol/wire/changes.ts';
import {
  type CardTemplateValue,
  MAX_TEMPLATES,
  PersonalBody,
  type TemplateValue,
  type WireEvent,
} from '../../../protocol/wire/event.ts';
import type { Opened } from '../../platform/audit/opened.ts';
import { findAll, findSorted, idsOf, insertNew, not, remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { emptyLog, openHalf } from '../../platform/keys/personal.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';

/**
 * Face templates on the server. They are kept only to send them to a person's other kiosks, in one copy, and only while the
 * consent is in force. They are removed from the log of events once stored here, so a withdrawal has one place to empty.
 */

export const vectorPlace = (id: string, person: string): Place => placeOf('template.vector', id, { person });

type TemplateEvent = {
  readonly id: string;
  /** Null: this server made it, from pictures or by merging two people. */
  readonly device: string | null;
  readonly change: 'added' | 'removed';
  readonly model: string;
  readonly templates: readonly { id: string; pose?: string | undefined; vector?: string | undefined }[] | undefined;
  /** Picture quality of each template, 0 to 100. */
  readonly quality?: readonly (number | null)[] | undefined;
};

/** Returns templates that this server made from pictures of a person, as an event. */
export const madeHere = (
  model: string,
  faces: readonly { readonly embedding: Float32Array; readonly pose: string; readonly quality: number | null }[],
): TemplateEvent => ({
  id: v7(),
  device: null,
  change: 'added',
  model,
  templates: faces.map(({ embedding, pose }) => ({
    id: v7(),
    pose,
    vector: vectorBytes(embedding).toString('base64url'),
  })),
  quality: faces.map(({ quality }) => quality),
});

/** Applies one `template` event of a person whose consent is in force. */
export async function applyTemplates(
  tx: Tx,
  keys: Keys,
  person: string,
  event: TemplateEvent,
  now: Date,
): Promise<void> {
  const { model, templates, quality } = event;
  await noteModels(tx, person, [model]);
  if (event.change === 'removed') {
    await remove(tx, 'template', { person, model, ...(templates?.length && { id: idsOf(templates) }) });
    return;
  }
  const whole = (templates ?? []).flatMap(({ id, pose, vector }, i) =>
    vector === undefined || pose === undefined ? [] : [{ id, pose, vector, quality: quality?.[i] ?? null }],
  );
  if (whole.length === 0) return;
  const box = await personBox(tx, keys, [person], { make: true });
  // The first template under an id is kept, so that nobody can replace someone else's by reusing its id.
  await insertNew(
    tx,
    'template',
    whole.map((t) => ({
      id: t.id,
      person,
      model,
      pose: t.pose,
      quality: t.quality,
      sealed: box.seal(vectorPlace(t.id, person), Buffer.from(t.vector, 'base64url')),
      device: event.device,
      added_at: now,
    })),
  );
  await sql`delete from template where id in (
      select id from template where person = ${person} and model = ${model}
      order by added_at desc, id desc offset ${MAX_TEMPLATES})`.execute(tx);
}

/**
 * Moves templates that arrived before their consent out of the log of events, in the order of the log.
 *
 * @returns whether there was a card template among them
 */
export async function catchUp(tx: Tx, keys: Keys, person: string, now: Date): Promise<boolean> {
  let hasCard = false;
  const waiting = { person, type: 'template', personal: not(null) };
  const rows = await findSorted(tx, 'event', waiting, ['received_at', 'device', 'epoch', 'seq']);
  const box = await personBox(tx, keys, rows.length > 0 ? [person] : []);
  for (const row of rows) {
    const { open } = row.header as WireEvent['header'];
    const held = openHalf(keys, box, row);
    const { templates: all, quality: ofEach, card: sealed } = PersonalBody.template.shape;
    const templates = all.parse(held.templates?.value);
    const quality = ofEach.parse(held.quality?.value);
    const card = sealed.parse(held.card?.value);
    const { change, model } = open as { change: 'added' | 'removed'; model: string };
    if (card) {
      await keepCardTemplate(tx, keys, { person, model, card, device: row.device }, row.at);
      hasCard = true;
    }
    if (!templates) continue;
    await applyTemplates(tx, keys, person, { id: row.id, device: row.device, change, model, templates, quality }, now);
  }
  await emptyLog(tx, keys, idsOf(rows));
  return hasCard;
}

/** Records that kiosks may have templates of this person and these models, so that they are kept up to date. */
export async function noteModels(tx: Tx, person: string, models: readonly string[]): Promise<void> {
  const rows = models.map((model) => ({ person, model }));
  await insertNew(tx, 'person_model', rows);
}

/**
 * Deletes all templates of a person, here and in the log of events. Their models stay recorded, so that kiosks are notified.
 *
 * @param o `card`: also delete their card template
 * @returns whether a card template was deleted
 */
export async function dropTemplates(
  tx: Tx,
  keys: Keys,
  person: string,
  { card = true }: { readonly card?: boolean } = {},
): Promise<boolean> {
  const hadCard = card && (await dropCardTemplate(tx, person));
  await remove(tx, 'template', { person });
  const held = { person, type: 'template', personal: not(null) };
  const events = await findAll(tx, 'event', held, ['id', 'header']);
  const models = events.map((e) => ((e.header as WireEvent['header']).open as { model: string }).model);
  await noteModels(tx, person, [...new Set(models)]);
  await emptyLog(tx, keys, idsOf(events));
  return hadCard;
}

/**
 * Decrypts templates of these people, by person and model. This is the only place where the server decrypts a face. The
 * caller's audit row names the people.
 */
export async function readTemplates(
  db: Db,
  keys: Keys,
  opened: Opened,
  people: readonly string[],
  model?: string,
): Promise<Map<string, Map<string, TemplateValue[]>>> {
  const all = new Map<string, Map<string, TemplateValue[]>>();
  const wanted = { person: people, ...(model !== undefined && { model }) };
  const rows = await findSorted(db, 'template', wanted, ['added_at', 'id']);
  const box = await personBox(db, keys, peopleOf(rows));
  opened.note('template', peopleOf(rows));
  for (const row of rows) {
    const of = all.get(row.person) ?? new Map<string, TemplateValue[]>();
    all.set(row.person, of);
    const vector = box.open(vectorPlace(row.id, row.person), row.sealed).toString('base64url');
    of.set(row.model, [...(of.get(row.model) ?? []), { id: row.id, pose: row.pose, vector }]);
  }
  return all;
}

/** Counts the templates of a person, by model. Their content is neither read nor decrypted. */
export async function templateCounts(db: Db, person: string): Promise<TemplateCounts['models']> {
  const rows = await db
    .selectFrom('template')
    .select((e) => [
      'model',
      e.fn.countAll<number>().as('count'),
      e.fn.max('added_at').as('newest'),
      e.fn.avg<number | null>('quality').as('quality'),
    ])
    .where('person', '=', person)
    .groupBy('model')
    .orderBy('model')
    .execute();
  return rows.map((r) => ({
    model: r.model,
    count: Number(r.count),
    newest: new Date(r.newest).toISOString(),
    quality: r.quality === null ? null : Math.round(Number(r.quality)),
  }));
}

/** Encodes a template as it is sent and stored: little-endian float32. */
export function vectorBytes(embedding: Float32Array): Buffer {
  const bytes = Buffer.alloc(embedding.length * 4);
  for (const [i, value] of embedding.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes;
}

export function vectorFrom(bytes: Uint8Array): Float32Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: view.length / 4 }, (_, i) => view.readFloatLE(i * 4));
}

/**
 * Templates for a person's card. They open only with the key on the card, never with a key of this server. They are
 * encrypted once more under the person's key, so that an erasure destroys them too.
 */

export const cardTemplatePlace = (id: string, person: string): Place => placeOf('card-template.sealed', id, { person });

/**
 * Stores the template of a new card in place of the previous one. One that is older than the stored one is ignored.
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

/** Deletes a person's card template. @returns whether there was one */
const dropCardTemplate = async (tx: Tx, person: string): Promise<boolean> =>
  (await remove(tx, 'card_template', { person })) > 0;

/** Returns what kiosks receive, by person. People without a card template are absent. */
export async function readCardTemplates(
  db: Db,
  keys: Keys,
  people: readonly string[],
): Promise<Map<string, Extract<Change, { kind: 'cardTemplate' }> & { readonly madeAt: Date }>> {
  const rows = await findAll(db, 'card_template', { person: [...people] });
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    rows.map(({ person, id, model, sealed, made_at: madeAt }) => {
      const card = { id, sealed: box.open(cardTemplatePlace(id, person), sealed).toString('base64url') };
      return [person, { kind: 'cardTemplate', person, model, card, madeAt }];
    }),
  );
}
