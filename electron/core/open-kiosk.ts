import { join } from 'node:path';
import type { FacePipeline } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import { knowEverybody, openRecogniser, type Recogniser } from './checkin/recogniser.ts';
import type { CommandContext } from './command.ts';
import { DEVICE_PURPOSES } from './keys/derive.ts';
import { type KioskKeys, openKeys } from './keys/index.ts';
import { readSlots } from './keys/slots.ts';
import { lockBeginning } from './lock-file.ts';
import { createPinHasher, type PinHasher } from './pin/pin-hash.ts';
import { readSiteConfig } from './site/config.ts';
import { readPolicy } from './site/policy.ts';
import { createStore, openStore } from './store/index.ts';

/** Models, and a gallery that is still being filled. */
interface OpenFaces {
  readonly pipeline: FacePipeline;
  readonly recogniser: Recogniser;
  /** Resolves when everyone is in the gallery, with the number of templates left out of it (`Recogniser.know`). */
  readonly filled: Promise<number>;
}

/** A kiosk's folder, opened: store decrypted and locked against others, models loaded on first use. */
export interface OpenKiosk extends Omit<CommandContext, 'changed' | 'faces'> {
  /** Resolves as soon as the models are loaded. */
  openFaces(): Promise<OpenFaces>;
  /** Resolves when everyone is in the gallery. */
  faces(): Promise<Pick<OpenFaces, 'pipeline' | 'recogniser'>>;
  readonly keys: KioskKeys;
  close(): Promise<void>;
}

/** Folder of a kiosk's own embedders (`models add`): among its data, which are kept when its build is replaced. */
export const ownEmbedders = (home: string): string => join(home, 'embedders');

interface Opening {
  readonly home: string;
  readonly deviceSecret: Uint8Array | null;
  readonly allowSecretFile: boolean;
}

async function openOrBegin({ home, deviceSecret, allowSecretFile }: Opening) {
  const begun = readSlots(home)?.state === 'live';
  const letGo = begun ? () => undefined : lockBeginning(home);
  try {
    // Read again under the lock: another process may have created the kiosk meanwhile.
    const keys = await openKeys({ home, deviceSecret, allowSecretFile });
    return { keys, store: keys.live ? await openStore({ home, keys }) : await createStore({ home, keys }) };
  } finally {
    letGo();
  }
}

/**
 * Opens a kiosk's folder for the core or, if no core is running, for the command line.
 * @param options.deviceSecret 32 bytes of a real keystore, or null for the 0600 file in `home`
 * @param options.allowSecretFile whether that file may be created for a new kiosk without a keystore: someone must have chosen it
 * @param options.weights folder of the prepared weights; by default this program's own
 * @throws Problem of keys, store and site: `store-in-use`, `store-wrong-key`, `store-other-machine`, `site-config-wrong`, …
 */
export async function openKiosk(options: Opening & { readonly weights?: string }): Promise<OpenKiosk> {
  const { home } = options;
  const site = readSiteConfig(home);
  const { keys, store } = await openOrBegin(options);
  let faces: Promise<OpenFaces> | null = null;
  const closing = new AbortController();

  let pins: Promise<PinHasher> | null = null;

  async function load(): Promise<OpenFaces> {
    const embedder = readPolicy(store.roster.policy)?.embedder;
    const pipeline = await openPipeline(options.weights, embedder, ownEmbedders(home));
    const recogniser = openRecogniser(store, pipeline, site);
    const filled = knowEverybody(recogniser, store, closing.signal);
    // A caller that needs everyone awaits this and sees why it failed.
    filled.catch(() => undefined);
    return { pipeline, recogniser, filled };
  }
  const openFaces = () => {
    faces ??= load();
    return faces;
  };

  return {
    home,
    site,
    keys,
    store,
    openFaces,
    async faces() {
      const { filled, ...opened } = await openFaces();
      await filled;
      return opened;
    },
    pins() {
      pins ??= createPinHasher(keys.subkey(DEVICE_PURPOSES.pinPepper));
      return pins;
    },
    async close() {
      // Models that could not be loaded have nothing to close. The caller already has the reason.
      const loaded = await faces?.catch(() => null);
      closing.abort();
      await loaded?.filled.catch(() => undefined);
      await loaded?.pipeline.close();
      store.close();
    },
  };
}
