import { Problem } from '../errors/problem.ts';
import type { Ack } from '../protocol/wire/ack.ts';
import type { Inventory } from '../protocol/wire/fleet.ts';
import type { ServerKeys } from '../protocol/wire/keys.ts';
import type { ServerBundle } from '../protocol/wire/provisioning.ts';
import { AckBook, type Taken } from './acks.ts';
import { pauseAfter, REAL, type Runtime } from './backoff.ts';
import { ChangePoller, type ChangeSink } from './changes/change-poller.ts';
import { Reporting } from './changes/reporting.ts';
import type { DeviceSecret } from './identity.ts';
import { BatchMaker, type EventPlace, type OutboxSource, type Prepared } from './outbox.ts';
import { kioskTransport } from './transport/failover.ts';
import type { Transport } from './transport/interface.ts';

export type { OutboxSource } from './outbox.ts';

export interface SyncStatus {
  readonly online: boolean;
  /** Transport of the last exchange; null before the first. */
  readonly transport: 'https' | 'mqtt' | null;
  /** RFC 3339 with ms, by the server's signed clock; null before the first exchange. */
  readonly lastSyncAt: string | null;
  readonly queued: number;
  /** Why it is offline, or what is wrong although the server answers. */
  readonly problem: Problem | null;
  /** When the pause after a failure ends, ms since 1970 by this machine's clock; null when not pausing. */
  readonly pausedUntil: number | null;
}

/** How often an idle kiosk asks for changes, which also shows the server that it is running, ms. */
export const IDLE_MS = 20_000;
/** Timeout of one whole exchange, ms. */
const EXCHANGE_MS = 60_000;
/** Number of batches after which an ask is sent, so that a backlog doesn't delay the roster. */
const BATCHES_AN_ASK = 20;

export interface SyncEngineOptions {
  readonly secret: DeviceSecret;
  readonly bundle: ServerBundle;
  readonly source: OutboxSource;
  /** Receives the server's changes. Without it they are requested and ignored. */
  readonly changes?: ChangeSink;
  /** The server's keys trusted now; by default those of the bundle. */
  readonly keys?: () => ServerKeys;
  /** Trusted time, ms since 1970, used to check certificates. */
  readonly trustedNow?: () => number;
  readonly onStatus?: (status: SyncStatus) => void;
  /** The server's signed clock, ms since 1970, and our clock at that moment. Called when the server has just answered our ask. */
  readonly onServerTime?: (serverMs: number, localMs: number) => void;
  /** This kiosk's state for the server's inventory; null: not known yet. */
  readonly report?: () => Inventory | null;
  /** The server has accepted events, so their photos can be uploaded. */
  readonly onCommitted?: () => void;
  readonly transport?: Transport;
  readonly runtime?: Runtime;
  readonly batchEvents?: number;
}

interface Request {
  readonly sealed: string;
  readonly resolve: (answer: string) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Sends the outbox to the server and fetches the server's changes. One exchange at a time, at least once; events are removed only
 * after a signed ack. While a batch is being sent, the next one is prepared. Never throws into the core: every failure becomes a
 * coded status, a pause and another attempt.
 */
export class SyncEngine {
  readonly #o: SyncEngineOptions;
  readonly #transport: Transport;
  readonly #world: Runtime;
  readonly #batches: BatchMaker;
  readonly #acks: AckBook;
  readonly #poller: ChangePoller;
  readonly #sink: ChangeSink;
  readonly #requests: Request[] = [];
  #askedAt: number;
  #status: SyncStatus = {
    online: false,
    transport: null,
    lastSyncAt: null,
    queued: 0,
    problem: null,
    pausedUntil: null,
  };
  /** What the current exchange is for. */
  #turn: 'ask' | 'batch' = 'ask';
  /** Failures in a row. Counted separately, because one kind can fail each time while the other succeeds. */
  #failed = { ask: 0, batch: 0 };
  #next: Prepared | null = null;
  /** Last event sent beyond a gap on the server; null when there is no gap. */
  #beyond: EventPlace | null = null;
  /** Gaps on the server, by epoch. `first` is the earliest event that this kiosk still has. */
  readonly #holes = new Map<string, { readonly first: number; readonly problem: Problem }>();
  #sinceAsk = BATCHES_AN_ASK;
  #moreChanges = false;
  #cancelPause: (() => void) | null = null;
  #nudged = false;
  #abort = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: SyncEngineOptions) {
    const { bundle, secret, source } = options;
    const keys = options.keys ?? (() => bundle.keys);
    this.#o = options;
    this.#world = options.runtime ?? REAL;
    this.#askedAt = this.#world.now();
    this.#transport =
      options.transport ??
      kioskTransport({
        bundle,
        device: secret.device,
        keys,
        credentials: () => ({ certPem: bundle.tlsCertPem, keyPem: secret.tlsKeyPem }),
        trustedNow: options.trustedNow ?? Date.now,
      });
    this.#transport.onNudge = () => this.#ask();
    this.#sink = options.changes ?? forgetful();
    const shared = { secret, source, serverId: bundle.serverId, keys };
    this.#batches = new BatchMaker({ ...shared, most: options.batchEvents });
    const reporting = options.report ? new Reporting(options.report, () => this.#world.now()) : null;
    this.#acks = new AckBook(source, keys);
    this.#poller = new ChangePoller({ ...shared, sink: this.#sink, reporting, heard: () => this.#acks.heard });
  }

  get status(): SyncStatus {
    return this.#status;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Skips the idle pause: a new event is in the outbox. A pause after a failure continues. */
  nudge(): void {
    this.#nudged = true;
    if (this.#failures === 0) this.#cancelPause?.();
    else this.#publish({});
  }

  /** Skips the pause after a failure, because its cause has been fixed. */
  retry(): void {
    this.#failed = { ask: 0, batch: 0 };
    this.nudge();
  }

  /** Sends another component's sealed ask in between, e.g. for a new certificate. @returns its answer, unverified */
  send(sealed: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#requests.push({ sealed, resolve, reject });
      this.nudge();
    });
  }

  /** Stops, abandoning a running exchange. It is repeated next time, with the same result. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelPause?.();
    await this.#running;
    for (const { reject } of this.#requests.splice(0)) reject(new Problem('exchange-aborted'));
    await this.#transport.close();
  }

  get #failures(): number {
    return this.#failed.ask + this.#failed.batch;
  }

  /** Called when the server has changes for us. */
  #ask(): void {
    this.#sinceAsk = BATCHES_AN_ASK;
    this.nudge();
  }

  async #loop(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      this.#nudged = false;
      let pause: number;
      try {
        const more = await this.#exchangeOnce();
        pause = more ? 0 : IDLE_MS;
        const problem = this.#failures > 0 ? this.#status.problem : this.#holeProblem();
        this.#publish({ online: true, problem, pausedUntil: null });
      } catch (cause) {
        if (this.#abort.signal.aborted) break;
        this.#failed[this.#turn] += 1;
        pause = pauseAfter(this.#failures, this.#world.random());
        const pausedUntil = this.#world.now() + pause;
        // After a failed batch, ask first: if the server was restored, its ack shows what it now lacks. After a failed ask, batches
        // go first: a page that can't be applied must not block the outbox.
        this.#sinceAsk = this.#turn === 'batch' ? BATCHES_AN_ASK : 0;
        this.#askedAt = pausedUntil;
        this.#publish({ online: false, problem: asProblem(cause), pausedUntil });
      }
      if (pause > 0) await this.#sleep(pause);
    }
  }

  /** Makes one round trip. @returns whether more is waiting */
  async #exchangeOnce(): Promise<boolean> {
    this.#turn = 'ask';
    const request = this.#requests.shift();
    if (request) {
      await this.#serve(request);
      return true;
    }
    const batch = this.#askIsDue() ? null : await this.#batch();
    if (batch) {
      await this.#send(batch);
      this.#failed.batch = 0;
      this.#sinceAsk += this.#moreChanges ? BATCHES_AN_ASK : 1;
      return this.#moreChanges || this.#failed.ask > 0 || (await this.#batch()) !== null;
    }
    this.#turn = 'ask';
    this.#sinceAsk = 0;
    this.#moreChanges = false;
    this.#askedAt = this.#world.now();
    this.#moreChanges = await this.#poller.next(
      (sealed, accept) => this.#exchange('ask', sealed, accept),
      async (signed, epoch) => void this.#take(await this.#acks.open(signed, epoch), 0, true),
    );
    this.#failed.ask = 0;
    if (this.#moreChanges) this.#sinceAsk = BATCHES_AN_ASK - 1;
    return this.#moreChanges || (await this.#batch()) !== null;
  }

  /** Sends an ask even while batches are waiting, so that a backlog or a busy door doesn't delay the roster. */
  #askIsDue(): boolean {
    return this.#sinceAsk >= BATCHES_AN_ASK || Math.abs(this.#world.now() - this.#askedAt) >= IDLE_MS;
  }

  /** Returns the batch to send now. It stays prepared until it is sent. */
  async #batch(): Promise<Prepared | null> {
    this.#turn = 'batch';
    if (this.#next && !this.#batches.current(this.#next)) this.#next = null;
    this.#next ??= await this.#prepare(this.#beyond ?? undefined);
    if (!this.#next) this.#failed.batch = 0;
    return this.#next;
  }

  #prepare(after?: EventPlace): Promise<Prepared | null> {
    return this.#batches.prepare(new Date(this.#world.now()).toISOString(), after);
  }

  async #send(batch: Prepared): Promise<void> {
    const { epoch, first, last } = batch;
    this.#next = null;
    const answer = this.#exchange('batch', batch.sealed, async (text) => {
      const ack = await this.#acks.open(text, epoch);
      return ack.committed >= last || this.#acks.isFresh(ack);
    });
    // Prepared while the other batch is being sent. A failure here occurs again, and is reported, when this batch's turn comes.
    const following = this.#prepare({ epoch, seq: last }).catch(() => null);
    const { ack, restored } = this.#take(await this.#acks.open(await answer, epoch), last);
    this.#o.onCommitted?.();
    if (restored) return;
    if (ack.committed >= last) this.#next = await following;
    else if (ack.committed < first - 1) this.#goBeyond(ack.committed, batch);
    else if (ack.committed < first) throw new Problem('batch-not-committed');
  }

  /**
   * The server has a gap before the oldest event left here. It stores the events after the gap but can't acknowledge them. So the
   * rest is sent once and then the kiosk pauses; resending at once would loop forever.
   */
  #goBeyond(committed: number, { epoch, first, last }: Prepared): void {
    this.#beyond = { epoch, seq: last };
    this.#noteHole(epoch, committed, first);
  }

  #noteHole(epoch: string, committed: number, begins: number): void {
    const first = Math.min(begins, this.#holes.get(epoch)?.first ?? begins);
    this.#holes.set(epoch, { first, problem: hole(committed, first) });
  }

  #holeProblem(): Problem | null {
    for (const { problem } of this.#holes.values()) return problem;
    return null;
  }

  #exchange(kind: 'batch' | 'ask', sealed: string, accept: (answer: string) => Promise<boolean>): Promise<string> {
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(EXCHANGE_MS)]);
    return this.#transport.exchange(kind, sealed, signal, accept);
  }

  /** @param sent last event of the batch that it answers, if it answers one; @param asked whether it answers our ask */
  #take(ack: Ack, sent = 0, asked = false): Taken {
    const taken = this.#acks.take(ack, sent, asked);
    if (taken.restored) {
      this.#next = null;
      this.#beyond = null;
      this.#holes.delete(ack.epoch);
      this.#sink.restart();
    }
    this.#checkGap(ack.epoch, ack.committed);
    if (taken.hole) this.#noteHole(ack.epoch, ack.committed, this.#trimmed(ack.epoch) + 1);
    if (asked) this.#o.onServerTime?.(Date.parse(ack.serverTime), this.#world.now());
    this.#publish({ transport: this.#transport.name, ...(taken.fresh && { lastSyncAt: ack.serverTime }) });
    return taken;
  }

  /** Removes a gap that the server has filled, for example from a backup. Acks of another epoch don't affect it. */
  #checkGap(epoch: string, committed: number): void {
    const found = this.#holes.get(epoch);
    if (!found || committed < found.first - 1) return;
    this.#holes.delete(epoch);
    this.#beyond = null;
  }

  #trimmed(epoch: string): number {
    return this.#o.source.marks().find((mark) => mark.epoch === epoch)?.trimmed ?? 0;
  }

  async #serve({ sealed, resolve, reject }: Request): Promise<void> {
    try {
      resolve(await this.#exchange('ask', sealed, async () => true));
    } catch (cause) {
      reject(cause);
      throw cause;
    }
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
      // stop() or nudge() may have been called since the exchange began.
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
      // A listener's defect must not stop the outbox. The next reader of `status` sees the problem.
      this.#status = { ...this.#status, problem: asProblem(cause) };
    }
  }
}

/** Returns a sink that stores no roster, only the cursor, in memory. */
function forgetful(): ChangeSink {
  let cursor = '';
  return {
    cursor: () => cursor,
    presenceAfter: () => null,
    async apply(page) {
      cursor = page.cursor;
    },
    restart() {
      cursor = '';
    },
  };
}

const hole = (committed: number, first: number): Problem => new Problem('server-misses-events', { committed, first });

function asProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  return new Problem('sync-failed', { cause });
}
