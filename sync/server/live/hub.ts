import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { type Board, CLOSE } from '../../protocol/api/live.ts';

/** Changes within this time go out as one message, ms. */
const GATHER_MS = 60;
/** A reader that lets more than this pile up is dropped; it comes back and resumes, bytes. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
const PING_MS = 20_000;

export interface HubOptions {
  read(since: { log?: string | undefined; after?: number | undefined }): Promise<Board>;
  /** Whether this session still is one. */
  alive(session: string): Promise<boolean>;
  readonly log: Logger;
}

interface Reader {
  readonly socket: Pick<WebSocket, 'send' | 'close' | 'terminate' | 'ping' | 'bufferedAmount'>;
  readonly session: string;
  since: { log?: string | undefined; after?: number | undefined };
  answered: boolean;
}

/** Sends each signed-in screen what changed since its own position. */
export class LiveHub {
  readonly #o: HubOptions;
  readonly #readers = new Set<Reader>();
  #gathering: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();
  readonly #pings: NodeJS.Timeout;

  constructor(options: HubOptions) {
    this.#o = options;
    this.#pings = setInterval(() => void this.#pingAll(), PING_MS);
    this.#pings.unref();
  }

  /** @returns what to call when the socket answers a ping, and when it has closed */
  add(socket: Reader['socket'], session: string, since: Reader['since']): { answered: () => void; gone: () => void } {
    const reader: Reader = { socket, session, since, answered: true };
    this.#readers.add(reader);
    this.#enqueue([reader]);
    return {
      answered: () => {
        reader.answered = true;
      },
      gone: () => this.#readers.delete(reader),
    };
  }

  changed(): void {
    if (this.#readers.size === 0) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      this.#enqueue([...this.#readers]);
    }, GATHER_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    if (this.#gathering) clearTimeout(this.#gathering);
    for (const reader of this.#readers) reader.socket.close(CLOSE.serverStops, 'server stops');
    this.#readers.clear();
    await this.#sending;
  }

  #enqueue(readers: readonly Reader[]): void {
    this.#sending = this.#sending
      .then(() => this.#send(readers))
      .catch((err: unknown) => this.#o.log.error({ err }, 'live update failed'));
  }

  /** Readers at the same position share one query. */
  async #send(readers: readonly Reader[]): Promise<void> {
    const groups = Map.groupBy(readers, (r) => `${r.since.log}/${r.since.after}`);
    for (const group of groups.values()) {
      const board = await this.#o.read(group[0]!.since);
      const text = JSON.stringify(board);
      for (const reader of group) {
        if (!this.#readers.has(reader)) continue;
        if (reader.socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#drop(reader);
        else {
          reader.since = { log: board.log, after: board.position };
          reader.socket.send(text);
        }
      }
    }
  }

  #drop(reader: Reader): void {
    this.#readers.delete(reader);
    this.#o.log.warn({ code: 'reader-too-slow' }, 'a live screen was dropped; it may resume');
    reader.socket.close(CLOSE.tooSlow, 'too slow');
    // A close frame waits behind what is buffered: don't wait for it.
    setTimeout(() => reader.socket.terminate(), 1000).unref();
  }

  /** Also tells everyone the counts anew: the day may have turned, and a page takes silence for a dead line. */
  async #pingAll(): Promise<void> {
    this.#enqueue([...this.#readers]);
    for (const reader of [...this.#readers]) {
      try {
        if (!(await this.#o.alive(reader.session))) {
          this.#readers.delete(reader);
          reader.socket.close(CLOSE.sessionEnded, 'session ended');
        } else if (!reader.answered) {
          this.#readers.delete(reader);
          reader.socket.terminate();
        } else {
          reader.answered = false;
          reader.socket.ping();
        }
      } catch (err) {
        this.#o.log.error({ err }, 'could not check a live screen');
      }
    }
  }
}
