import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

/** How long somebody who showed a code or badge has to show their face, ms. */
const CLAIM_MS = 60_000;

/** Who said by a code or badge who they are, and has to show their face now. */
export interface BearerClaim {
  readonly person: string;
  readonly method: 'qr+face' | 'badge+face';
}

/** At most one at a time: a kiosk has one camera, and whoever comes next takes the place of whoever came before. */
export interface Claims {
  /** @returns what the screen begins the visit with */
  issue(claim: BearerClaim): string;
  /** Once. @throws Problem `claim-unknown` */
  take(token: string): BearerClaim;
}

/** @param monotonic ms, never going back */
export function createClaims(monotonic: () => number): Claims {
  let open: { token: string; claim: BearerClaim; until: number } | null = null;
  return {
    issue(claim) {
      open = { token: randomBytes(24).toString('base64url'), claim, until: monotonic() + CLAIM_MS };
      return open.token;
    },
    take(token) {
      const found = open;
      if (!found || found.token !== token || found.until < monotonic())
        throw new Problem('claim-unknown', 'this code was shown too long ago', 'Show it again.');
      open = null;
      return found.claim;
    },
  };
}
