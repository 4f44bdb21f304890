import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Replacing {
  /** Default true. False skips both fsyncs: still atomic if the process crashes, but a power cut may restore the old content. */
  readonly durable?: boolean;
  /** Default 0600. The umask is applied to it, unless `pastUmask` is set. */
  readonly mode?: number;
  /** Whether to ignore the umask, so that other users can read the file. */
  readonly pastUmask?: boolean;
  /** Owner of the file. Default: ours. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /**
   * Whether several processes may write it at the same time. Each then uses its own temporary file. Otherwise there is one
   * name, so a killed process leaves at most one half-written file, which the next one overwrites.
   */
  readonly byMany?: boolean;
}

/**
 * Replaces a file atomically: after a crash or a power cut it has either the old or the new content. Writes a temporary file
 * beside it, then fsync, rename, and fsync of the folder.
 *
 * @throws the system's error (ENOENT, ENOSPC, EACCES …), after deleting the temporary file
 */
export function replaceFile(path: string, content: Uint8Array | string, how: Replacing = {}): void {
  const { durable = true, mode = 0o600, pastUmask = false, owner, byMany = false } = how;
  const temporary = join(dirname(path), `.${basename(path)}${byMany ? `.${process.pid}` : ''}.tmp`);
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  try {
    const file = openSync(temporary, 'w', pastUmask ? 0o600 : mode);
    try {
      if (pastUmask) fchmodSync(file, mode);
      if (owner) fchownSync(file, owner.uid, owner.gid);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
  if (durable) syncFolder(dirname(path));
}

/** Makes the folder's entries durable. Otherwise a power cut could undo a rename. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // Windows can't open a folder for fsync; NTFS journals the rename
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Returns the file's bytes, or null if it doesn't exist. */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
