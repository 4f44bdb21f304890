import { ProblemBody } from '../../sync/protocol/api/session.ts';

/** The one-time token out of the address, which is then cleaned: it must not stay in the history or on a shared screen. */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('enter');
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Trades the token for a session cookie. @returns null, or the code of what went wrong */
export async function enter(token: string): Promise<string | null> {
  try {
    const answer = await fetch('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (answer.ok) return null;
    return ProblemBody.safeParse(await answer.json().catch(() => null)).data?.code ?? 'internal-error';
  } catch {
    return 'unreachable';
  }
}

/** Whether this browser is signed in; null when the server can't be asked. */
export async function signedIn(): Promise<boolean | null> {
  try {
    return (await fetch('/api/session', { cache: 'no-store' })).ok;
  } catch {
    return null;
  }
}

/** Ends the session. @returns false when the server could not be told */
export async function leave(): Promise<boolean> {
  try {
    return (await fetch('/api/session', { method: 'DELETE' })).ok;
  } catch {
    return false;
  }
}

/** Touching the page counts as using the session, which ends when it is not used; asked at most so often, ms. */
const USED_MS = 5 * 60_000;

/** A session ends half an hour after somebody last touched the page, not after the page last told something. */
export function keepSignedIn(): void {
  let told = performance.now();
  const used = (): void => {
    if (performance.now() - told < USED_MS) return;
    told = performance.now();
    void signedIn();
  };
  for (const event of ['pointerdown', 'keydown']) addEventListener(event, used, { passive: true });
}
