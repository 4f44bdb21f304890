import type { TLSSocket } from 'node:tls';

/** Limits for peers that have presented no client certificate of ours. */
export interface UnauthenticatedLimits {
  /** Most of their connections per address. */
  readonly perAddress: number;
  /** Time within which such a connection must request to join, ms. */
  readonly ms: number;
}

const LIMITS: UnauthenticatedLimits = { perAddress: 20, ms: 10_000 };

/** Keeps connections without a client certificate of ours few and short, so that they don't crowd out kiosks. */
export class UnauthenticatedConnections {
  readonly #limits: UnauthenticatedLimits;
  readonly #count = new Map<string, number>();
  readonly #timers = new WeakMap<TLSSocket, NodeJS.Timeout>();

  constructor(limits: Partial<UnauthenticatedLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Registers a connection after its handshake. @param ours whether it presented a certificate that we issued to a device */
  connected(socket: TLSSocket, ours: boolean): void {
    if (ours) return;
    const address = socket.remoteAddress ?? '';
    const count = this.#count.get(address) ?? 0;
    if (count >= this.#limits.perAddress) {
      socket.destroy();
      return;
    }
    this.#count.set(address, count + 1);
    const timer = setTimeout(() => socket.destroy(), this.#limits.ms).unref();
    this.#timers.set(socket, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      const left = this.#count.get(address)! - 1;
      if (left > 0) this.#count.set(address, left);
      else this.#count.delete(address);
    });
  }

  /** Lifts the time limit of a connection that joins. The listener's own limits apply from here on. */
  joining(socket: TLSSocket): void {
    clearTimeout(this.#timers.get(socket));
  }
}
