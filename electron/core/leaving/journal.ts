import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile, syncFolder } from '../../../sync/disk/replace.ts';
import { Ed25519PrivateJwk } from '../../../sync/protocol/wire/batch.ts';
import { Uuid } from '../../../sync/protocol/wire/event.ts';

/**
 * `leaving.json`: records that this kiosk is destroying everything, how far it has got, and how it reports completion. It is
 * written before the first byte is deleted and is the last file deleted, so the next start always continues. It names nobody and
 * opens nothing: its key signs only the statement that the kiosk is done, and the server accepts it for nothing else.
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
    /** Signs the farewell after the device's own key has been destroyed. */
    farewellKey: Ed25519PrivateJwk,
    ...languages,
  }),
  /** Kept after a wipe, so that anyone who finds the kiosk can read what happened to it. */
  z.strictObject({ v: z.literal(1), state: z.literal('wiped'), ...languages }),
]);
export type Journal = z.infer<typeof Journal>;
export type Leaving = Extract<Journal, { farewellKey: unknown }>;

export const JOURNAL_FILE = 'leaving.json';
const file = (home: string): string => join(home, JOURNAL_FILE);

/** Whether this kiosk is being wiped, or was. Checked before anything in the folder is opened. */
export const isLeaving = (home: string): boolean => existsSync(file(home));

/**
 * Returns null if there is none. An unreadable journal is treated as a wipe of which nothing more is known: its folder is never
 * opened as a kiosk again.
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
