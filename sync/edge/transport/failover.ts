import { Problem } from '../../errors/problem.ts';
import { pauseAfter, REAL, type Runtime } from '../backoff.ts';
import { aborted } from '../tls/problems.ts';
import { HttpsTransport } from './https.ts';
import type { Transport, TransportOptions } from './interface.ts';
import { MqttTransport } from './mqtt.ts';

/** First and longest pause before trying the brokers again, ms. */
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 600_000;
/** How long the first exchange waits for a broker before it uses HTTPS, ms. */
const FIRST_CONNECT_MS = 5000;

export interface TransportState {
  readonly using: 'mqtt' | 'https';
  /** Host and port of the broker in use. */
  readonly broker: string | null;
  /** Why no broker is in use; null when one is, or none is configured. */
  readonly why: Problem | null;
}

/** The parts of a broker's transport that failover uses. */
export type Broker = Pick<
  MqttTransport,
  'connect' | 'connected' | 'broker' | 'exchange' | 'close' | 'onNudge' | 'onDown'
>;

export interface FailoverOptions extends Partial<Pick<Runtime, 'after' | 'random'>> {
  /** In the order to try. */
  readonly brokers: readonly Broker[];
  readonly https: Transport;
  readonly onState?: ((state: TransportState) => void) | undefined;
}

/** Returns the transport of a provisioned kiosk: its brokers in order, otherwise HTTPS. */
export function kioskTransport(
  options: TransportOptions & { onState?: (state: TransportState) => void },
): FailoverTransport {
  return new FailoverTransport({
    brokers: options.bundle.mqttUrls.map((url) => new MqttTransport({ ...options, url })),
    https: new HttpsTransport(options),
    onState: options.onState,
  });
}

/**
 * Uses MQTT, and HTTPS while no broker is reachable or answers, then returns to MQTT automatically. Brokers are tried in the
 * background with growing, jittered pauses. Only an answer through a broker resets them: otherwise a broker that accepts
 * connections but doesn't reach the server would cost a timeout every few seconds.
 *
 * Nothing is sent twice at once: there is one exchange, on one transport. If the transport fails, the exchange ends with an
 * error, and only the engine's next exchange uses the other transport.
 */
export class FailoverTransport implements Transport {
  onNudge: (() => void) | null = null;
  readonly #o: Required<Omit<FailoverOptions, 'onState'>> & Pick<FailoverOptions, 'onState'>;
  #current: Broker | null = null;
  #why: Problem | null = null;
  #failures = 0;
  #trying: Promise<void> | null = null;
  #settled = false;
  #cancelPause: (() => void) | null = null;
  #busy = false;
  #closed = false;

  constructor(options: FailoverOptions) {
    this.#o = { ...REAL, ...options };
    for (const broker of this.#o.brokers) {
      broker.onNudge = () => this.onNudge?.();
      broker.onDown = (why) => this.#down(broker, why);
    }
  }

  get name(): 'https' | 'mqtt' {
    return this.state.using;
  }

  get state(): TransportState {
    return this.#current
      ? { using: 'mqtt', broker: this.#current.broker, why: null }
      : { using: 'https', broker: null, why: this.#why };
  }

  /** Starts connecting, so that nudges arrive before the first exchange, which would also connect. */
  start(): void {
    if (this.#o.brokers.length > 0 && !this.#current && !this.#cancelPause && !this.#closed)
      this.#trying ??= this.#try();
  }

  async exchange(
    kind: 'batch' | 'ask',
    sealed: string,
    signal: AbortSignal,
    accept?: (answer: string) => Promise<boolean>,
  ): Promise<string> {
    if (this.#busy) throw new Problem('exchange-in-flight');
    this.#busy = true;
    try {
      this.start();
      if (!this.#settled && this.#trying) await this.#firstTry(signal);
      if (signal.aborted || this.#closed) throw aborted();
      const broker = this.#current;
      const answer = await (broker ?? this.#o.https).exchange(kind, sealed, signal, accept);
      if (broker) this.#failures = 0;
      return answer;
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPause?.();
    await Promise.all([...this.#o.brokers.map((b) => b.close()), this.#o.https.close()]);
    await this.#trying;
  }

  async #firstTry(signal: AbortSignal): Promise<void> {
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const cancel = this.#o.after(FIRST_CONNECT_MS, resolve);
    const onAbort = () => resolve();
    signal.addEventListener('abort', onAbort);
    await Promise.race([this.#trying, enough]);
    cancel();
    signal.removeEventListener('abort', onAbort);
    this.#settled = true;
  }

  /** Tries every broker once, in order. */
  async #try(): Promise<void> {
    let why: Problem | null = null;
    for (const broker of this.#o.brokers) {
      if (this.#closed) break;
      try {
        await broker.connect();
        // The connection may have been lost since it was established.
        if (!broker.connected) continue;
        this.#current = broker;
        break;
      } catch (cause) {
        why ??= cause as Problem;
      }
    }
    this.#trying = null;
    this.#settled = true;
    if (this.#closed) return;
    if (this.#current) this.#report(null);
    else this.#later(why);
  }

  #down(broker: Broker, why: Problem): void {
    if (this.#current !== broker || this.#closed) return;
    this.#current = null;
    this.#later(why);
  }

  #later(why: Problem | null): void {
    this.#failures += 1;
    const pause = pauseAfter(this.#failures, this.#o.random(), FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    const cancel = this.#o.after(pause, () => {
      this.#cancelPause = null;
      this.start();
    });
    this.#cancelPause = () => {
      this.#cancelPause = null;
      cancel();
    };
    this.#report(why);
  }

  #report(why: Problem | null): void {
    this.#why = why;
    this.#o.onState?.(this.state);
  }
}
