import { sql, type Transaction } from 'kysely';
import type { Standing } from '../../core/people/people.ts';
import type { Tables } from '../../platform/database/schema.ts';
import type { Taken } from './triage.ts';

/**
 * Takes the position out of events of people who opted out (POLICY P9): a kiosk that had not heard of it yet may still send
 * one. The chain stands on the commitment. Costs nothing where no event has a position.
 *
 * @param people held until the transaction ends (`lockPeople`), so that an opt-out comes before or after all of it
 */
export async function withoutUnwantedPositions(
  tx: Transaction<Tables>,
  fresh: readonly Taken[],
  people: ReadonlyMap<string, Standing>,
): Promise<Taken[]> {
  const known = ({ event: { personal } }: Taken) =>
    personal.gps && typeof personal.person?.value === 'string' ? people.get(personal.person.value)?.now : undefined;
  const asked = [...new Set(fresh.flatMap((t) => known(t) ?? []))];
  if (asked.length === 0) return [...fresh];
  const { rows } = await sql<{ id: string }>`
    select id from person where id = any(${asked}::uuid[]) and gps_opt_out`.execute(tx);
  const optedOut = new Set(rows.map((r) => r.id));
  return fresh.map((t) => {
    const person = known(t);
    if (person === undefined || !optedOut.has(person)) return t;
    const { gps: _, ...personal } = t.event.personal;
    return { ...t, event: { ...t.event, personal } };
  });
}
