import type { RawBuilder } from 'kysely';
import type { AttentionItem } from '../../protocol/api/attention.ts';
import type { Db } from './database/schema.ts';
import type { Keys } from './keys/envelope.ts';

/** What an item of the list says besides, where its kind has it. */
export type AttentionDetails = Partial<Pick<AttentionItem, 'recordAt' | 'message' | 'replicas' | 'webhook'>>;

/**
 * Where the items of one kind of the attention queue come from. An item is no row of its own: it is read from where it happened,
 * so that it is there exactly as long as its reason is.
 */
export interface AttentionSource {
  /** SQL of `kind, ref, at, code, person, other, device, score`. */
  readonly items: (now: Date) => RawBuilder<unknown>;
  /** By the items' refs. */
  readonly details?: (db: Db, keys: Keys, refs: readonly string[]) => Promise<ReadonlyMap<string, AttentionDetails>>;
  /** Decided on a page of its own alone: in the list it can't be resolved. */
  readonly decidedElsewhere?: true;
}

/** What happened longer ago than this, and no state tells of, is no item any more. */
const LOOK_BACK_MS = 90 * 86_400_000;
export const lookBack = (now: Date): string => new Date(now.getTime() - LOOK_BACK_MS).toISOString();
