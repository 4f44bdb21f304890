import type { Transaction } from 'kysely';
import type { Opened } from '../../../platform/audit/opened.ts';
import type { Tables } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { personBox } from '../../../platform/keys/persons.ts';
import { importPlace } from './places.ts';

/** By which lists a person was put down, for their own export. What a list said of them is their profile. */
export async function importedListsOf(tx: Transaction<Tables>, names: readonly string[]): Promise<object[]> {
  const rows = await tx
    .selectFrom('import_person')
    .select(['run', 'made_at'])
    .where('person', 'in', names)
    .orderBy('made_at')
    .execute();
  return rows.map((r) => ({ import: r.run, state: 'put-down', madeAt: r.made_at.toISOString() }));
}

/** What imports hold of a person, opened, for their own export. */
export async function importedPhotosOf(
  tx: Transaction<Tables>,
  keys: Keys,
  opened: Opened,
  names: readonly string[],
): Promise<object[]> {
  const rows = await tx
    .selectFrom('import_photo')
    .selectAll()
    .where('person', 'in', names)
    .orderBy('made_at')
    .orderBy('id')
    .execute();
  const box = await personBox(
    tx,
    keys,
    rows.flatMap((r) => r.person ?? []),
  );
  opened.note(
    'photo',
    rows.flatMap((r) => r.person ?? []),
  );
  return rows.map((r) => ({
    import: r.run,
    state: r.state,
    code: r.code,
    madeAt: r.made_at.toISOString(),
    file: String(box.openJson(importPlace('name', r.id, r.person), r.name)),
    jpeg: r.photo && box.open(importPlace('photo', r.id, r.person), r.photo).toString('base64'),
    template: r.template && box.open(importPlace('template', r.id, r.person), r.template).toString('base64'),
  }));
}
