import type { ClientRequestArgs } from 'node:http';
import { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connectVerified, type TlsOptions } from './connect.ts';

/**
 * An agent for Node's https whose every connection is checked by `connectVerified`. For anything that the kiosk sends to
 * its server by HTTPS.
 */
export class VerifiedAgent extends Agent {
  readonly #tls: TlsOptions;
  readonly #opening = new Set<AbortController>();

  /** @param maxSockets connections at once */
  constructor(tls: TlsOptions, { maxSockets = 1 }: { maxSockets?: number } = {}) {
    super({ keepAlive: true, maxSockets });
    this.#tls = tls;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const opening = new AbortController();
    this.#opening.add(opening);
    connectVerified(String(host), Number(port), this.#tls, { alpn: 'http/1.1', signal: opening.signal })
      .finally(() => this.#opening.delete(opening))
      .then(
        (socket) => done?.(null, socket),
        (cause: Error) => done?.(cause, undefined as unknown as Duplex),
      );
  }

  /** Gives up connections that are being opened: a request's own signal does not reach them. */
  giveUp(): void {
    for (const opening of this.#opening) opening.abort();
  }

  override destroy(): void {
    this.giveUp();
    super.destroy();
  }
}
