import type { Change } from '../../protocol/wire/changes.ts';
import { MAX_TEMPLATES } from '../../protocol/wire/event.ts';
import type { Db } from '../database/schema.ts';
import { selectRows } from '../people/rows.ts';
import { facesAllowed } from './faces.ts';
import type { Reader } from './reader.ts';
import { readTemplates } from './templates.ts';

type PersonChange = Extract<Change, { kind: 'person' }>;
type TemplatesChange = Extract<Change, { kind: 'templates' }>;

/** What pages tell of people, read and decrypted when the page is made: so it is always their present state. */
export interface PeopleReader {
  /** Null: erased, merged into another, or not of this scope (any more). */
  person(id: string): PersonChange | null;
  /** Of one model, possibly none. Null: as above. */
  templates(id: string, model: string): TemplatesChange | null;
  /** Of every model that a kiosk may hold something of, possibly none. */
  allTemplates(id: string): TemplatesChange[];
  has(id: string): boolean;
}

/** @param people whom the caller is going to ask for */
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
          .execute();
  const living = await selectRows(
    db,
    keys,
    rows.map((r) => r.id),
    { fields: ['name', 'number', 'language'] },
  );
  // Erased between the two statements: then there is nothing to tell of them.
  const byId = new Map(living.filter((r) => r.deletedAt === null).map((r) => [r.id, r]));
  opened.note('person.name', byId.keys());
  // Where faces are switched off no kiosk gets a template, of whoever it is.
  const templates = await readTemplates(db, keys, opened, (await facesAllowed(db, scope)) ? [...byId.keys()] : []);
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
