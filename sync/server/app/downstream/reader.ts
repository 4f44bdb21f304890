import { createHash } from 'node:crypto';
import { type Change, MAX_PAGE_PLAIN } from '../../../protocol/wire/changes.ts';
import type { Reader } from '../../platform/changes/to-kiosks.ts';
import { findLast } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Kinds } from './kinds.ts';

/** Who reads, and how much of it. */
export interface PageReader extends Reader {
  readonly kinds: Kinds;
  readonly limit: number;
}

/** What one page says of the log, before it is signed and sealed. */
export interface PagePart {
  readonly whole: boolean;
  readonly first: boolean;
  readonly changes: Change[];
  readonly cursor: string;
  readonly more: boolean;
}

/** The newest row of the log: the position of a reader that has read everything. */
export async function topOfLog(db: Db): Promise<{ position: number; tag: string }> {
  const { position, tag } = (await findLast(db, 'change', {}, 'position', ['position', 'tag']))!;
  return { position: Number(position), tag };
}

/**
 * A kiosk's position in the log, as text that only the server reads: the log's epoch, the scope, position and tag of
 * the last row seen, and inside a snapshot the last person sent.
 */
export interface Position {
  readonly logEpoch: string;
  /** Of the scope that was read: a device that moved to another site starts over. */
  readonly scope: string;
  readonly position: number;
  readonly tag: string;
  /** Inside a snapshot: the erasure (`e`) or person (`p`) after which it goes on. */
  readonly after?: string;
}

const CURSOR =
  /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{8})\.([0-9]{1,15})\.([A-Za-z0-9_+/-]{1,20})(?:\.([ep][0-9a-f-]{36}))?$/;

export function cursorAt({ source, scope }: Reader, at: { position: number; tag: string }, after?: string): string {
  return [source.logEpoch, scopeMark(scope), at.position, at.tag, ...(after ? [after] : [])].join('.');
}

/** Null: not ours, or empty. Either way there is nothing to go on from. */
export function readCursor(text: string): Position | null {
  const [, logEpoch, scope, position, tag, after] = CURSOR.exec(text) ?? [];
  if (!logEpoch || !scope || !position || !tag) return null;
  return { logEpoch, scope, position: Number(position), tag, ...(after && { after }) };
}

/**
 * Bytes of JSON that a page's changes may have. The signed page is base64url inside its bucket (4/3), with up to
 * 1000 presences of 120 bytes, the ack and the frame beside the changes.
 */
export const CHANGE_BYTES = Math.floor(((MAX_PAGE_PLAIN - 4096) * 3) / 4) - 1000 * 120 - 4096;

/** Takes changes until the page is full. What belongs together goes in together or not at all. */
export class Budget {
  readonly changes: Change[] = [];
  #bytes = 0;
  readonly #limit: number;

  /** One place is kept for `keys`, which a page may get in addition. */
  constructor(limit: number) {
    this.#limit = Math.max(1, limit - 1);
  }

  /** @returns whether it fitted; the first always does */
  take(together: readonly Change[]): boolean {
    const bytes = together.reduce((sum, c) => sum + bytesOf(c), 0);
    const full = this.#bytes + bytes > CHANGE_BYTES || this.changes.length + together.length > this.#limit;
    if (full && this.changes.length > 0) return false;
    this.#bytes += bytes;
    this.changes.push(...together);
    return true;
  }
}

export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value), 'utf8');
}

/** Short name of a scope for a cursor: distinguishes scopes. */
export function scopeMark(scope: string): string {
  return createHash('sha256').update(scope).digest('base64url').slice(0, 8);
}
