import type { SealingKeyLookup } from '../../protocol/seal/message.ts';
import type { Asked, Page } from './access/list.ts';
import type { Actor } from './audit/actor.ts';
import type { Tx } from './database/schema.ts';
import type { Keys } from './keys/envelope.ts';

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

/** Rows at a time of what may be long. */
const PAGE = 500;

/** A page that `paged` reads. */
export type PageAt = Pick<Asked<never>, 'cursor' | 'limit'>;

/** Row by row of what is read by cursor, in pages of `PAGE`. */
export async function* paged<T>(read: (of: PageAt) => Promise<Pick<Page<T>, 'items' | 'next'>>): AsyncGenerator<T> {
  for (let cursor: string | undefined; ; ) {
    const page = await read({ cursor, limit: PAGE });
    yield* page.items;
    if (page.next === null) return;
    cursor = page.next;
  }
}

/** The route that hands the export out, as audit rows name it. */
export const MY_DATA = 'GET /api/gdpr/export/my-data';
