import { sql } from 'kysely';
import { type Change, MAX_LOOKALIKES } from '../../../protocol/wire/changes.ts';
import { MAX_TEMPLATES } from '../../../protocol/wire/event.ts';
import { readPinCodes } from '../../core/credentials/pin-codes/codes.ts';
import { readPins } from '../../core/credentials/pins/pins.ts';
import { credentialsOf } from '../../core/credentials/store.ts';
import { pairsIn } from '../../core/lookalikes/store.ts';
import { selectRows } from '../../core/people/rows.ts';
import { facesAllowed, templatesAllowed } from '../../core/sites/faces.ts';
import { readCardTemplates } from '../../core/templates/card-templates.ts';
import { readTemplates } from '../../core/templates/templates.ts';
import { ongoingAt, seenIn } from '../../features/reports/presence/roll-call.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Reader } from './reader.ts';

type PersonChange = Extract<Change, { kind: 'person' }>;
type CardTemplateChange = Extract<Change, { kind: 'cardTemplate' }>;
type CredentialsChange = Extract<Change, { kind: 'credentials' }>;
type PinCodeChange = Extract<Change, { kind: 'pinCode' }>;
type PinChange = Extract<Change, { kind: 'pin' }>;
type TemplatesChange = Extract<Change, { kind: 'templates' }>;

/** What pages say of people, read and decrypted when the page is made: so it is always their present state. */
export interface PeopleReader {
  /** Null: erased, deleted at a kiosk, merged into another, or not of this scope (any more). */
  person(id: string): PersonChange | null;
  /** Cards and badges, possibly none. Null: as above. */
  credentials(id: string): CredentialsChange | null;
  /** What their card opens, possibly nothing. Null: as above. */
  cardTemplate(id: string): CardTemplateChange | null;
  /** The code by which they choose a PIN, possibly none. Null: as above. */
  pinCode(id: string): PinCodeChange | null;
  /** Whether they were seen outside in the evacuation of the scope. Null: none goes on, or as above. */
  accounted(id: string): Extract<Change, { kind: 'accounted' }> | null;
  /** The people of this scope who are their lookalikes, possibly nobody. Null: as above. */
  lookalikes(id: string): Extract<Change, { kind: 'lookalikes' }> | null;
  /** What their PIN is checked by; `known` false: nothing is known of one here. Null: as above. */
  pin(id: string): { readonly change: PinChange; readonly known: boolean } | null;
  /** Of one model, possibly none. Null: as above. */
  templates(id: string, model: string): TemplatesChange | null;
  /** Of every model that a kiosk may hold something of, possibly none. */
  allTemplates(id: string): TemplatesChange[];
  has(id: string): boolean;
}

/** @param people the caller is going to ask for */
export async function readPeople(
  { source: { db, keys }, scope, opened }: Reader,
  people: readonly string[],
): Promise<PeopleReader> {
  const ids = [...new Set(people)];
  const rows =
    ids.length === 0
      ? []
      : await db
          .selectFrom('person as p')
          .innerJoin('person_site as s', 's.person', 'p.id')
          .select('p.id')
          .where('s.site', '=', scope)
          .where('p.id', 'in', ids)
          .where('p.deleted_at', 'is', null)
          .where('p.merged_into', 'is', null)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('erasure as e')
                  .select('e.request')
                  .where('e.off_kiosks', '=', true)
                  .where('e.state', '=', 'requested')
                  .where(
                    sql<boolean>`e.person = p.id or e.person in (select m.id from person m where m.merged_into = p.id)`,
                  ),
              ),
            ),
          )
          .execute();
  const living = await selectRows(
    db,
    keys,
    rows.map((r) => r.id),
    { fields: ['name', 'number', 'badge', 'language'] },
  );
  // Erased between the two statements: then there is nothing to say of them.
  const byId = new Map(living.filter((r) => r.deletedAt === null).map((r) => [r.id, r]));
  opened.note('person.name', byId.keys());
  // Where faces are switched off no kiosk gets a template of anyone.
  const templates = await readTemplates(db, keys, opened, (await templatesAllowed(db, scope)) ? [...byId.keys()] : []);
  const credentials = Map.groupBy(await credentialsOf(db, keys, [...byId.keys()]), (c) => c.person);
  const onCards = (await facesAllowed(db, scope)) ? await readCardTemplates(db, keys, [...byId.keys()]) : new Map();
  opened.note('template.card', onCards.keys());
  const pinCodes = await readPinCodes(db, keys, [...byId.keys()]);
  const pins = await readPins(db, keys, [...byId.keys()]);
  opened.note('pin', pins.keys());
  const evacuation = await ongoingAt(db, scope);
  const seen = evacuation ? await seenIn(db, evacuation.id, [...byId.keys()]) : new Map();
  const pairs = await pairsIn(db, scope, [...byId.keys()]);
  const models = await modelsOf(db, [...byId.keys()]);
  const of = (id: string, model: string): TemplatesChange => ({
    kind: 'templates',
    person: id,
    model,
    templates: (templates.get(id)?.get(model) ?? []).slice(-MAX_TEMPLATES),
  });
  return {
    has: (id) => byId.has(id),
    person(id) {
      const row = byId.get(id);
      if (!row) return null;
      const { name = '', number = null, language = '' } = row.values;
      return { kind: 'person', person: id, name, number, language, gpsOptOut: row.gpsOptOut };
    },
    credentials(id) {
      const row = byId.get(id);
      if (!row) return null;
      const held = credentials.get(id) ?? [];
      return {
        kind: 'credentials',
        person: id,
        cards: held.flatMap((c) => (c.hash ? [{ id: c.id, hash: c.hash.toString('base64url') }] : [])),
        badges: [...new Set([row.values.badge, ...held.map((c) => c.number)])].filter((b) => typeof b === 'string'),
      };
    },
    cardTemplate(id) {
      if (!byId.has(id)) return null;
      const { model = '', card = null } = onCards.get(id) ?? {};
      return { kind: 'cardTemplate', person: id, model, card };
    },
    pinCode: (id) => (byId.has(id) ? (pinCodes.get(id) ?? { kind: 'pinCode', person: id, code: null }) : null),
    accounted: (id) =>
      evacuation && byId.has(id) ? { kind: 'accounted', evacuation, person: id, seen: seen.get(id) ?? null } : null,
    lookalikes: (id) =>
      byId.has(id)
        ? {
            kind: 'lookalikes',
            person: id,
            others: (pairs.get(id) ?? []).slice(0, MAX_LOOKALIKES).map(({ people, reason, at, device, by }) => ({
              person: people.find((one) => one !== id)!,
              reason,
              at: at.toISOString(),
              device,
              // Who works in the office is no kiosk's business.
              by: device === null ? null : by,
            })),
          }
        : null,
    pin(id) {
      if (!byId.has(id)) return null;
      const change = pins.get(id) ?? { kind: 'pin', person: id, pin: null };
      return { change, known: pins.has(id) };
    },
    templates: (id, model) => (byId.has(id) ? of(id, model) : null),
    allTemplates: (id) => (models.get(id) ?? []).map((model) => of(id, model)),
  };
}

async function modelsOf(db: Db, people: readonly string[]): Promise<Map<string, string[]>> {
  if (people.length === 0) return new Map();
  const rows = await db
    .selectFrom('person_model')
    .selectAll()
    .where('person', 'in', people)
    .orderBy('person')
    .orderBy('model')
    .execute();
  return new Map(
    Object.entries(Object.groupBy(rows, (r) => r.person)).map(([id, of]) => [id, of!.map((r) => r.model)]),
  );
}
