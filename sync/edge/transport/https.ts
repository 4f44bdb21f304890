import { Problem } from '../../errors/problem.ts';
import { MAX_ACK_BYTES, MAX_SEALED_BYTES, MESSAGE_PATHS } from '../../protocol/wire/batch.ts';
import { VerifiedAgent } from '../tls/agent.ts';
import { callServer, statedCode } from '../tls/request.ts';
import type { Transport, TransportOptions } from './interface.ts';

/** Largest answer read, bytes: an ack or a sealed page. A problem+json is smaller. */
const MAX_ANSWER_BYTES = { batch: 4 * MAX_ACK_BYTES, ask: MAX_SEALED_BYTES } as const;

/** HTTPS with a client certificate, only TLS 1.3, and only the server's own CA trusted. */
export class HttpsTransport implements Transport {
  readonly name = 'https';
  /** Never called: HTTPS can't push. The engine asks at its own pace. */
  onNudge: (() => void) | null = null;
  readonly #url: string;
  readonly #agent: VerifiedAgent;

  constructor(options: TransportOptions) {
    this.#url = options.bundle.serverUrl;
    this.#agent = new VerifiedAgent(options);
  }

  async exchange(kind: 'batch' | 'ask', sealed: string, signal: AbortSignal): Promise<string> {
    const answer = await callServer(
      this.#agent,
      {
        method: 'POST',
        url: new URL(MESSAGE_PATHS[kind], this.#url),
        headers: { 'content-type': 'application/jose' },
        body: sealed,
        maxBytes: MAX_ANSWER_BYTES[kind],
      },
      signal,
    );
    if (answer.status === 200) return answer.text;
    const code = statedCode(answer);
    throw new Problem('server-refused', { what: 'the message', reason: `${answer.status}, ${code}` }).withCode(code);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }
}
