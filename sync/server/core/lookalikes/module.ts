import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/lookalikes.ts';
import { MAX_LOOKALIKES } from '../../../protocol/wire/changes.ts';
import { pageFrom, readTimeCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import type { ChangeOf, Reader } from '../../platform/changes/to-kiosks.ts';
import { find } from '../../platform/database/rows.ts';
import type { OneEvent } from '../../platform/events.ts';
import { emptyLog } from '../../platform/keys/personal.ts';
import type { Reading } from '../../platform/my-data.ts';
import { deleteBy, type ServerModule } from '../../platform/server-module.ts';
import { livingPerson } from '../people/living.ts';
import { readPeople } from '../people/records.ts';
import { staffNames } from '../staff/store.ts';
import { heardOfPair, movePairs, pairsIn, readPairs, removePair } from './store.ts';

export const lookalikeRoutes: readonly Route[] = [
  implement(api.listLookalikes, async ({ tx, services: { keys }, query: { cursor, limit }, about }) => {
    const found = await readPairs(tx, { limit: limit + 1, after: readTimeCursor(cursor) });
    const shown = found.slice(0, limit).flatMap((p) => p.people);
    about(shown);
    const people = await readPeople(tx, keys, shown);
    const byStaff = found.flatMap((p) => (p.device === null ? [] : (p.by ?? [])));
    const staff = await staffNames(tx, keys, byStaff);
    return pageFrom(
      found,
      limit,
      (p) => [p.at.toISOString(), p.id],
      ({ id, people: pair, reason, at, device, by }) => ({
        id,
        people: pair.map((one) => {
          const { name = null, number = null } = people.get(one) ?? {};
          return { id: one, name, number };
        }),
        reason,
        at: at.toISOString(),
        device,
        by,
        byName: (by !== null && staff.get(by)) || null,
      }),
    );
  }),
  implement(api.removeLookalike, async ({ tx, params, now, about, notify }) => {
    const row = await find(tx, 'lookalike', { id: params.pair });
    const changes = row && (await removePair(tx, [row.first, row.second]));
    if (!row || !changes) throw new Problem('lookalikes-unknown');
    about([row.first, row.second]);
    await appendChanges(tx, changes, now);
    notify('board', 'change');
  }),
];

/** Exports that a person is someone's lookalike, and so is asked for a number, code or badge first. */
async function* pairs({ tx, names }: Reading) {
  // Leaves out who the other one is, which is someone else’s data.
  for (const { reason, at, device } of await readPairs(tx, { people: names }))
    yield { reason, at: at.toISOString(), device };
}

async function takePair(one: OneEvent<'lookalike'>): Promise<void> {
  const { tx, keys, event, device, person, at, now, publish } = one;
  if (!person) return;
  const { change, reason = 'enrolment', by = null } = event.header.open;
  const named = event.personal.other?.value;
  const other = named === undefined ? null : await livingPerson(tx, named);
  // The other person is stored only in the pair, which is deleted with either of them.
  await emptyLog(tx, keys, [event.header.id]);
  if (other) publish(await heardOfPair(tx, [person, other], { change, reason, at, device, by }, now));
}

async function pairsForKiosks(
  { source: { db }, scope }: Reader,
  people: readonly string[],
): Promise<ChangeOf<'lookalikes'>[]> {
  return [...(await pairsIn(db, scope, people))].flatMap(([person, pairs]) => {
    const others = pairs.slice(0, MAX_LOOKALIKES).map(({ people: both, reason, at, device, by }) => ({
      person: both.find((one) => one !== person)!,
      reason,
      at: at.toISOString(),
      device,
      // Accounts of the office are not sent to kiosks.
      by: device === null ? null : by,
    }));
    return others.length > 0 ? [{ kind: 'lookalikes' as const, person, others }] : [];
  });
}

export const lookalikes: ServerModule = {
  events: { lookalike: { changes: 'person' } },
  onEvent: { lookalike: takePair },
  kioskChanges: {
    lookalikes: { people: pairsForKiosks, nothing: (person) => ({ kind: 'lookalikes', person, others: [] }) },
  },
  endpoints: lookalikeRoutes,
  attention: {
    // Pairs marked in the console while two people were compared (`two-people`) need no further attention.
    lookalikes: {
      items: () => sql`
        select 'lookalikes' as kind, l.id::text as ref, l.at, 'lookalikes-' || l.reason as code, l.first as person,
               l.second as other, l.device, null::real as score
        from lookalike l where l.reason <> 'two-people'`,
    },
  },
  tables: {
    lookalike: {
      exported: 'lookalikes',
      merged: async ({ tx, kept, merged, publish }) => publish(await movePairs(tx, kept, merged)),
      erased: deleteBy('first', 'second'),
    },
  },
  myData: { lookalikes: pairs },
};
