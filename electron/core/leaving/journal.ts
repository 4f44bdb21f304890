import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile, syncFolder } from '../../../sync/disk/replace.ts';
import { Ed25519PrivateJwk } from '../../../sync/protocol/wire/batch.ts';
import { Uuid } from '../../../sync/protocol/wire/event.ts';

/**
 * `leaving.json`: that this kiosk destroys everything, how far it has come, and how it says so when it is done. Written
 * before the first byte goes and the last file to go: whatever happens in between, the next start goes on. It names nobody,
 * and opens nothing: its key signs one sentence, that the kiosk is done, and the server takes it for that alone.
 */
const languages = { languages: z.array(z.string()).min(1), language: z.string() };

export const Journal = z.discriminatedUnion('state', [
  z.strictObject({
    v: z.literal(1),
    state: z.enum(['destroying', 'notifying']),
    what: z.enum(['wipe', 'decommission']),
    command: Uuid,
    device: Uuid,
    server: z.strictObject({ id: Uuid, url: z.url({ protocol: /^https$/ }), caPem: z.array(z.string()).min(1) }),
    /** Signs the farewell, where the device's own key is gone. */
    farewellKey: Ed25519PrivateJwk,
    ...languages,
  }),
  /** Of a wipe: what is left, so that anyone who finds the kiosk reads what became of it. */
  z.strictObject({ v: z.literal(1), state: z.literal('wiped'), ...languages }),
]);
export type Journal = z.infer<typeof Journal>;
export type Leaving = Extract<Journal, { farewellKey: unknown }>;

export const JOURNAL_FILE = 'leaving.json';
const file = (home: string): string => join(home, JOURNAL_FILE);

/** Whether this kiosk is being wiped, or was. Checked before anything of the folder is opened. */
export const isLeaving = (home: string): boolean => existsSync(file(home));

/**
 * Null: there is none. One that can't be read is taken for a wipe of which nothing more is known: its folder is never opened
 * as a kiosk again.
 */
export function readJournal(home: string): Journal | 'unreadable' | null {
  const bytes = readIfThere(file(home));
  if (!bytes) return null;
  try {
    return Journal.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return 'unreadable';
  }
}

export function writeJournal(home: string, journal: Journal): void {
  replaceFile(file(home), `${JSON.stringify(Journal.parse(journal))}\n`);
}

export function removeJournal(home: string): void {
  rmSync(file(home), { force: true });
  syncFolder(home);
}
