import type { Opened } from '../../../platform/audit/opened.ts';
import { findSorted } from '../../../platform/database/rows.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf } from '../../../platform/keys/persons.ts';
import { importBox } from './runs.ts';

/** By which lists a person was put down, for their own export. What a list said of them is their profile. */
export async function importedListsOf(tx: Tx, names: readonly string[]): Promise<object[]> {
  const rows = await findSorted(tx, 'import_person', { person: names }, ['made_at']);
  return rows.map((r) => ({ import: r.run, state: 'put-down', madeAt: r.made_at.toISOString() }));
}

/** What imports hold of a person, opened, for their own export. */
export async function importedPhotosOf(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  names: readonly string[],
): Promise<object[]> {
  const rows = await findSorted(tx, 'import_photo', { person: names }, ['made_at', 'id']);
  const box = await importBox(tx, keys, rows);
  opened.note('photo', peopleOf(rows));
  return rows.map((r) => ({
    import: r.run,
    state: r.state,
    code: r.code,
    madeAt: r.made_at.toISOString(),
    file: box.fileOf(r),
    jpeg: r.photo && box.open('photo', r, r.photo).toString('base64'),
    template: r.template && box.open('template', r, r.template).toString('base64'),
  }));
}
