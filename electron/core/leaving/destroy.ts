import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { deviceSecretFile, provisioningSecretFile } from '../keys/device-secret.ts';
import { slotsFile } from '../keys/slots.ts';
import { JOURNAL_FILE } from './journal.ts';

/** Names of the steps, in order; for tests that end the process at each. */
export type Step = 'slots' | 'secrets' | 'store' | 'rest' | 'done';

/**
 * Destroys everything in a kiosk's folder except the journal. Keys first: once the slots are overwritten, nothing else can be
 * decrypted, whatever keys someone kept and whatever a disk keeps of deleted files. Each step may be repeated.
 *
 * @param at called before each step
 * @throws Problem `wipe-incomplete` if something can't be removed: it is retried
 */
export function destroyEverything(home: string, at: (step: Step) => void = () => undefined): void {
  at('slots');
  overwrite(slotsFile(home));
  at('secrets');
  for (const file of [deviceSecretFile(home), provisioningSecretFile(home), join(home, 'device-secret.sealed')])
    overwrite(file);
  at('store');
  for (const name of entries(home).filter((entry) => entry.startsWith('store.db'))) remove(home, name);
  at('rest');
  for (const name of entries(home)) if (name !== JOURNAL_FILE) remove(home, name);
  syncFolder(home); // before the journal says done: a file that reappeared would remain
  at('done');
  const left = entries(home).filter((name) => name !== JOURNAL_FILE);
  if (left.length > 0) throw new Problem('wipe-incomplete', { count: left.length });
}

const entries = (home: string): string[] => (existsSync(home) ? readdirSync(home) : []);

/** Overwrites the whole file with zeros, durably, then deletes it. Even reading the raw device finds no key. */
function overwrite(file: string): void {
  if (!existsSync(file)) return;
  if (lstatSync(file).isFile()) {
    const handle = openSync(file, 'r+');
    try {
      const { size } = fstatSync(handle);
      const zeros = Buffer.alloc(size);
      for (let done = 0; done < size; ) done += writeSync(handle, zeros, done, size - done, done);
      fsyncSync(handle); // before its blocks are freed: truncated blocks are never written
      ftruncateSync(handle, 0);
    } finally {
      closeSync(handle);
    }
  }
  rmSync(file, { force: true, recursive: true });
}

function remove(home: string, name: string): void {
  try {
    rmSync(join(home, name), { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Another process may hold it, or hold a folder open. What remains is detected at the end.
  }
}
