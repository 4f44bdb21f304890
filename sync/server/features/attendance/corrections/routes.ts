import { z } from 'zod';
import { Correction, CorrectionPage, CorrectionQuery, NewCorrection } from '../../../../protocol/api/corrections.ts';
import { Moment } from '../../../../protocol/api/page.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { pageFrom, readPageCursor } from '../../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import { correct } from './correct.ts';
import { listCorrections } from './list.ts';

/** What a correction shows: also the answer to making one. */
const DATA = ['attendance', 'correction.reason', 'person.name', 'account.email'] as const;

/** Sort key of the list. */
const After = z.tuple([Moment, Uuid]);

const list = route({
  method: 'GET',
  path: '/api/corrections',
  summary: 'Corrections of attendance, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: DATA,
  action: 'read',
  query: CorrectionQuery,
  answer: CorrectionPage,
  errors: ['cursor-unreadable'],
  async handle({ tx, services: { keys }, query: { cursor, limit, person }, about }) {
    const from = readPageCursor(After, cursor);
    const after = from && { at: from[0], id: from[1] };
    const rows = await listCorrections(tx, keys, { person, limit: limit + 1, after });
    about(rows.slice(0, limit).map((r) => r.person));
    return pageFrom(
      rows,
      limit,
      (r) => r,
      (r) => [r.madeAt, r.id],
    );
  },
});

const make = route({
  method: 'POST',
  path: '/api/corrections',
  summary: 'Correct a record, add one that nobody recorded, or undo a correction; nothing is edited',
  roles: ['admin', 'staff'],
  data: DATA,
  action: 'write',
  body: NewCorrection,
  answer: Correction,
  errors: [
    'record-unknown',
    'record-of-nobody',
    'already-corrected',
    'already-void',
    'already-undone',
    'correction-unknown',
    'not-undoable',
    'nothing-to-correct',
    'person-unknown',
    'unknown-site',
    'at-in-future',
  ],
  async handle({ tx, services: { keys }, actor, body, now, about, on, notify }) {
    const { id, person } = await correct(tx, keys, body, actor.id, now);
    about([person]);
    on(id);
    notify('board');
    return (await listCorrections(tx, keys, { id, limit: 1, after: null }))[0];
  },
});

export const correctionRoutes: readonly RouteSpec[] = [list, make];
