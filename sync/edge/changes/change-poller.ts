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

/** Where changes go. */
export interface ChangeSink {
  /** Where this kiosk is in the server's log; empty for nowhere: a snapshot comes. */
  cursor(): string;
  /** RFC 3339 of the newest presence that is known; null for none. */
  presenceAfter(): string | null;
  /** Applies a page durably, cursor included, as one. */
  apply(page: ChangesPage): Promise<void>;
  /** The server's log was replaced: the cursor says nothing any more. */
  restart(): void;
}

/** Sends one sealed ask; `accept` says whether an answer is the one. */
export type AskExchange = (sealed: string, accept: (answer: string) => Promise<boolean>) => Promise<string>;

export interface ChangePollerOptions {
  readonly secret: DeviceSecret;
  readonly source: OutboxSource;
  readonly serverId: string;
  readonly keys: () => ServerKeys;
  readonly sink: ChangeSink;
  readonly reporting: Reporting | null;
  /** `serverTime` of the newest answer; null for none. */
  readonly heard: () => string | null;
}

/** Asks, and decrypts what comes. The answer names its ask, so an old page can't be replayed. */
export class ChangePoller {
  readonly #o: ChangePollerOptions;
  #next = 0;
  /** The server has answered an ask of this process: what it sends from now on counts as news. */
  #answered = false;
  /** Epochs whose marks were heard since the snapshot under way began; null when there is none. */
  #heardOf: Set<string> | null = null;

  constructor(options: ChangePollerOptions) {
    this.#o = options;
  }

  #trusts(): Promise<string[]> {
    return Promise.all(this.#o.keys().signing.map((key) => keyId(key)));
  }

  /** One ask and its page, verified. @throws Problem of the transport and of openPage */
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
   * The next page of changes, applied. Each ask hears of one epoch's marks, all in turn: a restored server may lack events
   * of an old one.
   *
   * @param takeAck takes the page's ack before anything of the page is applied
   * @returns whether more waits: here, or at the server
   */
  async next(exchange: AskExchange, takeAck: (signed: string, epoch: string) => Promise<void>): Promise<boolean> {
    const { source, sink, reporting } = this.#o;
    const epochs = source.marks().map(({ epoch }) => epoch);
    const epoch = epochs[this.#next++ % epochs.length] ?? source.epoch;
    const cursor = sink.cursor();
    const first = !this.#answered;
    const page = await this.#page(epoch, cursor, MAX_PAGE_CHANGES, exchange, takeAck);
    // The ack may have shown that the server was restored: then the cursor was dropped, and so is the page.
    if (sink.cursor() !== cursor) return true;
    if (page.whole) {
      this.#heardOf ??= new Set();
      this.#heardOf.add(epoch);
      // People who are in no page are dropped at a snapshot's end, but not before each epoch has reported what of it
      // the server has.
      if (!page.more)
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
    // With the first ask of a process the server may not know an old one that is played again from ours: it would leave out
    // what is reported, and we would take it for reported.
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
