import type { Change } from '../../../protocol/wire/changes.ts';
import { staffChange } from '../../core/staff/store.ts';
import type { Reader } from './reader.ts';

/** Who may unlock the reader. Handing PINs and secrets out leaves a row in the audit log. */
export async function staffFor({
  source: { db, keys },
  scope,
  opened,
}: Reader): Promise<Extract<Change, { kind: 'staff' }>> {
  const change = await staffChange(db, keys, scope);
  opened.note(
    'staff.keys',
    change.staff.map(({ id }) => id),
  );
  return change;
}
