import { createHash, hkdfSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { KEY_BYTES } from './derive.ts';
import type { Secrets } from './device-secret.ts';
import { keyObject, open, type Random, seal } from './envelope.ts';
import { requirePrivate } from './private-file.ts';

/**
 * The key-slots file `keyslots.json` (0600). Each generation of the store key is wrapped for this machine. While a store is being
 * re-keyed, the file holds both generations, so that the store can be opened under either one (see rekey.ts).
 */
const Generation = z.strictObject({
  number: z.number().int().positive(),
  /** AES-256-GCM envelope as base64url; see slotKey. */
  slot: z.string(),
});
export const KeySlots = z.strictObject({
  format: z.literal('smartpresence-keyslots-1'),
  store: z.uuid(),
  /** `new` until the store file exists: a live store that is missing is never replaced by an empty one. */
  state: z.enum(['new', 'live']),
  /** Tag of the machine that the slots belong to; distinguishes a copied folder from a wrong secret. */
  machine: z.string(),
  provisioned: z.boolean(),
  current: Generation,
  next: Generation.optional(),
});
export type KeySlots = z.infer<typeof KeySlots>;
export type Generation = z.infer<typeof Generation>;

/** Content of a slot: the store key of one generation, and the root of the keys that `store rekey` keeps. */
export interface Roots {
  readonly number: number;
  readonly store: Buffer;
  readonly device: Buffer;
}

export const slotsFile = (home: string): string => join(home, 'keyslots.json');

/** @throws Problem `keyslots-damaged`, `secret-file-exposed` */
export function readSlots(home: string): KeySlots | null {
  const file = slotsFile(home);
  const bytes = readIfThere(file);
  if (!bytes) return null;
  requirePrivate(file);
  try {
    return KeySlots.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new Problem('keyslots-damaged', { file, cause });
  }
}

export function writeSlots(home: string, slots: KeySlots): void {
  replaceFile(slotsFile(home), `${JSON.stringify(KeySlots.parse(slots), null, 2)}\n`);
}

/** Returns a tag of the machine, salted by the store's id so that two stores' tags can't be compared. Not secret. */
export function machineTag(store: string, machine: string): string {
  return createHash('sha256').update(`smartpresence/machine-tag/${store}/${machine}`).digest('base64url');
}

/** Returns HKDF-SHA-256 (RFC 5869) of device secret ‖ provisioning secret, salted by the machine id. */
export function slotKey(secrets: Secrets, machine: string, store: string): KeyObject {
  const material = Buffer.concat([secrets.device, secrets.provisioning ?? new Uint8Array()]);
  const info = `smartpresence/kiosk/v1/slot/${store}/${secrets.provisioning ? 'provisioned' : 'local'}`;
  const key = Buffer.from(hkdfSync('sha256', material, Buffer.from(machine, 'utf8'), info, KEY_BYTES));
  material.fill(0);
  return keyObject(key);
}

const place = (store: string, number: number) => ({ field: 'keyslot', person: '', record: store, row: number, key: 1 });

export function wrapRoots(roots: Roots, key: KeyObject, store: string, random: Random): Generation {
  const payload = Buffer.concat([roots.store, roots.device]);
  const slot = seal(key, place(store, roots.number), payload, random).toString('base64url');
  payload.fill(0);
  return { number: roots.number, slot };
}

/** @throws Problem `store-wrong-key` */
export function unwrapRoots(generation: Generation, key: KeyObject, store: string): Roots {
  try {
    return split(
      open(key, place(store, generation.number), Buffer.from(generation.slot, 'base64url')),
      generation.number,
    );
  } catch (cause) {
    throw new Problem('store-wrong-key', { cause });
  }
}

function split(payload: Buffer, number: number): Roots {
  if (payload.length !== 2 * KEY_BYTES) throw new RangeError(`a slot of ${payload.length} bytes`);
  return { number, store: payload.subarray(0, KEY_BYTES), device: payload.subarray(KEY_BYTES) };
}
