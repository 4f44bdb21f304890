import type { DataKind } from '../../../protocol/api/data-kinds.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Actor } from './actor.ts';
import { writeAudit } from './write.ts';

/**
 * Whose personal data a piece of work opens. Whatever opens facial data asks for one of these (core/templates/templates.ts), and
 * there is no other way to get one than `audited`: so nothing is opened that leaves no row.
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
  /** It is about everyone: no one is listed, and everyone finds the row as their own. */
  readonly everyone?: boolean;
}

/**
 * Does work that opens personal data, and writes its row before anything of it gets out: none where nothing was opened.
 * Where the row can't be written, the work was in vain.
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
    // Facial data has an action of its own (POLICY P5).
    action: kinds.has('template') || kinds.has('photo') ? ('decrypt' as const) : ('read' as const),
    route,
    resource,
    data: [...kinds],
    // A list of everyone would be as long as the gallery, each minute: the row says that it was about all of them.
    subjects: everyone ? [] : [...people],
    count: people.size,
    everyone,
    outcome: 'ok',
  };
  await inTransaction(db, (tx) => writeAudit(tx, keys, entry, now));
  return result;
}
