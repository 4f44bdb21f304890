import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';

/**
 * Undo tokens: for some seconds, the person at the screen may void the check-in it just showed, and no other, until the next
 * visit begins: by then it may be someone else. Kept in memory only: after a restart, a mistake has to be corrected by staff.
 */
export function createUndoTokens(lifetimeMs: number) {
  let open: { checkin: string; token: string; until: number; alsoLike: string | null } | null = null;
  return {
    /**
     * Issues a token. The previous check-in can no longer be undone.
     *
     * @param alsoLike the other person whose face also matched
     */
    issue(checkin: string, now: number, alsoLike: string | null = null): string {
      const token = randomBytes(18).toString('base64url');
      open = { checkin, token, until: now + lifetimeMs, alsoLike };
      return token;
    },
    /** Ends the undo: it was used, or the next visit has begun. */
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
