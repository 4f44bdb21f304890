import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

/**
 * Undo tokens: whoever stands at the screen may void what it just said, for some seconds, and nothing else. Kept in
 * memory alone: after a restart a mistake goes to the person in charge.
 */
export interface UndoTokens {
  /** @param alsoLike whose face was like the one in front of the camera too */
  issue(checkin: string, now: number, alsoLike?: string | null): string;
  /** @throws Problem `undo-expired` */
  check(checkin: string, token: string, now: number): { readonly alsoLike: string | null };
  /** The undo is done: the token is of no further use. */
  spend(checkin: string): void;
}

export function createUndoTokens(lifetimeMs: number): UndoTokens {
  const open = new Map<string, { token: string; until: number; alsoLike: string | null }>();
  return {
    issue(checkin, now, alsoLike = null) {
      for (const [id, entry] of open) if (entry.until < now) open.delete(id);
      const token = randomBytes(18).toString('base64url');
      open.set(checkin, { token, until: now + lifetimeMs, alsoLike });
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
      if (!entry || !right)
        throw new Problem(
          'undo-expired',
          'this check-in can no longer be undone here',
          'Tell the front desk: they can correct it.',
        );
      return { alsoLike: entry.alsoLike };
    },
  };
}
