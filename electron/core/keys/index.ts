import { type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import machine from 'node-machine-id';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import {
  type DEVICE_PURPOSES,
  type DevicePurpose,
  deriveKey,
  KEY_BYTES,
  requireStrong,
  STORE_PURPOSES,
  type StorePurpose,
} from './derive.ts';
import { deviceSecretFile, provisioningSecretFile, readSecrets, type StoreKeys } from './device-secret.ts';
import type { Random } from './envelope.ts';
import {
  type Generation,
  type KeySlots,
  machineTag,
  type Roots,
  readSlots,
  slotKey,
  unwrapRoots,
  wrapRoots,
  writeSlots,
} from './slots.ts';

export type { StoreKeys } from './device-secret.ts';

/** One generation of the store key, as sub-keys. */
export interface StoreKeySet {
  readonly generation: number;
  /** A sub-key of 32 bytes; a new copy each time. */
  subkey(purpose: StorePurpose): Buffer;
}

/** The opened key slots of one kiosk folder. */
export interface KioskKeys {
  /** Id of the store that the slots belong to. */
  readonly store: string;
  /** False until `markLive`: there is no store file yet, and one may be made. */
  readonly live: boolean;
  readonly current: StoreKeySet;
  /** The generation of an unfinished `store rekey`, or null. */
  readonly next: StoreKeySet | null;
  /** Whether the device secret is in a file rather than in a keystore; screens keep showing it. */
  readonly secretInFile: boolean;
  /** 32 bytes for a purpose that outlives `store rekey`. */
  subkey(purpose: (typeof DEVICE_PURPOSES)[DevicePurpose]): Buffer;
  markLive(): void;
  /** Makes and writes a next generation (or returns the unfinished one's). */
  beginRekey(): Promise<StoreKeySet>;
  /**
   * Puts the secret that the server gave into the key of the slots: from now on the store opens with device secret, machine
   * and this together. Kept as the 0600 file `provisioning-secret`. A store that has one already keeps the one it has.
   *
   * @param secret 32 bytes
   * @throws Problem `secret-malformed`, `secret-weak`
   */
  bindProvisioning(secret: Uint8Array): Promise<void>;
  /** Keeps one generation alone. */
  settle(keep: 'current' | 'next'): void;
}

export interface OpenKeysOptions extends StoreKeys {
  readonly home: string;
  readonly random?: Random;
}

/**
 * Opens the key slots of a kiosk's folder, or makes them in a folder that has none.
 *
 * @throws Problem `device-secret-missing`, `secret-malformed`, `secret-weak`, `secret-file-exposed`,
 *   `store-other-machine`, `store-wrong-key`, `keyslots-damaged`, `keyslots-missing`. Nothing is written then.
 */
export async function openKeys(options: OpenKeysOptions): Promise<KioskKeys> {
  const { home } = options;
  const random: Random = options.random ?? randomBytes;
  const machine = options.machineId ?? machineId();
  let slots = readSlots(home);
  if (!slots && existsSync(`${home}/store.db`)) throw new Problem('keyslots-missing');
  if (!slots) mkdirSync(home, { recursive: true, mode: 0o700 });
  if (slots && slots.machine !== machineTag(slots.store, machine)) throw new Problem('store-other-machine');
  const secrets = readSecrets(home, options, slots === null, random);
  const secretInFile = options.deviceSecret === null && existsSync(deviceSecretFile(home));
  if (!slots) {
    const store = randomUUID();
    const roots: Roots = { number: 1, store: Buffer.from(random(KEY_BYTES)), device: Buffer.from(random(KEY_BYTES)) };
    slots = {
      format: 'smartpresence-keyslots-1',
      store,
      state: 'new',
      machine: machineTag(store, machine),
      provisioned: secrets.provisioning !== null,
      current: wrapRoots(roots, slotKey(secrets, machine, store), store, random),
    };
    writeSlots(home, slots);
  }
  if (slots.provisioned && !secrets.provisioning) throw new Problem('provisioning-secret-missing');
  const key = slotKey(
    { device: secrets.device, provisioning: slots.provisioned ? secrets.provisioning : null },
    machine,
    slots.store,
  );
  const { store } = slots;
  const wrapUnder =
    (under: KeyObject): Wrap =>
    (roots) =>
      wrapRoots(roots, under, store, random);
  return createKeys(home, slots, wrapUnder(key), {
    bound: (provisioning) => wrapUnder(slotKey({ device: secrets.device, provisioning }, machine, store)),
    current: unwrapRoots(slots.current, key, slots.store),
    next: slots.next ? unwrapRoots(slots.next, key, slots.store) : null,
    random,
    secretInFile,
  });
}

type Wrap = (roots: Roots) => Generation;

function createKeys(
  home: string,
  initial: KeySlots,
  firstWrap: Wrap,
  opened: {
    current: Roots;
    next: Roots | null;
    random: Random;
    secretInFile: boolean;
    bound: (provisioning: Uint8Array) => Wrap;
  },
): KioskKeys {
  let slots = initial;
  let wrap = firstWrap;
  let { current, next } = opened;
  const save = (changed: KeySlots): void => {
    writeSlots(home, changed);
    slots = changed;
  };
  const set = (roots: Roots): StoreKeySet => ({
    generation: roots.number,
    subkey: (purpose) => deriveKey(roots.store, STORE_PURPOSES[purpose]),
  });
  return {
    store: slots.store,
    get live() {
      return slots.state === 'live';
    },
    get current() {
      return set(current);
    },
    get next() {
      return next ? set(next) : null;
    },
    secretInFile: opened.secretInFile,
    subkey: (purpose) => deriveKey(current.device, purpose),
    markLive() {
      save({ ...slots, state: 'live' });
    },
    async beginRekey() {
      if (!next) {
        const made: Roots = {
          number: current.number + 1,
          store: Buffer.from(opened.random(KEY_BYTES)),
          device: current.device,
        };
        save({ ...slots, next: wrap(made) });
        next = made;
      }
      return set(next);
    },
    async bindProvisioning(secret) {
      if (slots.provisioned) return;
      requireStrong(secret, 'provisioning secret');
      const bound = opened.bound(secret);
      const wrapped = {
        current: bound(current),
        ...(next ? { next: bound(next) } : {}),
      };
      // The file first: while the slots say that the store is not provisioned, nobody looks at it.
      replaceFile(provisioningSecretFile(home), secret);
      save({ ...slots, ...wrapped, provisioned: true });
      wrap = bound;
    },
    settle(keep) {
      const { next: unfinished, ...rest } = slots;
      if (keep === 'next') {
        if (!next || !unfinished) throw new Problem('rekey-not-started');
        save({ ...rest, current: unfinished });
        current = next;
      } else save(rest);
      next = null;
    },
  };
}

/**
 * This machine's id (node-machine-id, hashed by it). Anybody on the machine can read it and cloned images share it: it
 * salts the key derivation so that a copied folder doesn't open elsewhere, and is never a key.
 */
function machineId(): string {
  return machine.machineIdSync();
}
