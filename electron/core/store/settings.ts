import { guarded } from './database.ts';
import type { Session } from './session.ts';

/** Small values by name, outside the event chain. */
export class Settings {
  readonly #s: Session;
  readonly #get;
  readonly #put;

  constructor(session: Session) {
    this.#s = session;
    this.#get = session.db.prepare('SELECT value FROM setting WHERE key = ?').pluck();
    this.#put = session.db.prepare(
      'INSERT INTO setting(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value',
    );
  }

  get(key: string): string | null {
    return guarded(() => (this.#get.get(key) as string | undefined) ?? null);
  }

  set(key: string, value: string): void {
    this.setAll({ [key]: value });
  }

  setAll(settings: Readonly<Record<string, string>>): void {
    this.#s.write(() => {
      for (const [key, value] of Object.entries(settings)) this.#put.run(key, value);
    });
  }
}
