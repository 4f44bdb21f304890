import { KEEP_MS } from '../../platform/access/idempotency.ts';
import { SESSION_LIFE } from '../../platform/access/session.ts';
import { inTransaction } from '../../platform/database/retry.ts';
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
      const [sessions] = await tx
        .deleteFrom('session')
        .where((e) => e.or([e('expires_at', '<=', at), e('seen_at', '<=', before(LONGEST_IDLE_MS))]))
        .execute();
      const [links] = await tx.deleteFrom('sign_in_link').where('expires_at', '<=', before(LINK_MEMORY_MS)).execute();
      const [attempts] = await tx
        .deleteFrom('sign_in_attempt')
        .where('last_at', '<=', before(LONGEST_MEMORY_MS))
        .execute();
      const [pinCodes] = await tx.deleteFrom('pin_code').where('expires_at', '<=', at).execute();
      const [answers] = await tx.deleteFrom('idempotency').where('made_at', '<=', before(KEEP_MS)).execute();
      return {
        sessions: Number(sessions?.numDeletedRows ?? 0n),
        links: Number(links?.numDeletedRows ?? 0n),
        attempts: Number(attempts?.numDeletedRows ?? 0n),
        pinCodes: Number(pinCodes?.numDeletedRows ?? 0n),
        answers: Number(answers?.numDeletedRows ?? 0n),
      };
    }),
};
