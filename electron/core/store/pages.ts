import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import { readIfThere } from '../../../sync/disk/replace.ts';

/**
 * SQLCipher 4's page format, read without SQLite: proves that a key fits before anything touches the file, and checks every page,
 * including free ones, which no SQL statement reads. (zetetic.net/sqlcipher/design; `cipher_integrity_check` of the cipher
 * library in use always reports "fine".)
 *
 * A page ends with 80 reserved bytes: 16 of IV, 64 of HMAC-SHA512 over ciphertext ‖ IV ‖ page number (little-endian). The first
 * 16 bytes of the file are a salt; the HMAC key is PBKDF2-HMAC-SHA512(key, salt XOR 0x3a, 2 rounds).
 */

/**
 * Bytes per page. SQLCipher's default is 4096. A check-in writes five pages in three on average (its own, and at every third a
 * new one with the pages above it), each fully encrypted and hashed, so small pages bring the encrypted store nearest to a plain
 * one. Check-ins per second relative to plain: 0.74 with 1024, 0.71 with 2048, 0.70 with 4096 (medians of three interleaved runs
 * of test/bench/store.ts on a busy two-core VM, when two check-ins still filled a page). Other programs have to set it: `PRAGMA
 * cipher_page_size`.
 */
export const PAGE_BYTES = 1024;
const HMAC_BYTES = 64;
const IV_BYTES = 16;
const SALT_BYTES = 16;
const RESERVED = HMAC_BYTES + IV_BYTES;

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
/** SQLite file format 3: offset of the header length in a rollback journal. A record is page number, page and checksum. */
const JOURNAL_SECTOR_AT = 20;
const JOURNAL_RECORD = 4 + PAGE_BYTES + 4;

export class PageReader {
  readonly #key: Uint8Array;
  readonly #hmacKey: Buffer;

  /** @param key raw page key, 32 bytes; @param salt first 16 bytes of the file */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#key = key;
    this.#hmacKey = pbkdf2Sync(
      key,
      salt.map((byte) => byte ^ 0x3a),
      2,
      32,
      'sha512',
    );
  }

  /** Returns whether the page was written under this key, at this position, and not altered since. */
  genuine(page: Uint8Array, number: number): boolean {
    const place = Buffer.alloc(4);
    place.writeUInt32LE(number);
    const mac = createHmac('sha512', this.#hmacKey)
      .update(page.subarray(number === 1 ? SALT_BYTES : 0, PAGE_BYTES - HMAC_BYTES))
      .update(place)
      .digest();
    return timingSafeEqual(mac, page.subarray(PAGE_BYTES - HMAC_BYTES, PAGE_BYTES));
  }

  /** Returns the page count from the database's own header (SQLite file format 1.3.8). @param page1 a genuine page 1 */
  pageCount(page1: Uint8Array): number {
    const iv = page1.subarray(PAGE_BYTES - RESERVED, PAGE_BYTES - HMAC_BYTES);
    const decipher = createDecipheriv('aes-256-cbc', this.#key, iv).setAutoPadding(false);
    const head = decipher.update(page1.subarray(SALT_BYTES, SALT_BYTES + 32));
    return head.readUInt32BE(28 - SALT_BYTES);
  }
}

/** Yields the whole pages of a store file. @param handle of the file; @param key raw page key, 32 bytes */
export function* readPages(handle: number, key: Uint8Array): Generator<{ number: number; genuine: boolean }> {
  const page = Buffer.alloc(PAGE_BYTES);
  readSync(handle, page, 0, SALT_BYTES, 0);
  const reader = new PageReader(key, page.subarray(0, SALT_BYTES));
  const pages = Math.floor(fstatSync(handle).size / PAGE_BYTES);
  for (let number = 1; number <= pages; number++) {
    const got = readSync(handle, page, 0, PAGE_BYTES, (number - 1) * PAGE_BYTES);
    yield { number, genuine: got === PAGE_BYTES && reader.genuine(page, number) };
  }
}

/** What can be determined about a store file and a key before opening it. */
export type FirstPage = 'fits' | 'foreign' | 'truncated';

/**
 * Checks a store through an open file handle, reading only.
 * @param file its path: after a power cut, the only whole page 1 may be in the write-ahead log or rollback journal beside it (a
 * rekey takes the store out of WAL mode and back)
 */
export function checkFirstPage(handle: number, file: string, key: Uint8Array): FirstPage {
  const { size } = fstatSync(handle);
  if (size === 0) return 'truncated';
  const page1 = Buffer.alloc(PAGE_BYTES);
  const got = readSync(handle, page1, 0, PAGE_BYTES, 0);
  if (got < SALT_BYTES) return 'truncated';
  const reader = new PageReader(key, page1.subarray(0, SALT_BYTES));
  const log = readIfThere(`${file}-wal`);
  const journal = readIfThere(`${file}-journal`);
  const logged = (log && logHasPage1(log, reader)) || (journal && journalHasPage1(journal, reader));
  if (got === PAGE_BYTES && reader.genuine(page1, 1)) {
    if (logged || (log && log.length > WAL_HEADER)) return 'fits'; // the log may contain what the file lacks
    return size === reader.pageCount(page1) * PAGE_BYTES ? 'fits' : 'truncated';
  }
  return logged ? 'fits' : 'foreign';
}

function journalHasPage1(journal: Buffer, reader: PageReader): boolean {
  if (journal.length < JOURNAL_SECTOR_AT + 4) return false;
  const from = journal.readUInt32BE(JOURNAL_SECTOR_AT);
  if (from === 0) return false; // the transaction has ended: nothing is rolled back
  for (let at = from; at + JOURNAL_RECORD <= journal.length; at += JOURNAL_RECORD) {
    if (journal.readUInt32BE(at) === 1 && reader.genuine(journal.subarray(at + 4, at + 4 + PAGE_BYTES), 1)) return true;
  }
  return false;
}

function logHasPage1(log: Buffer, reader: PageReader): boolean {
  const frame = FRAME_HEADER + PAGE_BYTES;
  for (let at = WAL_HEADER; at + frame <= log.length; at += frame) {
    if (log.readUInt32BE(at) === 1 && reader.genuine(log.subarray(at + FRAME_HEADER, at + frame), 1)) return true;
  }
  return false;
}
