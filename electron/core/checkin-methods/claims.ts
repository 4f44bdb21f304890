import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';

/** How long someone who showed a code or badge has to show their face, ms. */
const CLAIM_MS = 60_000;

/** Someone identified by code or badge, who now has to show their face. */
export interface BearerClaim {
  readonly person: string;
  readonly method: 'qr+face' | 'badge+face';
  /** From the person's own card: the only templates compared. The code that takes the claim zeroes them. */
  readonly templates?: readonly Float32Array[];
}

/** Nothing of a face stays in memory. */
export function wipe(templates: readonly Float32Array[] | undefined): void {
  for (const one of templates ?? []) one.fill(0);
}

export type Claims = ReturnType<typeof createClaims>;

/**
 * At most one at a time: a kiosk has one camera, and the next person takes the place of the one before.
 * @param monotonic ms, never going back
 */
export function createClaims(monotonic: () => number) {
  let open: { token: string; claim: BearerClaim; until: number } | null = null;
  let end: NodeJS.Timeout | undefined;
  const drop = () => {
    wipe(open?.claim.templates);
    open = null;
  };
  return {
    /** @returns what the screen begins the visit with */
    issue(claim: BearerClaim): string {
      drop();
      clearTimeout(end);
      // Even if no one claims it.
      end = setTimeout(drop, CLAIM_MS);
      end.unref();
      open = { token: randomBytes(24).toString('base64url'), claim, until: monotonic() + CLAIM_MS };
      return open.token;
    },
    /** Once. @throws Problem `claim-unknown` */
    take(token: string): BearerClaim {
      const found = open;
      if (!found || found.token !== token || found.until < monotonic()) throw new Problem('claim-unknown');
      open = null;
      return found.claim;
    },
  };
}
