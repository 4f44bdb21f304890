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
  /** Every id they ever had: more than one after a merge. */
  readonly names: readonly string[];
  readonly now: Date;
  /** The server's sealing keys, to which kiosks encrypt positions. */
  readonly sealing: SealingKeyLookup;
}

/** One section of a person's export. Yields its rows while the export is written. */
export type Section = (of: Reading) => AsyncIterable<unknown>;

/** Rows per page of long sections. */
const PAGE = 500;

/** A page that `paged` reads. */
export type PageAt = Pick<Asked<never>, 'cursor' | 'limit'>;

/** Yields rows one by one, read by cursor in pages of `PAGE`. */
export async function* paged<T>(read: (of: PageAt) => Promise<Pick<Page<T>, 'items' | 'next'>>): AsyncGenerator<T> {
  for (let cursor: string | undefined; ; ) {
    const page = await read({ cursor, limit: PAGE });
    yield* page.items;
    if (page.next === null) return;
    cursor = page.next;
  }
}

/** The export's route, as named in audit rows. */
export const MY_DATA = 'GET /api/gdpr/export/my-data';
