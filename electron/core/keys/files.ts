import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

/** Makes the directory entry itself durable; a renamed file can vanish in a power cut otherwise. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // Windows can't open a folder for fsync; NTFS journals the rename
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Replaces `file` as a whole, or not at all: temporary file beside it (0600), fsync, rename, fsync of the folder.
 *
 * @param durable false leaves out both fsyncs: atomic against a crash of the process, but a power cut may bring the
 *   previous content back
 * @param mode of the file, whatever the umask says; its user's alone by default
 */
export function writeFileAtomic(file: string, content: Uint8Array | string, durable = true, mode = 0o600): void {
  const temporary = join(dirname(file), `.${basename(file)}.tmp`);
  try {
    const handle = openSync(temporary, 'w', 0o600);
    try {
      if (mode !== 0o600) fchmodSync(handle, mode);
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      if (durable) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (durable) syncFolder(dirname(file));
}

/** The file's bytes, or null when there is none. */
export function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Refuses a secret file that other users of the machine may read. */
export function requirePrivate(file: string): void {
  if (process.platform === 'win32') return; // no mode bits there; the profile folder's ACL guards it
  const { mode } = statSync(file);
  if ((mode & 0o077) !== 0)
    throw new Problem(
      'secret-file-exposed',
      `${file} can be read by other users (mode ${(mode & 0o777).toString(8)})`,
      `Run chmod 600 ${file}, and renew the secret if others may have read it.`,
    );
}
