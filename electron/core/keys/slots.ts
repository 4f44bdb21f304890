import { createHash, hkdfSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose';
import { z } from 'zod';
import { readIfThere, replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { KEY_BYTES } from './derive.ts';
import type { RecoveryKey, Secrets } from './device-secret.ts';
import { keyObject, open, type Random, seal } from './envelope.ts';
import { requirePrivate } from './private-file.ts';

/**
 * The key-slots file `keyslots.json` (0600). Each generation of the store key is wrapped twice: slot 1 for this
 * machine, slot 2 (if the operator wants it) for the server, to recover after a board swap. While a store is re-keyed
 * the file holds both generations, so that whichever the store is encrypted under can be opened (see rekey.ts).
 */
const Generation = z.strictObject({
  number: z.number().int().positive(),
  /** AES-256-GCM envelope as base64url; see slotKey. */
  slot1: z.string(),
  /** Compact JWE, ECDH-ES over X25519 with A256GCM. */
  slot2: z.string().optional(),
});
const RecoveryJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  kid: z.string().max(200).optional(),
});
export const KeySlots = z.strictObject({
  format: z.literal('smartpresence-keyslots-1'),
  store: z.uuid(),
  /** `new` until the store file exists: a live store that is missing is never replaced by an empty one. */
  state: z.enum(['new', 'live']),
  /** Tag of the machine that slot 1 belongs to; distinguishes a copied folder from a wrong secret. */
  machine: z.string(),
  provisioned: z.boolean(),
  recovery: RecoveryJwk.optional(),
  current: Generation,
  next: Generation.optional(),
});
export type KeySlots = z.infer<typeof KeySlots>;
export type Generation = z.infer<typeof Generation>;

/** What a slot holds: the store key of one generation, and the root of what `store rekey` keeps. */
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

/** A tag of the machine, salted by the store's id so that two stores' tags can't be compared. Not secret. */
export function machineTag(store: string, machine: string): string {
  return createHash('sha256').update(`smartpresence/machine-tag/${store}/${machine}`).digest('base64url');
}

/** HKDF-SHA-256 (RFC 5869): input keying material device secret ‖ provisioning secret, salted by the machine id. */
export function slotKey(secrets: Secrets, machine: string, store: string): KeyObject {
  const material = Buffer.concat([secrets.device, secrets.provisioning ?? new Uint8Array()]);
  const info = `smartpresence/kiosk/v1/slot-1/${store}/${secrets.provisioning ? 'provisioned' : 'local'}`;
  const key = Buffer.from(hkdfSync('sha256', material, Buffer.from(machine, 'utf8'), info, KEY_BYTES));
  material.fill(0);
  return keyObject(key);
}

const place = (store: string, number: number) => ({ field: 'keyslot', person: '', record: store, row: number, key: 1 });

export async function wrapRoots(
  roots: Roots,
  key: KeyObject,
  store: string,
  recovery: RecoveryKey | undefined,
  random: Random,
): Promise<Generation> {
  const payload = Buffer.concat([roots.store, roots.device]);
  const slot1 = seal(key, place(store, roots.number), payload, random).toString('base64url');
  const slot2 = recovery ? await sealToServer(payload, store, roots.number, recovery) : undefined;
  payload.fill(0);
  return { number: roots.number, slot1, ...(slot2 ? { slot2 } : {}) };
}

/** @throws Problem `store-wrong-key` */
export function unwrapRoots(generation: Generation, key: KeyObject, store: string): Roots {
  try {
    return split(
      open(key, place(store, generation.number), Buffer.from(generation.slot1, 'base64url')),
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

async function sealToServer(
  payload: Uint8Array,
  store: string,
  number: number,
  recovery: RecoveryKey,
): Promise<string> {
  return new CompactEncrypt(payload)
    .setProtectedHeader({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      typ: 'smartpresence-keyslot',
      store,
      generation: number,
      ...(recovery.kid ? { kid: recovery.kid } : {}),
    })
    .encrypt(await importJWK({ ...recovery }, 'ECDH-ES'));
}

/** Opens slot 2 with the server's private key. @throws Problem `recovery-failed` */
export async function recoverRoots(
  generation: Generation,
  store: string,
  privateKey: RecoveryKey & { d: string },
): Promise<Roots> {
  try {
    if (!generation.slot2) throw new Error('this store has no slot 2');
    const { plaintext, protectedHeader } = await compactDecrypt(
      generation.slot2,
      await importJWK({ ...privateKey }, 'ECDH-ES'),
      {
        keyManagementAlgorithms: ['ECDH-ES'],
        contentEncryptionAlgorithms: ['A256GCM'],
      },
    );
    if (protectedHeader.store !== store || protectedHeader.generation !== generation.number)
      throw new Error('the slot belongs to another store or generation');
    return split(Buffer.from(plaintext), generation.number);
  } catch (cause) {
    throw new Problem('recovery-failed', { cause });
  }
}
