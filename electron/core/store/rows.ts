import type { Db } from './database.ts';
import type { Lockout } from './interface.ts';

/** Lockouts and settings: small rows outside the event chain. Writes belong into a transaction of the caller's. */
export class Rows {
  readonly #getLockout;
  readonly #putLockout;
  readonly #dropLockout;
  readonly #getSetting;
  readonly #putSetting;

  constructor(db: Db) {
    this.#getLockout = db.prepare('SELECT failures, until FROM lockout WHERE subject = ?');
    this.#putLockout = db.prepare(
      `INSERT INTO lockout(subject, failures, until) VALUES (?, ?, ?)
       ON CONFLICT(subject) DO UPDATE SET failures = excluded.failures, until = excluded.until`,
    );
    this.#dropLockout = db.prepare('DELETE FROM lockout WHERE subject = ?');
    this.#getSetting = db.prepare('SELECT value FROM setting WHERE key = ?').pluck();
    this.#putSetting = db.prepare(
      'INSERT INTO setting(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value',
    );
  }

  lockout(subject: string): Lockout {
    return (this.#getLockout.get(subject) as Lockout | undefined) ?? { failures: 0, until: 0 };
  }

  setLockout(subject: string, { failures, until }: Lockout): void {
    if (failures === 0 && until === 0) this.#dropLockout.run(subject);
    else this.#putLockout.run(subject, failures, Math.ceil(until));
  }

  setting(key: string): string | null {
    return (this.#getSetting.get(key) as string | undefined) ?? null;
  }

  setSetting(key: string, value: string): void {
    this.#putSetting.run(key, value);
  }
}
