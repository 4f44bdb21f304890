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

/** Returns the server this kiosk belongs to, or null if it was never provisioned. @throws Problem `server-link-damaged` */
export function readServerLink(store: Pick<Store, 'settings'>): ServerLink | null {
  const text = store.settings.get(SETTING);
  if (text === null) return null;
  const parsed = ServerLink.safeParse(jsonOrNull(text));
  if (!parsed.success) throw new Problem('server-link-damaged', { cause: parsed.error });
  return parsed.data;
}

/** Stores the link of a kiosk that has just joined. Nothing is kept of a previous server. */
export function writeServerLink(store: Pick<Store, 'settings'>, link: ServerLink): void {
  store.settings.set(SPARE_SETTING, JSON.stringify(NO_SPARE));
  store.settings.set(SETTING, JSON.stringify(link));
}

/** The link of a running kiosk. The keys it pins may change while it runs. */
export class LiveLink {
  #link: ServerLink;
  #spare: SpareKeys;

  constructor(link: ServerLink, spare: SpareKeys = NO_SPARE) {
    this.#link = link;
    this.#spare = spare;
  }

  /** Reads the link from the store; null if the kiosk was never provisioned. @throws Problem `server-link-damaged` */
  static of(store: Pick<Store, 'settings'>): LiveLink | null {
    const link = readServerLink(store);
    return link && new LiveLink(link, readSpareKeys(store));
  }

  get current(): ServerLink {
    return this.#link;
  }

  /** Keys from before the last renewal or succession, while they are kept. */
  get spare(): SpareKeys {
    return this.#spare;
  }

  /** Returns the link with a newer set of the server's keys; the same link if the set is not newer. */
  withKeys(keys: ServerKeys): ServerLink {
    const bundle = applyServerKeys(this.#link.bundle, keys);
    return bundle === this.#link.bundle ? this.#link : { ...this.#link, bundle };
  }

  /** Returns what to write, in the caller's transaction, before `adopt`: the link, and spare keys of the previous one. */
  settingsOf(link: ServerLink): Readonly<Record<string, string>> {
    return {
      [SPARE_SETTING]: JSON.stringify(spareAfter(this.#spare, this.#link, link)),
      [SETTING]: JSON.stringify(link),
    };
  }

  /** Uses this link from now on; call after the commit. */
  adopt(link: ServerLink): void {
    this.#spare = spareAfter(this.#spare, this.#link, link);
    this.#link = link;
  }

  /** Writes and adopts a link. If interrupted between the writes, a spare key equals the current one, which does no harm. */
  write(store: Pick<Store, 'settings'>, link: ServerLink): void {
    for (const [key, value] of Object.entries(this.settingsOf(link))) store.settings.set(key, value);
    this.adopt(link);
  }

  /**
   * Notes that the server answered under the current keys.
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
