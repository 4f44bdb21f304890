import { createHash, hkdfSync, type KeyObject } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { open as openFile, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeUsable } from '../../../sync/disk/folder.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { KEY_BYTES } from '../keys/derive.ts';
import { keyObject, open, type Place, type Random, seal } from '../keys/envelope.ts';

/**
 * Where a photo belongs: encrypted for `person`, bound to `record` (the id of its event). A waiting picture of an import
 * (`pending`) belongs to nobody yet, and its record is its own id.
 */
export interface PhotoPlace {
  readonly person: string;
  readonly record: string;
  readonly keyVersion: number;
  readonly kind: 'checkin' | 'enrolment' | 'pending';
}

const place = (p: PhotoPlace): Place => ({
  field: `photo.${p.kind}`,
  person: p.person,
  record: p.record,
  row: 1,
  key: p.keyVersion,
});

/**
 * Returns the key of one file: HKDF-SHA-256 of the person's photos key with kind and record as info. It can be sent to the server
 * with the photo's event, and decrypts nothing else. It is not stored, and is lost with the person's key.
 */
export function fileKey(photos: KeyObject, { kind, record }: Pick<PhotoPlace, 'kind' | 'record'>): KeyObject {
  const info = `smartpresence/kiosk/v1/photo/${kind}/${record}`;
  return keyObject(Buffer.from(hkdfSync('sha256', photos, new Uint8Array(), info, KEY_BYTES)));
}

/** An encrypted photo and its content address: SHA-256 of the ciphertext, unpadded base64url. */
export interface SealedPhoto {
  readonly address: string;
  readonly bytes: Buffer;
}

const SUFFIX = '.photo';
const TEMPORARY = '.tmp';

/**
 * `storage/faces/`: photos as AES-256-GCM ciphertext, each in a file named by its content address. Plaintext exists only in
 * memory. A file appears completely or not at all.
 */
export class Vault {
  readonly folder: string;
  readonly #random: Random;

  constructor(home: string, random: Random) {
    this.folder = join(home, 'storage', 'faces');
    this.#random = random;
  }

  /** Creates the folder (0700), and deletes temporary files of a process that died. */
  prepare(): void {
    makeUsable(this.folder);
    for (const name of readdirSync(this.folder)) {
      if (name.endsWith(TEMPORARY)) rmSync(join(this.folder, name), { force: true });
    }
  }

  file(address: string): string {
    // Hexadecimal, since some file systems don't distinguish upper from lower case.
    return join(this.folder, Buffer.from(address, 'base64url').toString('hex') + SUFFIX);
  }

  seal(key: KeyObject, where: PhotoPlace, photo: Uint8Array): SealedPhoto {
    const bytes = seal(key, place(where), photo, this.#random);
    return { bytes, address: createHash('sha256').update(bytes).digest('base64url') };
  }

  /** Addresses of photos that are written but whose record does not exist yet. */
  readonly underWay = new Set<string>();

  /**
   * Writes a photo, then runs `record`. If either fails, no file is left.
   * @throws Problem `storage-full`, `storage-failed`, and whatever `record` throws
   */
  async keep<T>(photo: SealedPhoto, record: () => T): Promise<T> {
    this.underWay.add(photo.address);
    try {
      await this.#writeFile(photo).catch((error: unknown) => {
        throw storageProblem(error);
      });
      try {
        return record();
      } catch (error) {
        await this.remove([photo.address]);
        throw error;
      }
    } finally {
      this.underWay.delete(photo.address);
    }
  }

  async #writeFile(photo: SealedPhoto): Promise<void> {
    const file = this.file(photo.address);
    const temporary = `${file}${TEMPORARY}`;
    try {
      const handle = await openFile(temporary, 'w', 0o600);
      try {
        await handle.writeFile(photo.bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      await this.#syncFolder();
    } catch (error) {
      await rm(temporary, { force: true });
      await rm(file, { force: true });
      throw error;
    }
  }

  async #syncFolder(): Promise<void> {
    if (process.platform === 'win32') return;
    const handle = await openFile(this.folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** @throws Problem `photo-missing`, `photo-altered` */
  async read(key: KeyObject, where: PhotoPlace, address: string): Promise<Uint8Array> {
    const bytes = await this.readSealed(address);
    try {
      return open(key, place(where), bytes);
    } catch (cause) {
      throw altered(cause);
    }
  }

  /** Returns the ciphertext after checking its address; for uploads and `store check`. */
  async readSealed(address: string): Promise<Buffer> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.file(address));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new Problem('photo-missing', { cause });
    }
    if (createHash('sha256').update(bytes).digest('base64url') !== address) throw altered();
    return bytes;
  }

  /** Deletes files; missing ones are fine. Not flushed: the next start deletes files that reappear after a power cut. */
  async remove(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) await rm(this.file(address), { force: true });
  }

  /** Returns the addresses of all photo files; other file names are not ours and are ignored. */
  list(): string[] {
    return readdirSync(this.folder)
      .filter((name) => /^[0-9a-f]{64}\.photo$/.test(name))
      .map((name) => Buffer.from(name.slice(0, 64), 'hex').toString('base64url'));
  }

  /** Deletes photos that no row refers to: written before a transaction that failed, or purged before a crash. */
  sweep(known: ReadonlySet<string>): number {
    const orphans = this.list().filter((address) => !known.has(address));
    for (const address of orphans) rmSync(this.file(address), { force: true });
    return orphans.length;
  }
}

const altered = (cause?: unknown): Problem => new Problem('photo-altered', { cause });

/** Converts the operating system's disk errors to a Problem. Returns any other error unchanged. */
function storageProblem(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Problem('storage-full', { cause });
  if (/^E[A-Z0-9]+$/.test(code)) return new Problem('storage-failed', { reason: code, cause });
  return cause;
}
