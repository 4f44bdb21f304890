import type { DataKind } from '../../../protocol/api/data-kinds.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Actor } from './actor.ts';
import { writeAudit } from './write.ts';

/**
 * Collects whose personal data is decrypted. Functions that decrypt facial data require one (core/templates/templates.ts), and
 * only `audited` creates one, so nothing is decrypted without an audit row.
 */
export interface Opened {
  note(kind: DataKind, people: Iterable<string>): void;
  readonly [UNFORGEABLE]: true;
}
declare const UNFORGEABLE: unique symbol;

export interface Why {
  readonly actor: Actor;
  /** What is being done, e.g. `device changes`. */
  readonly route: string;
  readonly resource?: string | null;
  /** Whether it concerns everyone: nobody is listed, and each person sees the row as theirs. */
  readonly everyone?: boolean;
}

/**
 * Runs work that decrypts personal data, and writes its audit row before returning the result. No row is written if nothing
 * was decrypted. If the row can't be written, the result is discarded.
 */
export async function audited<T>(
  db: Db,
  keys: Keys,
  why: Why,
  now: Date,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const kinds = new Set<DataKind>();
  const people = new Set<string>();
  const note = (kind: DataKind, of: Iterable<string>) => {
    for (const person of of) {
      people.add(person);
      kinds.add(kind);
    }
  };
  const result = await work({ note } as unknown as Opened);
  if (people.size === 0) return result;
  const { actor, route, resource = null, everyone = false } = why;
  const entry = {
    actor,
    // Facial data has a separate action (POLICY P5).
    action: kinds.has('template') || kinds.has('photo') ? ('decrypt' as const) : ('read' as const),
    route,
    resource,
    data: [...kinds],
    // Listing everyone would take a list as long as the gallery each minute, so the row has a flag instead.
    subjects: everyone ? [] : [...people],
    count: people.size,
    everyone,
    outcome: 'ok',
  };
  await inTransaction(db, (tx) => writeAudit(tx, keys, entry, now));
  return result;
}
