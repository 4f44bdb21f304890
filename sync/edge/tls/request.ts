import type { OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { Problem } from '../../errors/problem.ts';
import type { VerifiedAgent } from './agent.ts';
import { aborted, connectionProblem } from './problems.ts';

/** Maximum time without data on a connection, ms. */
const SILENCE_MS = 15_000;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** Largest answer read, bytes. */
  readonly maxBytes: number;
}

export interface Answer {
  readonly status: number;
  /** UTF-8. */
  readonly text: string;
  /** The server's clock, ms since 1970, to the second; null if the answer has no date. */
  readonly serverTime: number | null;
}

/**
 * Sends one request to the kiosk's server, and returns the answer with any status.
 *
 * @throws Problem `server-silent`, `answer-too-large`, and those of connectionProblem; `aborted` once `signal` aborts
 */
export function callServer(agent: VerifiedAgent, call: Call, signal: AbortSignal): Promise<Answer> {
  const { method, url, headers = {}, body, maxBytes } = call;
  return new Promise<Answer>((resolve, reject) => {
    const onAbort = () => {
      agent.giveUp();
      fail(aborted());
    };
    const fail = (cause: unknown) => {
      signal.removeEventListener('abort', onAbort);
      reject(connectionProblem(cause));
    };
    if (signal.aborted) return fail(aborted());
    // Node applies its signal to a request only once it has a socket.
    signal.addEventListener('abort', onAbort);
    agent.dropStale();
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const req = request(url, { agent, method, signal, timeout: SILENCE_MS, headers: { ...headers, ...length } });
    req.on('timeout', () => req.destroy(new Problem('server-silent')));
    req.on('error', fail);
    req.on('response', (res) => {
      const chunks: Buffer[] = [];
      let size = 0;
      res.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBytes) return void chunks.push(chunk);
        req.destroy(new Problem('answer-too-large'));
      });
      res.on('error', fail);
      res.on('end', () => {
        signal.removeEventListener('abort', onAbort);
        const said = Date.parse(res.headers.date ?? '');
        resolve({
          status: res.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          serverTime: Number.isFinite(said) ? said : null,
        });
      });
    });
    req.end(body);
  });
}

/** The code in the server's problem+json, or `http-<status>`. The text is untrusted, so only a well-formed code is used. */
export function statedCode({ status, text }: Answer): string {
  const stated = (jsonOrNull(text) as { code?: unknown } | null)?.code;
  return typeof stated === 'string' && /^[a-z0-9-]{1,60}$/.test(stated) ? stated : `http-${status}`;
}

/** Returns null if the text isn't JSON. The callers reject it with their own codes. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Posts one signed message whose only answer is "accepted" (204), then closes the connection.
 *
 * @param what name of the message for the error, e.g. "the log"
 * @throws Problem of the connection, or with the server's code
 */
export async function postSigned(
  agent: VerifiedAgent,
  url: URL,
  { body, what }: { readonly body: string; readonly what: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const headers = { 'content-type': 'application/jose' };
    const answer = await callServer(agent, { method: 'POST', url, headers, body, maxBytes: 4096 }, signal);
    if (answer.status === 204) return;
    const code = statedCode(answer);
    throw new Problem('server-refused', { what, reason: `${answer.status}, ${code}` }).withCode(code);
  } finally {
    agent.destroy();
  }
}
