import type { Logger } from 'pino';
import type { Db } from '../database/schema.ts';
import { aliveHashes, type Session } from './session.ts';

/** Decrypted data that is kept between requests while a session that uses it lives. */
export interface Kept {
  /** Drops data that is out of date in the database, e.g. of erased people. */
  refresh(): Promise<unknown>;
}

/** How many sessions may have data in memory. Beyond that, the least recently used one loses it. */
const MAX_SESSIONS = 16;
/** How often to check for ended sessions and for changes in the database, ms. */
const EVERY_MS = 15_000;

/**
 * The data this process keeps in memory for signed-in users. It is dropped at once when they sign out here, and within
 * `EVERY_MS` if the session expires, ends on another replica or ends with its account.
 */
export class SessionMemory {
  /** By session hash, least recently used first. */
  readonly #sessions = new Map<string, Map<string, Kept>>();

  /**
   * Returns the data kept under this name, created if it doesn't exist yet.
   *
   * @param o `shared`: shared by all sessions that ask for it, until the last of them has ended
   */
  keep<T extends Kept>(session: Session, name: string, make: () => T, { shared = false } = {}): T {
    const id = idOf(session);
    const own = this.#sessions.get(id) ?? new Map<string, Kept>();
    this.#sessions.delete(id);
    this.#sessions.set(id, own);
    if (this.#sessions.size > MAX_SESSIONS) this.#sessions.delete(this.#sessions.keys().next().value!);
    const others = shared ? [...this.#sessions.values()].map((parts) => parts.get(name)) : [];
    const kept = (own.get(name) ?? others.find((part) => part !== undefined) ?? make()) as T;
    own.set(name, kept);
    return kept;
  }

  end(session: Session): void {
    this.#sessions.delete(idOf(session));
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Drops the data of ended sessions and refreshes the rest. */
  async check(db: Db, now: Date): Promise<void> {
    if (this.#sessions.size === 0) return;
    const alive = await aliveHashes(db, [...this.#sessions.keys()], now);
    for (const id of this.#sessions.keys()) if (!alive.has(id)) this.#sessions.delete(id);
    const parts = new Set([...this.#sessions.values()].flatMap((own) => [...own.values()]));
    for (const part of parts) await part.refresh();
  }

  /** Starts checking every `EVERY_MS`. @returns a function that stops it and drops everything */
  follow(db: Db, now: () => Date, log: Logger): () => Promise<void> {
    let going: Promise<void> = Promise.resolve();
    const ticker = setInterval(() => {
      going = this.check(db, now()).catch((err: unknown) =>
        log.warn({ code: 'session-memory-not-checked', err }, 'what sessions hold in memory could not be checked'),
      );
    }, EVERY_MS).unref();
    return async () => {
      clearInterval(ticker);
      this.#sessions.clear();
      await going;
    };
  }
}

const idOf = (session: Session): string => session.hash.toString('hex');
