import { KEEP_MS } from '../../platform/access/idempotency.ts';
import { SESSION_LIFE } from '../../platform/access/session.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { atMost, remove } from '../../platform/database/rows.ts';
import { LONGEST_MEMORY_MS } from '../../platform/http/throttle.ts';
import type { Job } from '../../platform/jobs/job.ts';

/** A used or expired link is remembered this long, so that it is reported as one, ms. */
const LINK_MEMORY_MS = 24 * 60 * 60 * 1000;
const LONGEST_IDLE_MS = Math.max(...Object.values(SESSION_LIFE).map((l) => l.idleMs));

/** Sessions, links and codes for a PIN that ended, attempts that are forgotten, and answers that nobody will ask for again. */
export const leftoversJob: Job = {
  name: 'sign-in-leftovers',
  everyMs: 60 * 60 * 1000,
  run: ({ db, now }) =>
    inTransaction(db, async (tx) => {
      const at = now();
      const before = (ms: number) => new Date(at.getTime() - ms);
      const expired = await remove(tx, 'session', { expires_at: atMost(at) });
      const idle = await remove(tx, 'session', { seen_at: atMost(before(LONGEST_IDLE_MS)) });
      return {
        sessions: expired + idle,
        links: await remove(tx, 'sign_in_link', { expires_at: atMost(before(LINK_MEMORY_MS)) }),
        attempts: await remove(tx, 'sign_in_attempt', { last_at: atMost(before(LONGEST_MEMORY_MS)) }),
        pinCodes: await remove(tx, 'pin_code', { expires_at: atMost(at) }),
        answers: await remove(tx, 'idempotency', { made_at: atMost(before(KEEP_MS)) }),
      };
    }),
};
