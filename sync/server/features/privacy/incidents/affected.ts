import type { Transaction } from 'kysely';
import type { z } from 'zod';
import type { AffectedPeople } from '../../../../protocol/api/incidents.ts';
import { readPeople } from '../../../core/people/records.ts';
import { datesOf } from '../../../platform/audit/dates.ts';
import type { Tables } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { type Affected, findAffected } from '../../audit/affected.ts';
import { holdIncident, scopesOf } from './record.ts';

/**
 * Who an incident affected: those who the rows of the audit log in its scopes are about, with name and e-mail as they
 * are now. Nobody where it has no scope. Found again each time: who was erased since is not found any more.
 *
 * @throws Problem `incident-unknown`
 */
export async function affectedBy(
  tx: Transaction<Tables>,
  keys: Keys,
  incident: string,
): Promise<z.output<typeof AffectedPeople>> {
  await holdIncident(tx, keys, incident);
  const all = new Map<string, Affected>();
  let rows = 0;
  let everyone = false;
  let unknown = 0;
  for (const { scope } of await scopesOf(tx, incident)) {
    const found = await findAffected(tx, keys, datesOf(scope));
    for (const a of found.people) all.set(a.person, both(all.get(a.person), a));
    rows += found.rows;
    everyone ||= found.everyone;
    unknown += found.unknown;
  }
  const records = await readPeople(tx, keys, [...all.keys()]);
  const people = [...all.values()].map((a) => {
    const record = records.get(a.person);
    return {
      ...a,
      name: record?.name ?? null,
      email: record?.email ?? null,
      first: a.first.toISOString(),
      last: a.last.toISOString(),
      data: [...a.data],
    };
  });
  return { people, rows, everyone, unknown };
}

function both(a: Affected | undefined, b: Affected): Affected {
  if (!a) return b;
  return {
    person: a.person,
    rows: a.rows + b.rows,
    first: new Date(Math.min(a.first.getTime(), b.first.getTime())),
    last: new Date(Math.max(a.last.getTime(), b.last.getTime())),
    data: [...new Set([...a.data, ...b.data])].sort(),
  };
}
