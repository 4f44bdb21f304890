import { Board, BoardQuery } from '../../protocol/api/live.ts';
import { type RouteSpec, route } from '../access/route.ts';
import { readBoard } from '../attendance/board.ts';
import { VIEW, type Viewer } from './roles.ts';

/** The board once, in plain HTTPS; `/api/live` goes on telling it. */
export const liveRoutes: readonly RouteSpec[] = [
  route({
    method: 'GET',
    path: '/api/checkins',
    summary: 'The newest check-ins, or what changed since a position.',
    roles: ['admin', 'dpo', 'staff', 'auditor'],
    data: ['person.name', 'attendance'],
    action: 'read',
    query: BoardQuery,
    answer: Board,
    async handle({ tx, services, actor, query, now, about }) {
      const { config, keys } = services;
      const { value: logEpoch } = await tx
        .selectFrom('meta')
        .select('value')
        .where('key', '=', 'log-epoch')
        .executeTakeFirstOrThrow();
      const whole = await readBoard({ db: tx, keys, logEpoch, site: config.site }, query, now);
      const board = VIEW[actor.role as Viewer](whole);
      about(board.rows.flatMap((row) => row.person ?? []));
      return board;
    },
  }),
];
