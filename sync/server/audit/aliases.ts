import type { Transaction } from 'kysely';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { AuditKey } from './keys.ts';

/** Bytes of an alias. */
export const ALIAS = 16;

/** `YYYY-MM-DD`, UTC. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/**
 * What people are called in the audit log: a name of their own for each UTC day, made with their own key. Once that key is
 * destroyed nobody can make or link the names any more; the rows, and their MACs, stay as they are.
 */
export interface Aliases {
  /** 16 bytes. */
  of(person: string, day: string, key: AuditKey): Buffer;
}

/** Loads what the aliases of these people need, in one or two statements. */
export async function loadAliases(
  _tx: Transaction<Tables> | Db,
  _keys: Keys,
  _people: readonly string[],
): Promise<Aliases> {
  return { of: (person, day, key) => key.aliasOf(person, day).subarray(0, ALIAS) };
}

/** Sorted, each once: so the list does not tell in which order people were shown. */
export function packAliases(aliases: readonly Buffer[]): Buffer {
  const sorted = [...aliases].sort(Buffer.compare);
  return Buffer.concat(sorted.filter((a, i) => i === 0 || !a.equals(sorted[i - 1]!)));
}

/** @returns each as base64url */
export function unpackAliases(packed: Buffer): string[] {
  return Array.from({ length: packed.length / ALIAS }, (_, i) =>
    packed.toString('base64url', i * ALIAS, (i + 1) * ALIAS),
  );
}
