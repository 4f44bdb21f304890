import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';

/**
 * Undo tokens: the person at the screen may void what it just said, for some seconds, and nothing else. The last
 * check-in alone, and only until the next visit begins: the person there by then may be someone else. Kept in memory
 * alone: after a restart a mistake goes to the person in charge.
 */
export function createUndoTokens(lifetimeMs: number) {
  let open: { checkin: string; token: string; until: number; alsoLike: string | null } | null = null;
  return {
    /**
     * The check-in before it can no longer be undone.
     *
     * @param alsoLike whose face was like the one in front of the camera too
     */
    issue(checkin: string, now: number, alsoLike: string | null = null): string {
      const token = randomBytes(18).toString('base64url');
      open = { checkin, token, until: now + lifetimeMs, alsoLike };
      return token;
    },
    /** The undo is done, or the next visit has begun: no token is of further use. */
    close(): void {
      open = null;
    },
    /** @throws Problem `undo-expired` */
    check(checkin: string, token: string, now: number): { readonly alsoLike: string | null } {
      const given = Buffer.from(token);
      const right =
        open?.checkin === checkin &&
        open.until >= now &&
        given.length === open.token.length &&
        timingSafeEqual(given, Buffer.from(open.token));
      if (!open || !right) throw new Problem('undo-expired');
      return { alsoLike: open.alsoLike };
    },
  };
}
