import type { Session } from './session.ts';

export interface Lockout {
  readonly failures: number;
  /** No attempt is accepted until then, trusted time in ms since 1970; 0 if there is no pause. */
  readonly until: number;
  /** Trusted time in ms since 1970 of the last failure; 0 if none. */
  readonly at: number;
}

export class Lockouts {
  readonly #s: Session;

  constructor(session: Session) {
    this.#s = session;
  }

  get(subject: string): Lockout {
    const sql = 'SELECT failures, until, at FROM lockout WHERE subject = ?';
    return this.#s.sql.row<Lockout>(sql, subject) ?? { failures: 0, until: 0, at: 0 };
  }

  /** Stores these lockouts by subject, in one transaction. Those without failures are deleted. */
  set(lockouts: Readonly<Record<string, Lockout>>): void {
    const { sql } = this.#s;
    this.#s.write(() => {
      for (const [subject, { failures, until, at }] of Object.entries(lockouts)) {
        if (failures === 0 && until === 0) sql.run('DELETE FROM lockout WHERE subject = ?', subject);
        else sql.put('lockout', { subject, failures, until: Math.ceil(until), at: Math.floor(at) }, 'subject');
      }
    });
  }

  /**
   * Deletes lockouts whose last failure and pause ended before `before`; returns how many. Times after `latest` (the clock was
   * wrong) are moved there, or the lockout would remain for ever. Both are trusted time, ms since 1970.
   */
  prune(before: number, latest: number): number {
    const { sql } = this.#s;
    return this.#s.write(() => {
      const end = Math.ceil(latest);
      const clamp = 'UPDATE lockout SET at = min(at, ?), until = min(until, ?) WHERE max(at, until) > ?';
      sql.run(clamp, end, end, end);
      return sql.run('DELETE FROM lockout WHERE max(at, until) <= ?', Math.floor(before)).changes;
    });
  }
}
