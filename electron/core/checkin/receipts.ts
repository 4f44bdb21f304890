import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

/**
 * Undo tokens: whoever stands at the screen may void what it just said, for some seconds, and nothing else. Kept in
 * memory alone: after a restart a mistake goes to the person in charge.
 */
export interface UndoTokens {
  issue(checkin: string, now: number): string;
  /** @throws Problem `undo-expired` */
  check(checkin: string, token: string, now: number): void;
  /** The undo is done: the token is of no further use. */
  spend(checkin: string): void;
}

export function createUndoTokens(lifetimeMs: number): UndoTokens {
  const open = new Map<string, { token: string; until: number }>();
  return {
    issue(checkin, now) {
      for (const [id, entry] of open) if (entry.until < now) open.delete(id);
      const token = randomBytes(18).toString('base64url');
      open.set(checkin, { token, until: now + lifetimeMs });
      return token;
    },
    spend: (checkin) => void open.delete(checkin),
    check(checkin, token, now) {
      const entry = open.get(checkin);
      const given = Buffer.from(token);
      const right =
        entry &&
        entry.until >= now &&
        given.length === entry.token.length &&
        timingSafeEqual(given, Buffer.from(entry.token));
      if (!right)
        throw new Problem(
          'undo-expired',
          'this check-in can no longer be undone here',
          'Tell the front desk: they can correct it.',
        );
    },
  };
}
