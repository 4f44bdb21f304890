import { randomUUID } from 'node:crypto';
import { sealAsk } from '../../protocol/seal/ask.ts';
import { keyId } from '../../protocol/seal/keys.ts';
import { openPage } from '../../protocol/seal/page.ts';
import { type Ask, MAX_PAGE_CHANGES, type Page } from '../../protocol/wire/changes.ts';
import type { ServerKeys } from '../../protocol/wire/keys.ts';
import type { DeviceSecret } from '../identity.ts';
import type { OutboxSource } from '../outbox.ts';
import type { Reporting } from './reporting.ts';

export type ChangesPage = Extract<Page, { what: 'changes' }>;

/** Receives changes. */
export interface ChangeSink {
  /** This kiosk's position in the server's log; empty: none yet, so a snapshot follows. */
  cursor(): string;
  /** RFC 3339 time of the newest known presence; null if none. */
  presenceAfter(): string | null;
  /** Applies a page durably and atomically, including its cursor. */
  apply(page: ChangesPage): Promise<void>;
  /** Called when the server's log was replaced: the cursor is no longer valid. */
  restart(): void;
}

/** Sends one sealed ask. `accept` returns whether an answer belongs to it. */
export type AskExchange = (sealed: string, accept: (answer: string) => Promise<boolean>) => Promise<string>;

export interface ChangePollerOptions {
  readonly secret: DeviceSecret;
  readonly source: OutboxSource;
  readonly serverId: string;
  readonly keys: () => ServerKeys;
  readonly sink: ChangeSink;
  readonly reporting: Reporting | null;
  /** `serverTime` of the newest answer; null if none. */
  readonly heard: () => string | null;
}

/** Sends asks and decrypts the answers. Each answer names its ask, so an old page can't be replayed. */
export class ChangePoller {
  readonly #o: ChangePollerOptions;
  #next = 0;
  /** The server has answered an ask of this process, so reports may be sent. */
  #answered = false;
  /** Epochs whose marks arrived since the current snapshot began; null when there is none. */
  #heardOf: Set<string> | null = null;

  constructor(options: ChangePollerOptions) {
    this.#o = options;
  }

  #trusts(): Promise<string[]> {
    return Promise.all(this.#o.keys().signing.map((key) => keyId(key)));
  }

  /** Sends one ask and verifies its page. @throws Problem of the transport and of openPage */
  async #ask(ask: Ask, exchange: AskExchange): Promise<Page> {
    const { secret, serverId } = this.#o;
    const { signing, sealing, device } = secret;
    const keys = this.#o.keys();
    const jti = randomUUID();
    const sealed = await sealAsk(ask, { device, signing, server: keys.sealing, serverId }, jti);
    const open = (answer: string) => openPage(answer, { sealing, trusted: keys.signing }, { device, jti });
    let page: Page | null = null;
    const answer = await exchange(sealed, async (text) => {
      page = await open(text);
      return true;
    });
    return page ?? (await open(answer));
  }

  /**
   * Fetches and applies the next page of changes. Each ask requests the marks of one epoch, in turn, because a restored server
   * may lack events of an old one.
   *
   * @param takeAck takes the page's ack before anything of the page is applied
   * @returns whether more is waiting, here or at the server
   */
  async next(exchange: AskExchange, takeAck: (signed: string, epoch: string) => Promise<void>): Promise<boolean> {
    const { source, sink, reporting } = this.#o;
    const epochs = source.marks().map(({ epoch }) => epoch);
    const epoch = epochs[this.#next++ % epochs.length] ?? source.epoch;
    const cursor = sink.cursor();
    const first = !this.#answered;
    const page = await this.#page(epoch, cursor, MAX_PAGE_CHANGES, exchange, takeAck);
    // The ack may have shown that the server was restored. Then the cursor was dropped, and the page is dropped too.
    if (sink.cursor() !== cursor) return true;
    if (page.whole) {
      this.#heardOf ??= new Set();
      this.#heardOf.add(epoch);
      // What a snapshot changes or deletes depends on what the server has of ours, of every epoch. If it was restored from a
      // backup, the marks known here may be too high.
      for (const other of epochs) {
        if (this.#heardOf.has(other)) continue;
        await this.#page(other, cursor, 1, exchange, takeAck);
        if (sink.cursor() !== cursor) return true;
        this.#heardOf.add(other);
      }
    }
    await sink.apply(page);
    if (!page.whole || !page.more) this.#heardOf = null;
    return page.more || (first && (reporting?.due() ?? null) !== null);
  }

  async #page(
    epoch: string,
    cursor: string,
    limit: number,
    exchange: AskExchange,
    takeAck: (signed: string, epoch: string) => Promise<void>,
  ): Promise<ChangesPage> {
    const { sink, reporting, heard } = this.#o;
    // At the first ask of a process, the server may not be able to distinguish our ask from a replay. It would then ignore the
    // report, and we would assume that it was received.
    const report = this.#answered ? (reporting?.due() ?? null) : null;
    const ask: Ask = {
      what: 'changes',
      epoch,
      cursor,
      limit,
      trusts: await this.#trusts(),
      presenceAfter: sink.presenceAfter(),
      heard: heard(),
      ...(report && { report }),
    };
    const page = await this.#ask(ask, exchange);
    if (report) reporting?.reported(report);
    if (page.what !== 'changes') throw new TypeError('a page that answers another question');
    await takeAck(page.ack, epoch);
    this.#answered = true;
    return page;
  }
}
