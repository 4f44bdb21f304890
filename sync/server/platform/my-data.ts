import type { SealingKeyLookup } from '../../protocol/seal/message.ts';
import type { Actor } from './audit/actor.ts';
import type { Tx } from './database/schema.ts';
import type { Keys } from './keys/envelope.ts';

/** Whose data is read, in the transaction of their request. */
export interface Reading {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly actor: Actor;
  readonly person: string;
  /** Every name that they ever had here: more than one after a merge. */
  readonly names: readonly string[];
  readonly now: Date;
  /** The server's sealing keys: positions were sealed to them on the kiosk. */
  readonly sealing: SealingKeyLookup;
}

/** One part of a person's export: its rows, read as they are written. */
export type Section = (of: Reading) => AsyncIterable<unknown>;

/** A row's place in a list by time: what the next page goes on behind. */
export interface Place<T = string> {
  readonly at: T;
  readonly id: string;
}

/** Rows at a time of what may be long. */
export const PAGE = 500;

/**
 * Row by row of what is read in pages of `PAGE`.
 *
 * @param read a page: behind this row's place, or from the first
 * @param placeOf where the page behind this row begins
 */
export async function* paged<T, P>(read: (after: P | null) => Promise<T[]>, placeOf: (row: T) => P): AsyncGenerator<T> {
  for (let after: P | null = null; ; ) {
    const page = await read(after);
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || !last) return;
    after = placeOf(last);
  }
}

/** The route that hands the export out, as audit rows name it. */
export const MY_DATA = 'GET /api/gdpr/export/my-data';
