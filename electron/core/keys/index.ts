import { randomBytes, randomUUID } from 'node:crypto';
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
  /** Returns a sub-key of 32 bytes; a new copy each time. */
  subkey(purpose: StorePurpose): Buffer;
}

export type KioskKeys = Awaited<ReturnType<typeof openKeys>>;

export interface OpenKeysOptions extends StoreKeys {
  readonly home: string;
  readonly random?: Random;
}

/**
 * Opens the key slots of a kiosk's folder, or creates them in a folder that has none.
 *
 * @throws Problem `device-secret-missing`, `secret-malformed`, `secret-weak`, `secret-file-exposed`, `store-other-machine`,
 * `store-wrong-key`, `keyslots-damaged`, `keyslots-missing`. Then nothing has been written.
 */
export async function openKeys(options: OpenKeysOptions) {
  const { home } = options;
  const random: Random = options.random ?? randomBytes;
  const machine = options.machineId ?? machineId();
  const before = readSlots(home);
  if (!before && existsSync(`${home}/store.db`)) throw new Problem('keyslots-missing');
  if (!before) mkdirSync(home, { recursive: true, mode: 0o700 });
  if (before && before.machine !== machineTag(before.store, machine)) throw new Problem('store-other-machine');
  const secrets = readSecrets(home, options, before === null, random);
  const secretInFile = options.deviceSecret === null && existsSync(deviceSecretFile(home));
  const store = before?.store ?? randomUUID();
  const keyWith = (provisioning: Uint8Array | null) =>
    slotKey({ device: secrets.device, provisioning }, machine, store);
  const newRoot = () => Buffer.from(random(KEY_BYTES));
  const newSlots = (): KeySlots => {
    const roots: Roots = { number: 1, store: newRoot(), device: newRoot() };
    return {
      format: 'smartpresence-keyslots-1',
      store,
      state: 'new',
      machine: machineTag(store, machine),
      provisioned: secrets.provisioning !== null,
      current: wrapRoots(roots, keyWith(secrets.provisioning), store, random),
    };
  };
  let slots = before ?? newSlots();
  const save = (changed: KeySlots): void => {
    writeSlots(home, changed);
    slots = changed;
  };
  if (!before) save(slots);
  if (slots.provisioned && !secrets.provisioning) throw new Problem('provisioning-secret-missing');
  let key = keyWith(slots.provisioned ? secrets.provisioning : null);
  let current = unwrapRoots(slots.current, key, store);
  let next = slots.next ? unwrapRoots(slots.next, key, store) : null;
  const set = (roots: Roots): StoreKeySet => ({
    generation: roots.number,
    subkey: (purpose) => deriveKey(roots.store, STORE_PURPOSES[purpose]),
  });
  return {
    /** Id of the store that the slots belong to. */
    store,
    /** False until `markLive`: there is no store file yet, and one may be created. */
    get live(): boolean {
      return slots.state === 'live';
    },
    get current(): StoreKeySet {
      return set(current);
    },
    /** The generation of an unfinished `store rekey`, or null. */
    get next(): StoreKeySet | null {
      return next ? set(next) : null;
    },
    /** Whether the device secret is in a file instead of a keystore; screens keep showing that. */
    secretInFile,
    /** Returns 32 bytes for a purpose that `store rekey` does not change. */
    subkey: (purpose: (typeof DEVICE_PURPOSES)[DevicePurpose]): Buffer => deriveKey(current.device, purpose),
    markLive(): void {
      save({ ...slots, state: 'live' });
    },
    /** Creates and stores a next generation (or returns that of an unfinished rekey). */
    async beginRekey(): Promise<StoreKeySet> {
      if (!next) {
        const made: Roots = { number: current.number + 1, store: newRoot(), device: current.device };
        save({ ...slots, next: wrapRoots(made, key, store, random) });
        next = made;
      }
      return set(next);
    },
    /**
     * Adds the secret that the server sent to the key of the slots: from now on the store opens only with device secret, machine
     * and this secret together. Stored in the 0600 file `provisioning-secret`. A store that already has one keeps it.
     *
     * @param secret 32 bytes
     * @throws Problem `secret-malformed`, `secret-weak`
     */
    async bindProvisioning(secret: Uint8Array): Promise<void> {
      if (slots.provisioned) return;
      requireStrong(secret, 'provisioning secret');
      const bound = keyWith(secret);
      const wrapped = {
        current: wrapRoots(current, bound, store, random),
        ...(next && { next: wrapRoots(next, bound, store, random) }),
      };
      // The file first: it is not read while the slots say that the store is not provisioned.
      replaceFile(provisioningSecretFile(home), secret);
      save({ ...slots, ...wrapped, provisioned: true });
      key = bound;
    },
    /** Keeps only one generation. */
    settle(keep: 'current' | 'next'): void {
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
 * Returns this machine's id (node-machine-id, hashed by it). Anyone on the machine can read it, and cloned images share it. It
 * salts the key derivation so that a copied folder doesn't open elsewhere, and is never a key.
 */
function machineId(): string {
  return machine.machineIdSync();
}
