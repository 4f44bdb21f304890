import type { TLSSocket } from 'node:tls';

/** What may be held by peers that have shown no client certificate of ours. */
export interface UnauthenticatedLimits {
  /** Their connections from one address. */
  readonly perAddress: number;
  /** Until such a connection must have asked to join, ms. */
  readonly ms: number;
}

const LIMITS: UnauthenticatedLimits = { perAddress: 20, ms: 10_000 };

/** Keeps connections without a client certificate of ours few and short, so that they take no kiosk's place. */
export class UnauthenticatedConnections {
  readonly #limits: UnauthenticatedLimits;
  readonly #count = new Map<string, number>();
  readonly #timers = new WeakMap<TLSSocket, NodeJS.Timeout>();

  constructor(limits: Partial<UnauthenticatedLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** A connection whose handshake is done. @param ours whether it has shown a certificate that we gave to a device */
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

  /** It is joining: from here on the listener's own limits apply. */
  joining(socket: TLSSocket): void {
    clearTimeout(this.#timers.get(socket));
  }
}
