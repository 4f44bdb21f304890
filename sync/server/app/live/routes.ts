import * as api from '../../../protocol/api/live.ts';
import { readBoard } from '../../features/attendance/board.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { logEpochOf } from '../../platform/audit/anchors.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { VIEW, type Viewer } from './roles.ts';

/** Route that returns the board once, over HTTPS. `/api/live` sends its changes. */
export const liveRoutes: readonly Route[] = [
  implement(api.getBoard, async ({ tx, services, actor, query, now, about }) => {
    const { config, keys } = services;
    const logEpoch = await logEpochOf(tx);
    const whole = await readBoard({ db: tx, keys, logEpoch, site: config.site }, query, now);
    const board = VIEW[actor.role as Viewer](whole);
    about(peopleOf(board.rows));
    return board;
  }),
];
