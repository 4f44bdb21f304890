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
  /** The client certificate that each connection showed. */
  readonly #shown = new WeakMap<Duplex, string | undefined>();

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
    const shown = this.#tls.credentials()?.certPem;
    connectVerified(String(host), Number(port), this.#tls, { alpn: 'http/1.1', signal: opening.signal })
      .finally(() => this.#opening.delete(opening))
      .then(
        (socket) => {
          this.#shown.set(socket, shown);
          done?.(null, socket);
        },
        (cause: Error) => done?.(cause, undefined as unknown as Duplex),
      );
  }

  /** A connection is used again only while its certificate is the present one: the server goes by what it saw at its beginning. */
  override keepSocketAlive(socket: Duplex): boolean {
    // Node goes by what this returns; its types don't know.
    return !this.#isStale(socket) && (super.keepSocketAlive(socket) as unknown as boolean);
  }

  /** Closes idle connections whose certificate was renewed since; before each request. */
  dropStale(): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) if (this.#isStale(socket)) socket.destroy();
  }

  #isStale(socket: Duplex): boolean {
    return this.#shown.get(socket) !== this.#tls.credentials()?.certPem;
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
