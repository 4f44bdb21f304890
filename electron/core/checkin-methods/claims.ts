import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';

/** How long a person who showed a code or badge has to show their face, ms. */
const CLAIM_MS = 60_000;

/** A person identified by code or badge, who now has to show their face. */
export interface BearerClaim {
  readonly person: string;
  readonly method: 'qr+face' | 'badge+face';
  /** Templates from the person's own card: the only ones compared. The code that takes the claim zeroes them. */
  readonly templates?: readonly Float32Array[];
}

/** Zeroes templates, so that no face data stays in memory. */
export function wipe(templates: readonly Float32Array[] | undefined): void {
  for (const one of templates ?? []) one.fill(0);
}

export type Claims = ReturnType<typeof createClaims>;

/**
 * Holds at most one claim: a kiosk has one camera, and the next person's claim replaces the previous one.
 * @param monotonic monotonic clock, ms
 */
export function createClaims(monotonic: () => number) {
  let open: { token: string; claim: BearerClaim; until: number } | null = null;
  let end: NodeJS.Timeout | undefined;
  const drop = () => {
    wipe(open?.claim.templates);
    open = null;
  };
  return {
    /** @returns the token that the screen begins the visit with */
    issue(claim: BearerClaim): string {
      drop();
      clearTimeout(end);
      // Even if nobody takes the claim.
      end = setTimeout(drop, CLAIM_MS);
      end.unref();
      open = { token: randomBytes(24).toString('base64url'), claim, until: monotonic() + CLAIM_MS };
      return open.token;
    },
    /** Returns the claim; works once. @throws Problem `claim-unknown` */
    take(token: string): BearerClaim {
      const found = open;
      if (!found || found.token !== token || found.until < monotonic()) throw new Problem('claim-unknown');
      open = null;
      return found.claim;
    },
  };
}
