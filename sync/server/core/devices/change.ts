import { Problem } from '../../../errors/problem.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { findLocked, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import { findSite } from '../sites/write.ts';
import { movingDevice } from './scope.ts';
import { publishSettings } from './settings.ts';

/**
 * Puts a device at another site: it gets that one's people, and what it records from now on is that one's.
 *
 * @param site null: the default one
 * @throws Problem `unknown-device`, `unknown-site`
 */
export async function changeDevice(
  tx: Tx,
  id: string,
  patch: { readonly name?: string | undefined; readonly site?: string | null | undefined },
  now: Date,
): Promise<void> {
  if (patch.site) await findSite(tx, patch.site);
  const change = {
    ...(patch.name !== undefined && { name: patch.name }),
    ...(patch.site !== undefined && { site: patch.site }),
  };
  const known = await findLocked(tx, 'device', { id }, ['id']);
  if (!known) throw new Problem('unknown-device');
  if (Object.keys(change).length > 0) await movingDevice(tx, id, now, () => update(tx, 'device', { id }, change));
  // Its cursor is of another scope from now on, so its next ask begins a snapshot. This makes it ask.
  if (patch.site !== undefined) {
    await appendChanges(tx, [{ kind: 'policy', device: id }], now);
    await publishSettings(tx, [id], now);
  }
}
