import type { Change } from '../../protocol/wire/changes.ts';
import { techniciansChange } from '../technicians/store.ts';
import type { Reader } from './reader.ts';

/** Who may enter the technician's menu of the reader. Handing secrets out leaves a row in the audit log. */
export async function toldTechnicians({
  source: { db, keys },
  scope,
  opened,
}: Reader): Promise<Extract<Change, { kind: 'technicians' }>> {
  const change = await techniciansChange(db, keys, scope);
  opened.note(
    'technician.secret',
    change.technicians.map(({ id }) => id),
  );
  return change;
}
