import { request } from 'node:https';
import { MAX_ACK_BYTES, MAX_SEALED_BYTES } from '../../protocol/wire/batch.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { VerifiedAgent } from '../tls/agent.ts';
import { aborted, connectionProblem } from '../tls/problems.ts';
import type { Transport, TransportOptions } from './interface.ts';

/** Largest answer read, bytes: an ack or a sealed page; or a problem+json, which is small. */
const MAX_ANSWER_BYTES = { batch: 4 * MAX_ACK_BYTES, ask: MAX_SEALED_BYTES } as const;
const PATH = { batch: '/v1/batches', ask: '/v1/asks' } as const;
/** How long a connection may stay silent, ms. */
const SILENCE_MS = 15_000;

/** HTTPS with a client certificate, TLS 1.3 alone, and no CA trusted but the server's own. */
export class HttpsTransport implements Transport {
  readonly name = 'https';
  /** Never called: HTTPS has no way to tell. The engine asks at its own pace. */
  onNudge: (() => void) | null = null;
  readonly #url: string;
  readonly #agent: VerifiedAgent;

  constructor(options: TransportOptions) {
    this.#url = options.bundle.serverUrl;
    this.#agent = new VerifiedAgent(options);
  }

  exchange(kind: 'batch' | 'ask', sealed: string, signal: AbortSignal): Promise<string> {
    return this.send('POST', PATH[kind], sealed, signal, MAX_ANSWER_BYTES[kind]);
  }

  /**
   * One request.
   *
   * @param path below the server's address
   * @param maxBytes largest answer read
   */
  send(
    method: 'GET' | 'POST',
    path: string,
    body: string | null,
    signal: AbortSignal,
    maxBytes: number,
  ): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const onAbort = () => {
        this.#agent.giveUp();
        fail(aborted());
      };
      const fail = (cause: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(connectionProblem(cause));
      };
      if (signal.aborted) return fail(aborted());
      // Node tells a request without a socket of its signal only once it has got one.
      signal.addEventListener('abort', onAbort);
      const req = request(new URL(path, this.#url), {
        agent: this.#agent,
        method,
        signal,
        timeout: SILENCE_MS,
        headers: body === null ? {} : { 'content-type': 'application/jose', 'content-length': Buffer.byteLength(body) },
      });
      req.on('timeout', () =>
        req.destroy(
          new Problem('server-silent', 'The server did not answer in time.', 'Check the network and the server.'),
        ),
      );
      req.on('error', fail);
      req.on('response', (res) => {
        const chunks: Buffer[] = [];
        let size = 0;
        res.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes)
            req.destroy(
              new Problem(
                'answer-too-large',
                'The server answered with more than it may.',
                'Check that the address is the SmartPresence server.',
              ),
            );
          else chunks.push(chunk);
        });
        res.on('error', fail);
        res.on('end', () => {
          signal.removeEventListener('abort', onAbort);
          const text = Buffer.concat(chunks).toString('utf8');
          if (res.statusCode === 200) resolve(text);
          else reject(refusal(res.statusCode ?? 0, text));
        });
      });
      req.end(body ?? undefined);
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }
}

/** The server's own problem+json, if that is what it is. Its text is untrusted: only a well-formed code is taken. */
function refusal(status: number, text: string): Problem {
  let code = `http-${status}`;
  try {
    const body: unknown = JSON.parse(text);
    const stated = (body as { code?: unknown } | null)?.code;
    if (typeof stated === 'string' && /^[a-z0-9-]{1,60}$/.test(stated)) code = stated;
  } catch {
    // Not JSON: the status says what there is to say.
  }
  return new Problem(
    code,
    `The server refused the message (${status}, ${code}).`,
    'Look the code up in docs/protocol.md.',
  );
}
