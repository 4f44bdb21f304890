import { createHash } from 'node:crypto';
import { type Change, MAX_PAGE_PLAIN } from '../../../protocol/wire/changes.ts';
import type { Reader } from '../../platform/changes/to-kiosks.ts';
import { findLast } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Kinds } from './kinds.ts';

/** A reader of a page, and how much it may get. */
export interface PageReader extends Reader {
  readonly kinds: Kinds;
  readonly limit: number;
}

/** The part of a page that comes from the log, before it is signed and encrypted. */
export interface PagePart {
  readonly whole: boolean;
  readonly first: boolean;
  readonly changes: Change[];
  readonly cursor: string;
  readonly more: boolean;
}

/** Returns the newest row of the log, which is the position of a reader that has read everything. */
export async function topOfLog(db: Db): Promise<{ position: number; tag: string }> {
  const { position, tag } = (await findLast(db, 'change', {}, 'position', ['position', 'tag']))!;
  return { position: Number(position), tag };
}

/**
 * A kiosk's position in the log. Its cursor holds it as text that only the server reads: the log's epoch, the scope, position
 * and tag of the last row read, and within a snapshot the last erasure or person sent.
 */
export interface Position {
  readonly logEpoch: string;
  /** Mark of the scope that was read: a device that moved to another site starts over. */
  readonly scope: string;
  readonly position: number;
  readonly tag: string;
  /** Within a snapshot: the erasure (`e`) or person (`p`) after which it continues. */
  readonly after?: string;
}

const CURSOR =
  /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{8})\.([0-9]{1,15})\.([A-Za-z0-9_+/-]{1,20})(?:\.([ep][0-9a-f-]{36}))?$/;

export function cursorAt({ source, scope }: Reader, at: { position: number; tag: string }, after?: string): string {
  return [source.logEpoch, scopeMark(scope), at.position, at.tag, ...(after ? [after] : [])].join('.');
}

/** Parses a cursor. Null if it is empty or not ours, so there is no position to continue from. */
export function readCursor(text: string): Position | null {
  const [, logEpoch, scope, position, tag, after] = CURSOR.exec(text) ?? [];
  if (!logEpoch || !scope || !position || !tag) return null;
  return { logEpoch, scope, position: Number(position), tag, ...(after && { after }) };
}

/**
 * Most bytes of JSON for a page's changes. The signed page is base64url in its padding bucket (factor 4/3), and also holds up
 * to 1000 presences of 120 bytes, the ack and the frame.
 */
export const CHANGE_BYTES = Math.floor(((MAX_PAGE_PLAIN - 4096) * 3) / 4) - 1000 * 120 - 4096;

/** Collects changes until the page is full. Changes that belong together are taken together or not at all. */
export class Budget {
  readonly changes: Change[] = [];
  #bytes = 0;
  readonly #limit: number;

  /** Reserves one place for `keys`, which may be added to a page. */
  constructor(limit: number) {
    this.#limit = Math.max(1, limit - 1);
  }

  /** @returns whether the changes fitted; the first always do */
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

/** Returns a short hash of a scope, to distinguish scopes in cursors. */
export function scopeMark(scope: string): string {
  return createHash('sha256').update(scope).digest('base64url').slice(0, 8);
}
