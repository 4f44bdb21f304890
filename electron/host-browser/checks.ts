import type { IncomingHttpHeaders } from 'node:http';
import type { Gate } from './gate.ts';
import type { ErrorPageCode } from './pages.ts';

export interface RequestHead {
  readonly method: string;
  /** As sent, e.g. `/rpc`. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a request may access, or why it is refused. */
export type Verdict = { allow: 'enter' | 'file' | 'core-state' } | { refuse: ErrorPageCode };

/**
 * Judges a plain request. The order matters: first the Host (a foreign name that resolves to 127.0.0.1 is DNS rebinding), then
 * the Origin, then the session. Without a session nobody learns which paths exist.
 */
export function judgeRequest(head: RequestHead, authority: string, gate: Gate): Verdict {
  const { method, target, headers } = head;
  if (headers.host !== authority) return { refuse: 'wrong-host' };
  const { origin } = headers;
  if (target === '/enter') {
    // The bootstrap page is a local file with Origin `null`, which anyone can have. What counts here is the token.
    if (origin !== 'null' && origin !== `http://${authority}`) return { refuse: 'wrong-origin' };
    if (method !== 'POST') return { refuse: 'wrong-method' };
    return headers['content-type'] === 'application/x-www-form-urlencoded'
      ? { allow: 'enter' }
      : { refuse: 'bad-request' };
  }
  if (origin !== undefined && origin !== `http://${authority}`) return { refuse: 'wrong-origin' };
  if (!gate.admits(headers.cookie)) return { refuse: 'no-session' };
  if (method !== 'GET' && method !== 'HEAD') return { refuse: 'wrong-method' };
  return { allow: target === '/core-state' ? 'core-state' : 'file' };
}

/** Judges a WebSocket upgrade, which must have an Origin, since every browser sends it. Null: allowed. */
export function judgeUpgrade(head: RequestHead, authority: string, gate: Gate): ErrorPageCode | null {
  const { method, target, headers } = head;
  if (headers.host !== authority) return 'wrong-host';
  if (headers.origin !== `http://${authority}`) return 'wrong-origin';
  if (!gate.admits(headers.cookie)) return 'no-session';
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return 'bad-request';
  return target === '/rpc' ? null : 'not-found';
}

/** Returns the token in a form's body, or null. */
export function tokenOf(body: string): string | null {
  const values = new URLSearchParams(body).getAll('token');
  return values.length === 1 && /^[A-Za-z0-9_-]{43}$/.test(values[0]!) ? values[0]! : null;
}
