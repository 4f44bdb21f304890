import type { RawBuilder } from 'kysely';
import type { AttentionItem } from '../../protocol/api/attention.ts';
import type { Db } from './database/schema.ts';
import type { Keys } from './keys/envelope.ts';

/** Additional fields of an item, if its kind has them. */
export type AttentionDetails = Partial<Pick<AttentionItem, 'recordAt' | 'message' | 'replicas' | 'webhook'>>;

/**
 * Source of one kind of attention items. Items have no rows of their own: they are read from the tables that cause them, so
 * an item exists exactly as long as its cause.
 */
export interface AttentionSource {
  /** SQL that selects `kind, ref, at, code, person, other, device, score`. */
  readonly items: (now: Date) => RawBuilder<unknown>;
  /** Reads additional fields by the items' refs. */
  readonly details?: (db: Db, keys: Keys, refs: readonly string[]) => Promise<ReadonlyMap<string, AttentionDetails>>;
  /** Whether it is decided on a separate page, so it can't be resolved in the list. */
  readonly decidedElsewhere?: true;
}

/** Items caused by an event rather than by a state disappear after this time. */
const LOOK_BACK_MS = 90 * 86_400_000;
export const lookBack = (now: Date): string => new Date(now.getTime() - LOOK_BACK_MS).toISOString();
