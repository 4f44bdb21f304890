import { guarded } from './database.ts';
import type { Session } from './session.ts';

/** Attempts against one secret (a person's PIN, the staff PIN): survives a restart. */
export interface Lockout {
  readonly failures: number;
  /** Trusted time in ms since 1970 until which no attempt is taken; 0 when none. */
  readonly until: number;
  /** Trusted time in ms since 1970 of the last failure; 0 when none. */
  readonly at: number;
}

export class Lockouts {
  readonly #s: Session;
  readonly #get;
  readonly #put;
  readonly #drop;
  readonly #clamp;
  readonly #prune;

  constructor(session: Session) {
    this.#s = session;
    const { db } = session;
    this.#get = db.prepare('SELECT failures, until, at FROM lockout WHERE subject = ?');
    this.#put = db.prepare(
      `INSERT INTO lockout(subject, failures, until, at) VALUES (?, ?, ?, ?)
       ON CONFLICT(subject) DO UPDATE SET failures = excluded.failures, until = excluded.until, at = excluded.at`,
    );
    this.#clamp = db.prepare('UPDATE lockout SET at = min(at, ?), until = min(until, ?) WHERE max(at, until) > ?');
    this.#prune = db.prepare('DELETE FROM lockout WHERE max(at, until) <= ?');
    this.#drop = db.prepare('DELETE FROM lockout WHERE subject = ?');
  }

  get(subject: string): Lockout {
    return guarded(() => (this.#get.get(subject) as Lockout | undefined) ?? { failures: 0, until: 0, at: 0 });
  }

  /** Keeps these lockouts by subject, in one transaction; those without failures are dropped. */
  set(lockouts: Readonly<Record<string, Lockout>>): void {
    this.#s.write(() => {
      for (const [subject, { failures, until, at }] of Object.entries(lockouts)) {
        if (failures === 0 && until === 0) this.#drop.run(subject);
        else this.#put.run(subject, failures, Math.ceil(until), Math.floor(at));
      }
    });
  }

  /**
   * Drops lockouts whose last failure and lock are before `before`; how many. What is after `latest` (a clock was
   * wrong) is put there, or it would stay for ever. Both trusted time, ms since 1970.
   */
  prune(before: number, latest: number): number {
    return this.#s.write(() => {
      const end = Math.ceil(latest);
      this.#clamp.run(end, end, end);
      return this.#prune.run(Math.floor(before)).changes;
    });
  }
}
