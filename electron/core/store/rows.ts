import type { Db } from './database.ts';
import type { Lockout } from './interface.ts';

/** Codes issued before this (ms) may have been used here, and are no longer known. */
const CODES_FLOOR = 'codes-floor';

/** Lockouts, used codes and settings: small rows outside the event chain. Writes belong into a transaction of the caller's. */
export class Rows {
  readonly #getLockout;
  readonly #putLockout;
  readonly #dropLockout;
  readonly #clampLockouts;
  readonly #pruneLockouts;
  readonly #getSetting;
  readonly #putSetting;
  readonly #putCode;
  readonly #dropCodes;

  constructor(db: Db) {
    this.#getLockout = db.prepare('SELECT failures, until, at FROM lockout WHERE subject = ?');
    this.#putLockout = db.prepare(
      `INSERT INTO lockout(subject, failures, until, at) VALUES (?, ?, ?, ?)
       ON CONFLICT(subject) DO UPDATE SET failures = excluded.failures, until = excluded.until, at = excluded.at`,
    );
    this.#clampLockouts = db.prepare(
      'UPDATE lockout SET at = min(at, ?), until = min(until, ?) WHERE max(at, until) > ?',
    );
    this.#pruneLockouts = db.prepare('DELETE FROM lockout WHERE max(at, until) <= ?');
    this.#dropLockout = db.prepare('DELETE FROM lockout WHERE subject = ?');
    this.#putCode = db.prepare('INSERT INTO used_code(digest, until) VALUES (?, ?) ON CONFLICT(digest) DO NOTHING');
    this.#dropCodes = db.prepare('DELETE FROM used_code WHERE until < ?');
    this.#getSetting = db.prepare('SELECT value FROM setting WHERE key = ?').pluck();
    this.#putSetting = db.prepare(
      'INSERT INTO setting(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value',
    );
  }

  lockout(subject: string): Lockout {
    return (this.#getLockout.get(subject) as Lockout | undefined) ?? { failures: 0, until: 0, at: 0 };
  }

  setLockouts(lockouts: Readonly<Record<string, Lockout>>): void {
    for (const [subject, { failures, until, at }] of Object.entries(lockouts)) {
      if (failures === 0 && until === 0) this.#dropLockout.run(subject);
      else this.#putLockout.run(subject, failures, Math.ceil(until), Math.floor(at));
    }
  }

  pruneLockouts(before: number, latest: number): number {
    const end = Math.ceil(latest);
    this.#clampLockouts.run(end, end, end);
    return this.#pruneLockouts.run(Math.floor(before)).changes;
  }

  useCode(code: { digest: Uint8Array; issuedAt: number; until: number }, now: number): 'first' | 'used' | 'forgotten' {
    // What was forgotten is never taken for new, whatever is done to the clock afterwards.
    const floor = Number(this.setting(CODES_FLOOR) ?? 0);
    if (code.issuedAt < floor) return 'forgotten';
    if (this.#dropCodes.run(Math.floor(now)).changes > 0)
      this.setSetting(CODES_FLOOR, String(Math.max(floor, Math.floor(now - (code.until - code.issuedAt)))));
    return this.#putCode.run(code.digest, Math.ceil(code.until)).changes > 0 ? 'first' : 'used';
  }

  setting(key: string): string | null {
    return (this.#getSetting.get(key) as string | undefined) ?? null;
  }

  setSetting(key: string, value: string): void {
    this.#putSetting.run(key, value);
  }
}
