import { openAck } from '../protocol/seal/ack.ts';
import { sealBatch } from '../protocol/seal/batch.ts';
import type { Ack } from '../protocol/wire/ack.ts';
import { MAX_BATCH_EVENTS } from '../protocol/wire/batch.ts';
import type { WireEvent } from '../protocol/wire/event.ts';
import { Problem } from '../protocol/wire/problem.ts';
import { pauseAfter } from './backoff.ts';
import type { ServerBundle } from './bundle.ts';
import type { DeviceSecret } from './identity.ts';
import { httpsTransport, type Transport } from './transport.ts';

/** What the engine needs of the kiosk's store. */
export interface OutboxSource {
  readonly device: string;
  readonly epoch: string;
  /** Unacknowledged events in sequence order, oldest epoch first. */
  pending(limit: number): WireEvent[];
  pendingCount(): number;
  acknowledge(epoch: string, marks: { committed: number; safe: number }): void;
}

export interface SyncStatus {
  /** The last exchange with the server succeeded. */
  readonly online: boolean;
  /** RFC 3339 with ms, by the server's signed clock; null before the first exchange. */
  readonly lastSyncAt: string | null;
  /** Events that the server has not acknowledged. */
  readonly queued: number;
  /** Why not, when not online. */
  readonly problem: Problem | null;
}

/** Time and chance, so that a test can hold them. */
export interface Surroundings {
  /** Milliseconds since 1970, for `sentAt`. */
  now(): number;
  /** Calls `wake` after `ms`; returns how to call it off. */
  after(ms: number, wake: () => void): () => void;
  random(): number;
}

const REAL: Surroundings = {
  now: Date.now,
  after: (ms, wake) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** How often an idle kiosk says that it lives, ms. */
export const IDLE_MS = 20_000;
/** How long one exchange may take altogether, ms. */
const EXCHANGE_MS = 60_000;

export interface SyncEngineOptions {
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
  readonly source: OutboxSource;
  readonly onStatus?: (status: SyncStatus) => void;
  /** The server's signed clock, ms since 1970, and our own at that moment: for the trusted-time floor. */
  readonly onServerTime?: (serverMs: number, localMs: number) => void;
  readonly transport?: Transport;
  readonly surroundings?: Surroundings;
  /** Most events in one batch. */
  readonly batchEvents?: number;
}

/**
 * Empties the outbox into the server: one batch in flight, at least once, forgotten only after a signed ack. Never throws
 * into the core: whatever goes wrong becomes a coded status, a pause and another attempt.
 */
export class SyncEngine {
  readonly #o: SyncEngineOptions;
  readonly #transport: Transport;
  readonly #world: Surroundings;
  #status: SyncStatus = { online: false, lastSyncAt: null, queued: 0, problem: null };
  #failures = 0;
  #limit: number;
  #last: Ack | null = null;
  #cancelPause: (() => void) | null = null;
  #nudged = false;
  #abort = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: SyncEngineOptions) {
    this.#o = options;
    this.#transport = options.transport ?? httpsTransport(options.bundle, options.secret);
    this.#world = options.surroundings ?? REAL;
    this.#limit = this.#fullLimit;
  }

  get status(): SyncStatus {
    return this.#status;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** A new event is in the outbox: don't wait for the idle pause. A pause after a failure is kept. */
  nudge(): void {
    this.#nudged = true;
    if (this.#failures === 0) this.#cancelPause?.();
    else this.#publish({});
  }

  /** Stops; an exchange under way is given up (the server's answer would be the same next time). */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelPause?.();
    await this.#running;
    this.#transport.close();
  }

  get #fullLimit(): number {
    return Math.min(this.#o.batchEvents ?? 200, MAX_BATCH_EVENTS);
  }

  async #loop(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      this.#nudged = false;
      let pause: number;
      try {
        const more = await this.#exchange();
        this.#failures = 0;
        pause = more || this.#nudged ? 0 : IDLE_MS;
        this.#publish({ online: true, problem: null });
      } catch (cause) {
        if (this.#abort.signal.aborted) break;
        this.#failures += 1;
        pause = pauseAfter(this.#failures, this.#world.random());
        this.#publish({ online: false, problem: asProblem(cause) });
      }
      if (pause > 0) await this.#sleep(pause);
    }
  }

  /** One round trip. @returns whether more waits */
  async #exchange(): Promise<boolean> {
    const { source, secret, bundle } = this.#o;
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(EXCHANGE_MS)]);
    const events = leadingRun(source.pending(this.#limit));
    const first = events[0];
    if (!first) {
      await this.#take(await this.#transport.marks(source.epoch, signal), source.epoch);
      return source.pendingCount() > 0;
    }
    const keys = { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId };
    let sealed: string;
    try {
      sealed = await sealBatch(events, keys, new Date(this.#world.now()).toISOString());
    } catch (cause) {
      if (!(cause instanceof Problem && cause.code === 'batch-too-large') || events.length === 1) throw cause;
      this.#limit = Math.max(1, events.length >> 1);
      return true;
    }
    const ack = await this.#take(await this.#transport.send(sealed, signal), first.header.epoch);
    this.#limit = this.#fullLimit;
    if (ack.committed < first.header.seq) {
      // The server has a hole beneath this batch. Sending the same again at once would go on for ever.
      throw new Problem(
        'server-misses-events',
        `The server has events up to ${ack.committed}; the outbox begins at ${first.header.seq}.`,
        'The kiosk lost events or the server was restored: see docs/protocol.md, "A hole".',
      );
    }
    return source.pendingCount() > 0;
  }

  async #take(signed: string, epoch: string): Promise<Ack> {
    const { source, bundle, onServerTime } = this.#o;
    const ack = await openAck(signed, bundle.keys.signing, { device: source.device, epoch });
    // Marks only ever rise, so an old ack does no harm, except one of a log that was since replaced.
    if (this.#last && ack.logEpoch !== this.#last.logEpoch && ack.serverTime < this.#last.serverTime) {
      throw new Problem(
        'ack-older',
        'The ack belongs to an older log of the server than one that was already taken.',
        'Nothing was forgotten. If it repeats, someone replays messages, or the server clock went back.',
      );
    }
    this.#last = ack;
    if (ack.committed > 0) source.acknowledge(epoch, { committed: ack.committed, safe: ack.safe });
    onServerTime?.(Date.parse(ack.serverTime), this.#world.now());
    this.#publish({ lastSyncAt: ack.serverTime });
    return ack;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#cancelPause = null;
        resolve();
      };
      const cancel = this.#world.after(ms, done);
      this.#cancelPause = () => {
        cancel();
        done();
      };
      // stop() or nudge() may have come between the decision and here.
      if (this.#abort.signal.aborted || (this.#nudged && this.#failures === 0)) this.#cancelPause();
    });
  }

  #publish(change: Partial<SyncStatus>): void {
    let queued = this.#status.queued;
    try {
      queued = this.#o.source.pendingCount();
    } catch (cause) {
      change = { ...change, problem: asProblem(cause) };
    }
    this.#status = { ...this.#status, ...change, queued };
    try {
      this.#o.onStatus?.(this.#status);
    } catch (cause) {
      // A listener's defect must not stop the outbox; the next reader of `status` sees it.
      this.#status = { ...this.#status, problem: asProblem(cause) };
    }
  }
}

/** The longest beginning that makes one batch: one epoch, no hole. */
function leadingRun(events: readonly WireEvent[]): WireEvent[] {
  const first = events[0]?.header;
  const end = events.findIndex((e, i) => e.header.epoch !== first!.epoch || e.header.seq !== first!.seq + i);
  return events.slice(0, end === -1 ? events.length : end);
}

function asProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  return new Problem(
    'sync-failed',
    'The exchange with the server failed unexpectedly.',
    'It is tried again; if it repeats, report the log.',
    { cause },
  );
}
