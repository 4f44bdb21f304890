import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../errors/problem.ts';

/**
 * Buffers a file answer between its transaction and a client that may be slow, so that the audit row is committed before the
 * first byte is sent. On disk it is encrypted with a key that only this process has, in a file that is already unlinked.
 * Small files stay in memory.
 */

/** Largest file that stays in memory, bytes. */
const IN_MEMORY = 512 * 1024;
/** Largest file, bytes. */
export const MAX_FILE = 4 * 1024 * 1024 * 1024;
const PIECE = 64 * 1024;

export interface Spooled {
  readonly size: number;
  read(): AsyncIterable<Buffer>;
  /** Releases memory or file. Safe to call twice. */
  discard(): Promise<void>;
}

/** Buffers a file. @param folder created if missing @throws Problem `export-file-too-large`, and what `content` throws */
export async function spool(
  content: AsyncIterable<Uint8Array | string>,
  folder: string,
  max: number = MAX_FILE,
): Promise<Spooled> {
  const held: Buffer[] = [];
  let size = 0;
  let disk: Disk | null = null;
  try {
    for await (const piece of content) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : Buffer.from(piece);
      size += bytes.length;
      if (size > max) throw new Problem('export-file-too-large');
      if (!disk && size > IN_MEMORY) {
        disk = await openDisk(folder);
        for (const earlier of held.splice(0)) await disk.write(earlier);
      }
      if (disk) await disk.write(bytes);
      else held.push(bytes);
    }
  } catch (cause) {
    await disk?.discard();
    throw cause;
  }
  if (disk) return { size, read: disk.read, discard: disk.discard };
  return {
    size,
    read: async function* () {
      yield* held;
    },
    discard: async () => void held.splice(0),
  };
}

interface Disk {
  write(bytes: Buffer): Promise<void>;
  read(): AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

async function openDisk(folder: string): Promise<Disk> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, randomBytes(12).toString('hex'));
  const file: FileHandle = await open(path, 'wx+', 0o600);
  await unlink(path);
  const [key, counter] = [randomBytes(32), Buffer.alloc(16)];
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  let written = 0;
  let open_ = true;
  return {
    async write(bytes) {
      const sealed = cipher.update(bytes);
      await file.writev([sealed], written);
      written += sealed.length;
    },
    async *read() {
      const decipher = createDecipheriv('aes-256-ctr', key, counter);
      for (let at = 0; at < written; ) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(PIECE), 0, Math.min(PIECE, written - at), at);
        if (bytesRead === 0) throw new Problem('file-cut-off');
        at += bytesRead;
        yield decipher.update(buffer.subarray(0, bytesRead));
      }
    },
    async discard() {
      if (!open_) return;
      open_ = false;
      key.fill(0);
      await file.close();
    },
  };
}
