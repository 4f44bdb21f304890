import { z } from 'zod';
import { DeviceSecret } from '../../../sync/edge/identity.ts';
import { applyServerKeys } from '../../../sync/edge/provisioning/server-keys.ts';
import { jsonOrNull } from '../../../sync/edge/tls/request.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { ServerKeys } from '../../../sync/protocol/wire/keys.ts';
import { ServerBundle } from '../../../sync/protocol/wire/provisioning.ts';
import type { Store } from '../store/interface.ts';
import {
  afterAnswer,
  type Mark,
  NO_SPARE,
  readSpareKeys,
  SPARE_SETTING,
  type SpareKeys,
  spareAfter,
} from './spare-keys.ts';

const SETTING = 'server-link';

export const ServerLink = z.strictObject({ secret: DeviceSecret, bundle: ServerBundle });
export type ServerLink = z.infer<typeof ServerLink>;

/** The server this kiosk belongs to, or null for one that was never provisioned. @throws Problem `server-link-damaged` */
export function readServerLink(store: Pick<Store, 'settings'>): ServerLink | null {
  const text = store.settings.get(SETTING);
  if (text === null) return null;
  const parsed = ServerLink.safeParse(jsonOrNull(text));
  if (!parsed.success) throw new Problem('server-link-damaged', { cause: parsed.error });
  return parsed.data;
}

/** The link of a kiosk that has just joined: of a server before it nothing is kept. */
export function writeServerLink(store: Pick<Store, 'settings'>, link: ServerLink): void {
  store.settings.set(SPARE_SETTING, JSON.stringify(NO_SPARE));
  store.settings.set(SETTING, JSON.stringify(link));
}

/** The link of a running kiosk: what it pins changes while it runs. */
export class LiveLink {
  #link: ServerLink;
  #spare: SpareKeys;

  constructor(link: ServerLink, spare: SpareKeys = NO_SPARE) {
    this.#link = link;
    this.#spare = spare;
  }

  /** As the store has it; null for a kiosk that was never provisioned. @throws Problem `server-link-damaged` */
  static of(store: Pick<Store, 'settings'>): LiveLink | null {
    const link = readServerLink(store);
    return link && new LiveLink(link, readSpareKeys(store));
  }

  get current(): ServerLink {
    return this.#link;
  }

  /** Keys of before the last renewal or succession, while they are kept. */
  get spare(): SpareKeys {
    return this.#spare;
  }

  /** The link with a newer set of the server's keys; the same one when the set is not newer. */
  withKeys(keys: ServerKeys): ServerLink {
    const bundle = applyServerKeys(this.#link.bundle, keys);
    return bundle === this.#link.bundle ? this.#link : { ...this.#link, bundle };
  }

  /** What to write, in a transaction of the caller's, before `adopt`: the link, and what is kept of the one before. */
  settingsOf(link: ServerLink): Readonly<Record<string, string>> {
    return {
      [SPARE_SETTING]: JSON.stringify(spareAfter(this.#spare, this.#link, link)),
      [SETTING]: JSON.stringify(link),
    };
  }

  /** Goes by this one from now on; after the commit. */
  adopt(link: ServerLink): void {
    this.#spare = spareAfter(this.#spare, this.#link, link);
    this.#link = link;
  }

  /** Writes and adopts. Cut off between the writes there is a spare key that is the present one: it does no harm. */
  write(store: Pick<Store, 'settings'>, link: ServerLink): void {
    for (const [key, value] of Object.entries(this.settingsOf(link))) store.settings.set(key, value);
    this.adopt(link);
  }

  /**
   * The server answered under the present keys.
   * @param now trusted time, ms since 1970
   * @param marks of the outbox: they show what is in a backup
   */
  answered(store: Pick<Store, 'settings'>, now: number, marks: () => readonly Mark[]): void {
    if (!this.#spare.tls && !this.#spare.sealing) return;
    const spare = afterAnswer(this.#spare, now, marks());
    if (spare === this.#spare) return;
    store.settings.set(SPARE_SETTING, JSON.stringify(spare));
    this.#spare = spare;
  }
}
