import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, scryptSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../sync/errors/problem.ts';
import { decryptGcm, encryptGcm, NONCE_BYTES } from '../../sync/protocol/seal/aes-gcm.ts';
import { keyIdOf, type PublicKey, RoleName, type Signer } from './documents.ts';
import { writeWhole } from './files.ts';

/**
 * A key of the repository in its own file, protected by a passphrase: Ed25519, sealed with AES-256-GCM under a key from scrypt.
 * A second file holds its public half, for the person who makes a root without having the key.
 */

const Hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

const named = {
  v: z.literal(1),
  role: RoleName,
  keyid: Hex(32),
  public: Hex(32),
};
const PublicFile = z
  .strictObject(named)
  .refine((key) => key.keyid === keyIdOf(key.public), 'the name of the key is not that of the key');
const KeyFile = z
  .strictObject({
    ...named,
    made: z.iso.datetime(),
    kdf: z.strictObject({
      name: z.literal('scrypt'),
      // Bounded, so that a file from elsewhere can't use up all memory.
      n: z
        .number()
        .int()
        .min(1024)
        .max(2 ** 20),
      r: z.literal(8),
      p: z.literal(1),
      salt: Hex(32),
    }),
    nonce: Hex(12),
    sealed: Hex(48),
  })
  .refine((key) => key.keyid === keyIdOf(key.public), 'the name of the key is not that of the key');
type KeyFile = z.infer<typeof KeyFile>;

export interface ClosedKey extends PublicKey {
  readonly role: RoleName;
  readonly file: string;
  /** @throws Problem `release-passphrase-wrong` */
  open(passphrase: string): Signer;
}

/** scrypt's N: 128 MiB and half a second for each guess at a passphrase. */
const COST = 2 ** 17;
const MIN_PASSPHRASE = 12;
const SUFFIX = '.key.json';
const MAX_FILE = 4096;

/** @throws Problem `release-passphrase-weak` */
export function requirePassphrase(passphrase: string): void {
  if (passphrase.length < MIN_PASSPHRASE) throw new Problem('release-passphrase-weak', { min: MIN_PASSPHRASE });
}

/** Makes a key in memory, for callers that store it somewhere other than a file. */
export function newSigner(): Signer & { readonly privateKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { ...signer(privateKey, rawPublic(publicKey)), privateKey };
}

function signer(privateKey: KeyObject, publicHex: string): Signer {
  return { keyid: keyIdOf(publicHex), public: publicHex, sign: (bytes) => sign(null, bytes, privateKey) };
}

function rawPublic(key: KeyObject): string {
  return Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url').toString('hex');
}

export interface KeyFileOptions {
  readonly now: number;
  /** scrypt's N. Lower than the default only where the keys protect nothing real. */
  readonly cost?: number;
}

/**
 * Makes a key and writes it to a folder. Never overwrites a file.
 *
 * @returns the unlocked key, and the names of its two files
 */
export function makeKeyFile(
  folder: string,
  role: RoleName,
  passphrase: string,
  { now, cost = COST }: KeyFileOptions,
): { signer: Signer; file: string; publicFile: string } {
  requirePassphrase(passphrase);
  const { privateKey, keyid, public: publicHex, sign: signing } = newSigner();
  const salt = randomBytes(32);
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url');
  const sealed = encryptGcm(stretch(passphrase, salt, cost), binding(role, keyid), seed);
  const content: KeyFile = {
    v: 1,
    role,
    keyid,
    public: publicHex,
    made: new Date(now).toISOString(),
    kdf: { name: 'scrypt', n: cost, r: 8, p: 1, salt: salt.toString('hex') },
    nonce: sealed.toString('hex', 0, NONCE_BYTES),
    sealed: sealed.toString('hex', NONCE_BYTES),
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = join(folder, `${role}-${keyid.slice(0, 12)}`);
  const [file, publicFile] = [`${name}${SUFFIX}`, `${name}.pub.json`];
  for (const path of [file, publicFile]) if (existsSync(path)) throw new Problem('release-key-exists', { path });
  writeWhole(file, json(content), 0o600);
  const half: z.infer<typeof PublicFile> = { v: 1, role, keyid, public: publicHex };
  writeWhole(publicFile, json(half));
  return { signer: { keyid, public: publicHex, sign: signing }, file, publicFile };
}

/** Returns the keys in a folder. @throws Problem `release-key-damaged`, `release-no-keys` */
export function findKeys(folder: string): ClosedKey[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
  } catch (cause) {
    throw new Problem('release-no-keys', { folder, cause });
  }
  return names.sort().map((name) => {
    const file = join(folder, name);
    const content = parse(KeyFile, file);
    return {
      role: content.role,
      keyid: content.keyid,
      public: content.public,
      file,
      open: (passphrase) => unseal(content, file, passphrase),
    };
  });
}

/** @throws Problem `release-key-damaged` */
export function readPublicFile(file: string): PublicKey & { readonly role: RoleName } {
  return parse(PublicFile, file);
}

function unseal(
  { role, keyid, public: publicHex, kdf, nonce, sealed }: KeyFile,
  file: string,
  passphrase: string,
): Signer {
  const key = stretch(passphrase, Buffer.from(kdf.salt, 'hex'), kdf.n);
  let seed: Buffer;
  try {
    seed = decryptGcm(key, binding(role, keyid), Buffer.from(nonce + sealed, 'hex'));
  } catch (cause) {
    throw new Problem('release-passphrase-wrong', { file, cause });
  }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicHex, 'hex').toString('base64url') };
  const privateKey = createPrivateKey({ format: 'jwk', key: { ...jwk, d: seed.toString('base64url') } });
  return signer(privateKey, publicHex);
}

function stretch(passphrase: string, salt: Buffer, n: number): Buffer {
  return scryptSync(passphrase.normalize('NFKC'), salt, 32, { N: n, r: 8, p: 1, maxmem: 256 * n * 8 });
}

/** The file's unencrypted fields are authenticated too, so that a key can't be passed off as that of another role. */
function binding(role: RoleName, keyid: string): Buffer {
  return Buffer.from(`smartpresence release key 1 ${role} ${keyid}`);
}

function parse<T>(schema: z.ZodType<T>, file: string): T {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_FILE) throw new Error('it is too large');
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new Problem('release-key-damaged', { file, cause });
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
}
