import { find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';

/** More devices than this are not kept: presence of more can only be fabricated. */
const MAX_ONLINE = 20_000;

/**
 * Who is connected to a broker, by the brokers' word: a hint for nudges and for the list of devices, never a fact that
 * anything is decided by.
 */
export class Presence {
  readonly #db: Db;
  readonly #online = new Set<string>();

  constructor(db: Db) {
    this.#db = db;
  }

  get online(): ReadonlySet<string> {
    return this.#online;
  }

  /**
   * Takes an `online`, retained perhaps for long, or an `offline` of a will. A device that nobody has registered is not
   * kept. When a device was last heard is no business of this: only a message that verified says it.
   */
  async set(device: string, online: boolean): Promise<void> {
    if (!online) {
      this.#online.delete(device);
      return;
    }
    const approved = await find(this.#db, 'device', { id: device, status: 'approved' }, ['id']);
    if (approved && this.#online.size < MAX_ONLINE) this.#online.add(device);
  }
}
