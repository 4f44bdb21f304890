import { Board, BoardQuery } from '../../../protocol/api/live.ts';
import { readBoard } from '../../features/attendance/board.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { VIEW, VIEWERS, type Viewer } from './roles.ts';
import { SHOWN } from './start.ts';

/** The socket's own declaration: it is no request and answer, and everything else about it is as of a route. */
export const LIVE_SOCKET = {
  method: 'GET',
  path: '/api/live',
  summary: 'Sends the board as it changes, over a WebSocket.',
  roles: VIEWERS,
  data: SHOWN,
  query: BoardQuery,
  ownPage: true,
} as const;

/** The board once, in plain HTTPS; `/api/live` sends its changes. */
export const liveRoutes: readonly RouteSpec[] = [
  route({
    method: 'GET',
    path: '/api/checkins',
    summary: 'The newest check-ins, or what changed since a position.',
    roles: VIEWERS,
    data: SHOWN,
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
