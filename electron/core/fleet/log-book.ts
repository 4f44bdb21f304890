import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreOptions } from '../interface.ts';
import { isLeaving } from '../leaving/journal.ts';
import { redactLine } from './redact.ts';

/** When the log file reaches this size, a new one is started and the previous one kept; bytes. */
export const MAX_BOOK_BYTES = 512 * 1024;

export const logsFolder = (home: string): string => join(home, 'logs');
const book = (home: string): string => join(logsFolder(home), 'kiosk.jsonl');
const older = (home: string): string => join(logsFolder(home), 'kiosk.1.jsonl');

/**
 * Keeps the log of a host and its core, redacted as it is written: nothing that may not leave the kiosk is ever in the file. A
 * full or missing disk is not the log's concern: lines that can't be kept are only passed on.
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
      // Without the folder nothing is written: it was deleted with everything else and must not reappear.
      appendFileSync(book(home), line, { mode: 0o600 });
      size += Buffer.byteLength(line);
    });
  };
}

/** Returns the kept lines, oldest first: the newest whole lines that fit into `max` bytes. */
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
    return null; // no space, no folder, no permission: the log must never stop a kiosk from working
  }
}
