import type { ClientRequestArgs } from 'node:http';
import { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connectVerified, type TlsOptions } from './connect.ts';

/**
 * An agent for Node's https that verifies every connection with `connectVerified`. Used for everything that the kiosk sends to
 * its server over HTTPS.
 */
export class VerifiedAgent extends Agent {
  readonly #tls: TlsOptions;
  readonly #opening = new Set<AbortController>();
  /** The client certificate presented on each connection. */
  readonly #shown = new WeakMap<Duplex, string | undefined>();

  /** @param maxSockets maximum number of simultaneous connections */
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

  /** Reuses a connection only while its certificate is current, because the server uses the one presented at its start. */
  override keepSocketAlive(socket: Duplex): boolean {
    // Node uses the returned value, although its types don't declare one.
    return !this.#isStale(socket) && (super.keepSocketAlive(socket) as unknown as boolean);
  }

  /** Closes idle connections whose certificate has been renewed since. Call it before each request. */
  dropStale(): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) if (this.#isStale(socket)) socket.destroy();
  }

  #isStale(socket: Duplex): boolean {
    return this.#shown.get(socket) !== this.#tls.credentials()?.certPem;
  }

  /** Aborts connections that are being opened, which a request's own signal does not reach. */
  giveUp(): void {
    for (const opening of this.#opening) opening.abort();
  }

  override destroy(): void {
    this.giveUp();
    super.destroy();
  }
}
