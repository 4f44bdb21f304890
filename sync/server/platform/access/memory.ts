import type { Logger } from 'pino';
import type { Db } from '../database/schema.ts';
import { aliveHashes, type Session } from './session.ts';

/** Something opened that is kept between requests, as long as a session lives that asked for it. */
export interface Kept {
  /** Drops what is no longer so in the database, e.g. of people who were erased. */
  refresh(): Promise<unknown>;
}

/** Sessions that have something in memory; beyond it, the one unused for longest loses it. */
const MAX_SESSIONS = 16;
/** How often sessions that ended elsewhere, and what changed in the database, are looked for, ms. */
const EVERY_MS = 15_000;

/**
 * What this process keeps in memory for people who are signed in. It goes with their session: at once where they sign out
 * here; within `EVERY_MS` where the session ended by its time, on another replica, or with its account.
 */
export class SessionMemory {
  /** By the session's hash, the one unused for longest first. */
  readonly #sessions = new Map<string, Map<string, Kept>>();

  /**
   * What is kept under this name, made where it is not there yet.
   *
   * @param o `shared`: one for all sessions that ask for it, until the last of them has ended
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

  /** Removes what ended sessions held, and refreshes the rest. */
  async check(db: Db, now: Date): Promise<void> {
    if (this.#sessions.size === 0) return;
    const alive = await aliveHashes(db, [...this.#sessions.keys()], now);
    for (const id of this.#sessions.keys()) if (!alive.has(id)) this.#sessions.delete(id);
    const parts = new Set([...this.#sessions.values()].flatMap((own) => [...own.values()]));
    for (const part of parts) await part.refresh();
  }

  /** Checks by itself from now on. @returns how to stop */
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
