import type { Session } from './session.ts';

export interface Lockout {
  readonly failures: number;
  /** Trusted time in ms since 1970 until which no attempt is taken; 0 when none. */
  readonly until: number;
  /** Trusted time in ms since 1970 of the last failure; 0 when none. */
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

  /** Keeps these lockouts by subject, in one transaction; those without failures are dropped. */
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
   * Drops lockouts whose last failure and lock are before `before`; how many. What is after `latest` (a clock was
   * wrong) is put there, or it would stay for ever. Both trusted time, ms since 1970.
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
