import { z } from 'zod';
import * as api from '../../../../protocol/api/corrections.ts';
import { Moment } from '../../../../protocol/api/page.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../../platform/access/cursor.ts';
import { implement, type Route } from '../../../platform/access/route.ts';
import { correct } from './correct.ts';
import { listCorrections } from './list.ts';

/** Sort key of the list. */
const After = z.tuple([Moment, Uuid]);

export const correctionRoutes: readonly Route[] = [
  implement(api.listCorrections, async ({ tx, services: { keys }, query: { cursor, limit, person }, about }) => {
    const from = readPageCursor(After, cursor);
    const after = from && { at: from[0], id: from[1] };
    const rows = await listCorrections(tx, keys, { person, limit: limit + 1, after });
    about(rows.slice(0, limit).map((r) => r.person));
    return pageFrom(rows, limit, (r) => [r.madeAt, r.id]);
  }),
  implement(api.makeCorrection, async ({ tx, services: { keys }, actor, body, now, about, on, notify }) => {
    const { id, person } = await correct(tx, keys, body, actor.id, now);
    about([person]);
    on(id);
    notify('board');
    return (await listCorrections(tx, keys, { id, limit: 1, after: null }))[0];
  }),
];
