import { watchBoard } from '../../../protocol/api/live.ts';
import { readBoard } from '../../features/attendance/board.ts';
import type { Services } from '../../platform/access/route.ts';
import { aliveSessions } from '../../platform/access/session.ts';
import { writeAudit } from '../../platform/audit/write.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { LiveHub } from './hub.ts';

/** Starts the hub for the live screens of this process, with its reads, sessions and audit rows. */
export function startHub(services: Services, logEpoch: string): LiveHub {
  const { db, keys, config, log, now } = services;
  return new LiveHub({
    read: (since) => readBoard({ db, keys, logEpoch, site: config.site }, since, now()),
    alive: (sessions) => aliveSessions(db, keys, sessions, now()),
    shown: (to, people) =>
      inTransaction(db, async (tx) => {
        for (const actor of to) {
          const entry = {
            actor,
            action: 'read',
            route: 'GET /api/live',
            data: watchBoard.data,
            subjects: people,
            outcome: 'ok',
          } as const;
          await writeAudit(tx, keys, entry, now());
        }
      }),
    log,
  });
}
