import type { Db } from '../database/schema.ts';

/** More devices than this are not kept: presence of more can only be made up. */
const MAX_ONLINE = 20_000;

/**
 * Who is connected to a broker, by the brokers' word: a hint for nudges and for the list of devices, never a fact that
 * anything is decided by.
 */
export class Presence {
  readonly #db: Db;
  readonly #now: () => Date;
  readonly #online = new Set<string>();

  constructor(db: Db, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  get online(): ReadonlySet<string> {
    return this.#online;
  }

  /** Takes a retained `online`, or an `offline` of a will. A device that nobody has registered is not kept. */
  async set(device: string, online: boolean): Promise<void> {
    if (!online) {
      this.#online.delete(device);
      return;
    }
    const { numUpdatedRows } = await this.#db
      .updateTable('device')
      .set({ last_heard_at: this.#now() })
      .where('id', '=', device)
      .where('status', '=', 'approved')
      .executeTakeFirst();
    if (numUpdatedRows > 0n && this.#online.size < MAX_ONLINE) this.#online.add(device);
  }
}
