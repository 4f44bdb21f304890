import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/lookalikes.ts';
import { Moment } from '../../../protocol/api/page.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { appendChanges } from '../../platform/changes/log.ts';
import { find } from '../../platform/database/rows.ts';
import { readPeople } from '../people/records.ts';
import { staffNames } from '../staff/store.ts';
import { readPairs, removePair } from './store.ts';

const After = z.tuple([Moment, Uuid]);

export const lookalikeRoutes: readonly Route[] = [
  implement(api.listLookalikes, async ({ tx, services: { keys }, query: { cursor, limit }, about }) => {
    const from = readPageCursor(After, cursor);
    const found = await readPairs(tx, { limit: limit + 1, after: from && { at: from[0], id: from[1] } });
    const shown = found.slice(0, limit).flatMap((p) => p.people);
    about(shown);
    const people = await readPeople(tx, keys, shown);
    const staff = await staffNames(
      tx,
      keys,
      found.flatMap((p) => (p.device === null ? [] : (p.by ?? []))),
    );
    return pageFrom(
      found,
      limit,
      (p) => [p.at.toISOString(), p.id],
      ({ id, people: pair, reason, at, device, by }) => ({
        id,
        people: pair.map((one) => ({
          id: one,
          name: people.get(one)?.name ?? null,
          number: people.get(one)?.number ?? null,
        })),
        reason,
        at: at.toISOString(),
        device,
        by,
        byName: (by !== null && staff.get(by)) || null,
      }),
    );
  }),
  implement(api.removeLookalike, async ({ tx, params, now, about, on, notify }) => {
    on(params.pair);
    const row = await find(tx, 'lookalike', { id: params.pair });
    const changes = row && (await removePair(tx, [row.first, row.second]));
    if (!row || !changes) throw new Problem('lookalikes-unknown');
    about([row.first, row.second]);
    await appendChanges(tx, changes, now);
    notify('board');
    notify('change');
  }),
];
