import { z } from 'zod';
import { ServerBundle } from '../../../sync/edge/bundle.ts';
import { DeviceSecret } from '../../../sync/edge/identity.ts';
import { applyServerKeys } from '../../../sync/edge/provisioning/server-keys.ts';
import type { ServerKeys } from '../../../sync/protocol/wire/keys.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { Store } from '../store/interface.ts';

/** Setting that holds the device's keys and what it pins of its server; encrypted like everything in the store. */
const SETTING = 'server-link';

export const ServerLink = z.strictObject({ secret: DeviceSecret, bundle: ServerBundle });
export type ServerLink = z.infer<typeof ServerLink>;

/** The server this kiosk belongs to, or null for one that was never provisioned. @throws Problem `server-link-damaged` */
export function readServerLink(store: Pick<Store, 'setting'>): ServerLink | null {
  const text = store.setting(SETTING);
  if (text === null) return null;
  const parsed = ServerLink.safeParse(parseJson(text));
  if (!parsed.success)
    throw new Problem(
      'server-link-damaged',
      'the stored identity of this kiosk can’t be read',
      'Provision this kiosk again.',
      { cause: parsed.error },
    );
  return parsed.data;
}

/** null for what is not JSON: the schema then refuses it with the one code. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function writeServerLink(store: Pick<Store, 'setSetting'>, link: ServerLink): void {
  store.setSetting(SETTING, JSON.stringify(link));
}

/** The link of a running kiosk: what it pins changes while it runs. */
export class LiveLink {
  #link: ServerLink;

  constructor(link: ServerLink) {
    this.#link = link;
  }

  get current(): ServerLink {
    return this.#link;
  }

  /** The link with a newer set of the server's keys; the same one when the set is not newer. */
  withKeys(keys: ServerKeys): ServerLink {
    const bundle = applyServerKeys(this.#link.bundle, keys);
    return bundle === this.#link.bundle ? this.#link : { ...this.#link, bundle };
  }

  /** What to write, in a transaction of the caller's, before `adopt`. */
  settingsOf(link: ServerLink): Readonly<Record<string, string>> {
    return { [SETTING]: JSON.stringify(link) };
  }

  /** Goes by this one from now on; after the commit. */
  adopt(link: ServerLink): void {
    this.#link = link;
  }
}
