import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { type Board, type BoardRow, CLOSE } from '../../../protocol/api/live.ts';
import type { BoardSince } from '../../features/attendance/board.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { peopleOf } from '../../platform/keys/persons.ts';
import { VIEW, type Viewer } from './roles.ts';

/** Changes within this time are sent as one message, ms. */
const GATHER_MS = 60;
/** Queries for the screens may take one in SHARE of the time. */
const SHARE = 4;
const LONGEST_GATHER_MS = 5000;
/** A reader with a larger backlog, in bytes, is disconnected. It reconnects and resumes. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Most screens at once. Further ones are asked to try again later. */
export const MAX_READERS = 500;
/** How often we poll without a signal, ms: another replica may have died between its commit and its signal. */
const POLL_MS = 5000;
const PING_MS = 20_000;

export interface HubOptions {
  read(since: BoardSince): Promise<Board>;
  /** Returns which of these sessions are still valid. Called before anything is sent. */
  alive(sessions: readonly string[]): Promise<ReadonlySet<string>>;
  /** Records that these people are shown to these readers. Awaited before anything is sent. */
  shown(to: readonly Actor[], people: readonly string[]): Promise<void>;
  readonly log: Logger;
}

/** Rows at or above the position that were already sent, as text by id (see `news`). At most MAX_BOARD_ROWS. */
interface Sent {
  readonly rows: ReadonlyMap<string, string>;
  /** Hash of the rows: equal for readers that were sent the same. */
  readonly key: string;
}

const NOTHING: Sent = { rows: new Map(), key: '' };

interface Reader {
  readonly socket: Pick<WebSocket, 'send' | 'close' | 'terminate' | 'ping' | 'bufferedAmount'>;
  readonly session: string;
  readonly actor: Actor;
  readonly role: Viewer;
  since: BoardSince;
  sent: Sent;
  answered: boolean;
}

/** Sends each signed-in screen the changes since its own position that its role may see. */
export class LiveHub {
  readonly #o: HubOptions;
  readonly #readers = new Set<Reader>();
  #gathering: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();
  #lastTook = 0;
  readonly #pings: NodeJS.Timeout;
  readonly #poll: NodeJS.Timeout;

  constructor(options: HubOptions) {
    this.#o = options;
    this.#pings = setInterval(() => this.#pingAll(), PING_MS);
    this.#poll = setInterval(() => this.changed(), POLL_MS);
    this.#pings.unref();
    this.#poll.unref();
  }

  /** @returns functions to call when the socket answers a ping, and when it has closed */
  add(
    socket: Reader['socket'],
    { session, actor, role }: Pick<Reader, 'session' | 'actor' | 'role'>,
    since: BoardSince,
  ): { answered: () => void; gone: () => void } {
    if (this.#readers.size >= MAX_READERS) {
      this.#o.log.warn({ code: 'too-many-readers' }, 'a live screen was rejected: too many are open');
      socket.close(CLOSE.tooMany, 'too many screens');
      return { answered: () => undefined, gone: () => undefined };
    }
    const reader: Reader = { socket, session, actor, role, since, sent: NOTHING, answered: true };
    this.#readers.add(reader);
    this.#enqueue([reader], 'all');
    return {
      answered: () => {
        reader.answered = true;
      },
      gone: () => this.#readers.delete(reader),
    };
  }

  /** Call it when something may have changed. Cheap: many calls lead to one query, and most of the time there are no queries. */
  changed(): void {
    if (this.#readers.size === 0) return;
    this.#gathering ??= setTimeout(
      () => {
        this.#gathering = null;
        this.#enqueue([...this.#readers], 'news');
      },
      Math.min(LONGEST_GATHER_MS, Math.max(GATHER_MS, this.#lastTook * (SHARE - 1))),
    );
  }

  get size(): number {
    return this.#readers.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    clearInterval(this.#poll);
    if (this.#gathering) clearTimeout(this.#gathering);
    for (const reader of this.#readers) reader.socket.close(CLOSE.serverStops, 'server stops');
    this.#readers.clear();
    await this.#sending;
  }

  /** @param what `news`: only to screens with changes; `all`: to all, since a page treats silence as a lost connection */
  #enqueue(readers: readonly Reader[], what: 'news' | 'all'): void {
    this.#sending = this.#sending
      .then(() => this.#send(readers, what))
      .catch((err: unknown) => this.#o.log.error({ code: 'live-update-failed', err }, 'live update failed'));
  }

  /** Readers with the same role, site and position share one query and one text. */
  async #send(readers: readonly Reader[], what: 'news' | 'all'): Promise<void> {
    const began = performance.now();
    const groups = Map.groupBy(await this.#alive(readers), keyOf);
    for (const group of groups.values()) {
      const { since, sent, role } = group[0]!;
      const board = VIEW[role](await this.#o.read(since));
      const { message, above } = news(board, sent);
      const quiet = what === 'news' && !board.whole && message.rows.length === 0 && message.devices.length === 0;
      const text = quiet && !message.removedDevices ? null : JSON.stringify(message);
      const people = peopleOf(message.rows);
      if (people.length > 0) await this.#o.shown(actorsOf(group), people);
      for (const reader of group) {
        if (!this.#readers.has(reader)) continue;
        if (text !== null && reader.socket.bufferedAmount > MAX_BUFFERED_BYTES) {
          this.#drop(reader);
          continue;
        }
        reader.since = { ...since, log: board.log, after: board.position };
        reader.sent = above;
        if (text !== null) reader.socket.send(text);
      }
    }
    this.#lastTook = performance.now() - began;
  }

  #drop(reader: Reader): void {
    this.#readers.delete(reader);
    this.#o.log.warn({ code: 'reader-too-slow' }, 'a live screen was too slow and was disconnected; it can resume');
    reader.socket.close(CLOSE.tooSlow, 'too slow');
    // A close frame waits behind the buffered data, so we terminate the connection after a second.
    setTimeout(() => reader.socket.terminate(), 1000).unref();
  }

  /** Pings all readers, and sends them the counts again, since a new day may have started. */
  #pingAll(): void {
    this.#enqueue([...this.#readers], 'all');
    for (const reader of this.#readers) {
      if (reader.answered) {
        reader.answered = false;
        reader.socket.ping();
      } else {
        this.#readers.delete(reader);
        reader.socket.terminate();
      }
    }
  }

  /** Disconnects readers whose session has ended, on any replica. @returns the others */
  async #alive(readers: readonly Reader[]): Promise<Reader[]> {
    const here = readers.filter((reader) => this.#readers.has(reader));
    const alive = await this.#o.alive([...new Set(here.map((reader) => reader.session))]);
    return here.filter((reader) => {
      if (alive.has(reader.session)) return true;
      this.#readers.delete(reader);
      reader.socket.close(CLOSE.sessionEnded, 'session ended');
      return false;
    });
  }
}

/** Returns each reader's actor once per browser. */
function actorsOf(readers: readonly Reader[]): Actor[] {
  const byKey = new Map(readers.map(({ actor }) => [[actor.id, actor.ip, actor.userAgent].join('\n'), actor]));
  return [...byKey.values()];
}

function keyOf({ role, since, sent }: Reader): string {
  return [role, since.site, since.log, since.after, sent.key].join();
}

/**
 * Leaves out rows that the reader already has in exactly this form. While a transaction stays open, each read of the feed
 * returns everything since that transaction began (platform/database/feed.ts), which need not be sent twice. Pure.
 *
 * @returns the message, and the rows that the next read will return again
 */
function news(board: Board, sent: Sent): { message: Board; above: Sent } {
  const text = (row: BoardRow) => JSON.stringify(row);
  const rows = board.whole ? board.rows : board.rows.filter((row) => sent.rows.get(row.id) !== text(row));
  const again = board.rows.filter((row) => row.change >= board.position).map((row) => [row.id, text(row)] as const);
  const key = () => createHash('sha256').update(again.flat().join()).digest('base64url');
  return {
    message: rows.length === board.rows.length ? board : { ...board, rows },
    above: again.length === 0 ? NOTHING : { rows: new Map(again), key: key() },
  };
}
