import type { Session } from './session.ts';

export class Settings {
  readonly #s: Session;

  constructor(session: Session) {
    this.#s = session;
  }

  get(key: string): string | null {
    return this.#s.sql.value<string>('SELECT value FROM setting WHERE key = ?', key) ?? null;
  }

  set(key: string, value: string): void {
    this.setAll({ [key]: value });
  }

  setAll(settings: Readonly<Record<string, string>>): void {
    this.#s.write(() => {
      for (const [key, value] of Object.entries(settings)) this.#s.sql.put('setting', { key, value }, 'key');
    });
  }
}
