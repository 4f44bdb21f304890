import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoreOptions } from '../core/interface.ts';

const TMPFS_MAGIC = 0x01021994;
const PREFIX = 'smartpresence-';
const OWNER_FILE = 'host.pid';

/** The kiosk user's own 0700 folder for files that must not outlive the host: bootstrap page and browser profile. */
export interface RuntimeFolder {
  readonly path: string;
  /** Writes a 0600 file that nobody else can read at any moment. */
  writePrivate(name: string, content: string): string;
  /** Returns an empty folder, replacing any existing one. */
  freshFolder(name: string): string;
  remove(name: string): void;
  close(): void;
}

/**
 * Makes the folder on a tmpfs, so that no cookie and no page ever reaches a disk, and removes those that killed hosts left
 * behind.
 *
 * @param bases folders to try, in order; the first one on tmpfs is used, else the system's temporary folder
 */
export function makeRuntimeFolder(
  log: CoreOptions['log'],
  bases: readonly (string | undefined)[] = defaultBases(),
): RuntimeFolder {
  const base = bases.find((b): b is string => b !== undefined && isTmpfs(b));
  if (!base) log('warn', 'host: no tmpfs available; the browser profile is on a disk', { folder: tmpdir() });
  const parent = base ?? tmpdir();
  removeStale(parent, log);
  const path = mkdtempSync(join(parent, PREFIX)); // 0700 by mkdtemp(3)
  writeFileSync(join(path, OWNER_FILE), String(process.pid), { mode: 0o600 });
  return {
    path,
    writePrivate(name, content) {
      const file = join(path, name);
      writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
      return file;
    },
    freshFolder(name) {
      const folder = join(path, name);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    },
    remove: (name) => rmSync(join(path, name), { recursive: true, force: true }),
    close: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

const defaultBases = (): (string | undefined)[] => [process.env.XDG_RUNTIME_DIR, '/dev/shm'];

function isTmpfs(folder: string): boolean {
  try {
    return statfsSync(folder).type === TMPFS_MAGIC;
  } catch {
    return false; // missing or inaccessible: not a place for a profile
  }
}

/** Removes our folders whose host has ended. Another user's can't be removed and are left alone. */
function removeStale(parent: string, log: CoreOptions['log']): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(parent, name);
    try {
      if (statSync(folder).uid !== process.getuid?.()) continue;
      if (alive(Number(readFileSync(join(folder, OWNER_FILE), 'utf8')))) continue;
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      // Another user's folder with the same prefix, or one that is just being created.
      log('debug', 'host: a runtime folder was not removed', { folder, error });
    }
  }
}

function alive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
