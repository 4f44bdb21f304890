import { sql } from 'kysely';
import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { selectRows } from './rows.ts';

/**
 * What kiosks are sent of people. Left out are those who were erased, deleted at a kiosk, merged into another, or who are not of
 * the reader's site.
 */
export async function peopleForKiosks(
  { source: { db, keys }, scope, opened }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'person'>[]> {
  const rows = await db
    .selectFrom('person as p')
    .innerJoin('person_site as s', 's.person', 'p.id')
    .select('p.id')
    .where('s.site', '=', scope)
    .where('p.id', 'in', people)
    .where('p.deleted_at', 'is', null)
    .where('p.merged_into', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('erasure as e')
            .select('e.request')
            .where('e.off_kiosks', '=', true)
            .where('e.state', '=', 'requested')
            .where(sql<boolean>`e.person = p.id or e.person in (select m.id from person m where m.merged_into = p.id)`),
        ),
      ),
    )
    .execute();
  const found = await selectRows(
    db,
    keys,
    rows.map((r) => r.id),
    { fields: ['name', 'number', 'language'] },
  );
  // Erased between the two statements: then there is nothing to say of them.
  const living = found.filter((r) => r.deletedAt === null);
  opened.note(
    'person.name',
    living.map((r) => r.id),
  );
  return living.map(({ id, values: { name = '', number = null, language = '' }, gpsOptOut }) => ({
    kind: 'person',
    person: id,
    name,
    number,
    language,
    gpsOptOut,
  }));
}
