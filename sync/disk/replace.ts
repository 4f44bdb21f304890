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
  /**
   * False leaves out both fsyncs: atomic against a crash of the process, but a power cut may bring the previous content
   * back.
   */
  readonly durable?: boolean;
  /** Its user's alone (0600) by default; less the umask, unless that is passed over. */
  readonly mode?: number;
  /** The mode applies whatever the umask is: other users are to read the file. */
  readonly pastUmask?: boolean;
  /** Whose it is to be; ours by default. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /**
   * Several processes may write it at once, so each makes the new content under a name of its own. Else one that was
   * killed in between leaves at most one half-written file, which the next takes.
   */
  readonly byMany?: boolean;
}

/**
 * Replaces a file as a whole or not at all, so that a crash or a power cut leaves the old content or the new: a temporary
 * file beside it, fsync, rename, fsync of the folder.
 *
 * @throws what the system says (ENOENT, ENOSPC, EACCES …); the temporary file is gone then
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

/** Makes the folder's entries durable: a renamed file can vanish in a power cut otherwise. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // Windows can't open a folder for fsync; NTFS journals the rename
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The file's bytes, or null when there is none. */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
