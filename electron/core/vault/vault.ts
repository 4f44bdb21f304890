import { createHash, hkdfSync, type KeyObject } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { open as openFile, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeUsable } from '../../../sync/disk/folder.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { KEY_BYTES } from '../keys/derive.ts';
import { keyObject, open, type Place, type Random, seal } from '../keys/envelope.ts';

/**
 * Where a photo belongs: sealed for `person`, bound to `record` (the id of its event). One of an import that waits
 * (`pending`) is nobody's yet, and its record is its own id.
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
 * The key of one file: HKDF-SHA-256 of the person's photos key with kind and record as info. It can be given to the
 * server with the photo's event, and opens nothing else; it needs no place of its own, and goes with the person's key.
 */
export function fileKey(photos: KeyObject, { kind, record }: Pick<PhotoPlace, 'kind' | 'record'>): KeyObject {
  const info = `smartpresence/kiosk/v1/photo/${kind}/${record}`;
  return keyObject(Buffer.from(hkdfSync('sha256', photos, new Uint8Array(), info, KEY_BYTES)));
}

/** A sealed photo and its content address: SHA-256 of the ciphertext, unpadded base64url. */
export interface SealedPhoto {
  readonly address: string;
  readonly bytes: Buffer;
}

const SUFFIX = '.photo';
const TEMPORARY = '.tmp';

/**
 * `storage/faces/`: photos as AES-256-GCM ciphertext, each in a file named by its content address. Plaintext exists in
 * memory alone. A file appears as a whole or not at all.
 */
export class Vault {
  readonly folder: string;
  readonly #random: Random;

  constructor(home: string, random: Random) {
    this.folder = join(home, 'storage', 'faces');
    this.#random = random;
  }

  /** Makes the folder (0700), and removes temporary files of a process that died. */
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

  /** Addresses of photos that are written and whose record is yet to come. */
  readonly underWay = new Set<string>();

  /**
   * Writes a photo, then runs `record`; when either fails, no file is left.
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

  /** The ciphertext, its address checked; for upload and for `store check`. */
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

  /** Removes files; one that no longer exists is fine. No flush: the next start deletes what a power cut brings back. */
  async remove(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) await rm(this.file(address), { force: true });
  }

  /** Addresses of all photo files; other names are not ours and are ignored. */
  list(): string[] {
    return readdirSync(this.folder)
      .filter((name) => /^[0-9a-f]{64}\.photo$/.test(name))
      .map((name) => Buffer.from(name.slice(0, 64), 'hex').toString('base64url'));
  }

  /** Removes photos that no row refers to: written before a transaction that failed, or purged before a crash. */
  sweep(known: ReadonlySet<string>): number {
    const orphans = this.list().filter((address) => !known.has(address));
    for (const address of orphans) rmSync(this.file(address), { force: true });
    return orphans.length;
  }
}

const altered = (cause?: unknown): Problem => new Problem('photo-altered', { cause });

/** What the operating system reports about a disk, as a Problem. */
function storageProblem(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Problem('storage-full', { cause });
  if (/^E[A-Z0-9]+$/.test(code)) return new Problem('storage-failed', { reason: code, cause });
  return cause;
}
