import { find } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';

/** Most devices that are kept. More can only be fabricated. */
const MAX_ONLINE = 20_000;

/**
 * Devices that are connected to a broker, as the brokers report. A hint for nudges and for the list of devices, on which no
 * decision may depend.
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
   * Applies an `online`, which may have been retained for long, or an `offline`, as from a will. Devices that are not approved
   * are not kept. Doesn't change a device's last contact, which only a verified message does.
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
