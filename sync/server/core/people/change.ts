import { Problem } from '../../../errors/problem.ts';
import type { PersonPatch } from '../../../protocol/api/people.ts';
import { defined, exists, findLocked } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { forgetPositions } from './people.ts';
import { writePerson } from './records.ts';
import { personChanged, publishCredentials } from './sites.ts';

/**
 * Changes what is known of a person, and notifies their kiosks.
 *
 * @returns names of the fields that changed
 * @throws Problem as `writePerson`; `person-unknown`
 */
export async function changePerson(
  tx: Tx,
  keys: Keys,
  person: string,
  { version, ...patch }: PersonPatch,
  now: Date,
): Promise<string[]> {
  // A change makes nobody.
  if (!(await exists(tx, 'person', { id: person }))) throw new Problem('person-unknown');
  // Against an ingest that is writing a position of theirs (lockPeople): it comes before all of this, or after.
  if (patch.gpsOptOut) await findLocked(tx, 'person', { id: person }, ['id']);
  const expect = version === undefined ? {} : { expectVersion: version };
  const { changed } = await writePerson(tx, keys, { id: person, patch: defined(patch), ...expect }, now);
  if (patch.gpsOptOut && changed.includes('gpsOptOut')) await forgetPositions(tx, [person]);
  if (changed.length > 0) await personChanged(tx, person, now);
  if (changed.includes('badge')) await publishCredentials(tx, person, now);
  return changed;
}
