import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const COOKIE = 'smartpresence';
/** Most sessions open at once: the kiosk's own page, and a few more for people who work on it. */
const MAX_SESSIONS = 8;
const MAX_TOKENS = 64;

/** How long a token may be exchanged, ms: by the browser started with it, or `byHand` by a person, if none is started. */
export const TOKEN_LIFE_MS = { browser: 2 * 60_000, byHand: 15 * 60_000 } as const;

type TokenError = 'token-unknown' | 'token-used' | 'token-expired';

/** Exchanges one-time tokens for sessions, and checks sessions. Only stores hashes, which are compared in constant time. */
export interface Gate {
  /** Returns a new token of 256 bits, usable once, until it expires. */
  issueToken(): string;
  /** Exchanges a token for a session's secret, or returns why not. */
  exchange(token: string): { session: string } | { refused: TokenError };
  /** Whether a `Cookie` header contains an open session. */
  admits(cookieHeader: string | undefined): boolean;
  /** Ends all sessions and tokens, before a new browser is started. */
  reset(): void;
}

/**
 * @param now ms on a clock that is never set back
 * @param tokenLife how long a token may be exchanged, ms
 */
export function createGate(now: () => number, tokenLife: number): Gate {
  let tokens: { hash: Buffer; expires: number; used: boolean }[] = [];
  let sessions: Buffer[] = [];
  const secret = (): string => randomBytes(32).toString('base64url');

  return {
    issueToken() {
      const token = secret();
      tokens = [...tokens, { hash: hash(token), expires: now() + tokenLife, used: false }].slice(-MAX_TOKENS);
      return token;
    },
    exchange(token) {
      const probe = hash(token);
      const found = tokens.find((t) => timingSafeEqual(t.hash, probe));
      if (!found) return { refused: 'token-unknown' };
      if (found.used) return { refused: 'token-used' };
      // Marked before anything else, so that two simultaneous requests can't both succeed.
      found.used = true;
      if (now() > found.expires) return { refused: 'token-expired' };
      const session = secret();
      sessions = [...sessions, hash(session)].slice(-MAX_SESSIONS);
      return { session };
    },
    admits(cookieHeader) {
      return cookieValues(cookieHeader).some((value) => contains(sessions, hash(value)));
    },
    reset() {
      for (const token of tokens) token.used = true;
      sessions = [];
    },
  };
}

/** Hashing first makes every comparison one of 32 bytes, whatever the input. */
const hash = (value: string): Buffer => createHash('sha256').update(value).digest();

/** Compares with every element, so that the time doesn't reveal which one matched. */
function contains(hashes: readonly Buffer[], probe: Buffer): boolean {
  let found = false;
  for (const known of hashes) found = timingSafeEqual(known, probe) || found;
  return found;
}

/** Returns all values of our cookie. There may be several: a page on another port of this machine could have set its own. */
function cookieValues(header: string | undefined): string[] {
  return (header ?? '')
    .split(';')
    .slice(0, 20)
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE}=`))
    .map((pair) => pair.slice(COOKIE.length + 1));
}

/** Returns the `Set-Cookie` value of a session. Without `Max-Age`, so that it ends with the browser. */
export const sessionCookie = (session: string): string => `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict`;
