import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreOptions } from '../interface.ts';
import { isLeaving } from '../leaving/journal.ts';
import { redactLine } from './redact.ts';

/** A new log book is started at this size, and the one before it kept; bytes. */
export const MAX_BOOK_BYTES = 512 * 1024;

export const logsFolder = (home: string): string => join(home, 'logs');
const book = (home: string): string => join(logsFolder(home), 'kiosk.jsonl');
const older = (home: string): string => join(logsFolder(home), 'kiosk.1.jsonl');

/**
 * Keeps what a host logs, with what its core does, redacted as it is written: nothing that may not leave the kiosk is ever in
 * the file. A disk that is full or gone is none of the log's business: what can't be kept is only passed on.
 *
 * @returns a log that passes everything on to `log`
 */
export function keepLog(home: string, log: CoreOptions['log']): CoreOptions['log'] {
  // A kiosk that destroys everything keeps no log of it.
  if (!isLeaving(home) && existsSync(home))
    attempt(() => mkdirSync(logsFolder(home), { recursive: true, mode: 0o700 }));
  let size = attempt(() => statSync(book(home)).size) ?? 0;
  return (level, message, fields) => {
    log(level, message, fields);
    if (level === 'debug') return;
    const line = `${JSON.stringify(redactLine(new Date(), level, message, fields))}\n`;
    attempt(() => {
      if (size > MAX_BOOK_BYTES) {
        renameSync(book(home), older(home));
        size = 0;
      }
      // Without the folder nothing is written: it was removed with all else, and is not to come back.
      appendFileSync(book(home), line, { mode: 0o600 });
      size += Buffer.byteLength(line);
    });
  };
}

/** What was kept, oldest first, at most `max` bytes of whole lines: the newest. */
export function readLog(home: string, max: number): string {
  const text = [older(home), book(home)].map((file) => attempt(() => readFileSync(file, 'utf8')) ?? '').join('');
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= max) return text;
  const cut = bytes.subarray(bytes.length - max);
  return cut.subarray(cut.indexOf(0x0a) + 1).toString('utf8');
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null; // no room, no folder, no right: a log must never be why a kiosk does not work
  }
}
