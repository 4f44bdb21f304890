import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { FORMAT, openGcm, type Place, placeOf, sealGcm } from '../keys/gcm.ts';
import { auditRootsOf, personBox } from '../keys/persons.ts';
import type { AuditKey } from './keys.ts';

export const ALIAS = 16;

/** Returns `YYYY-MM-DD`, UTC. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** What is recorded about the author of an action. */
export interface Trace {
  readonly email: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/**
 * People's aliases in the audit log: a different one for each UTC day, derived from the person's own key. Once that key is
 * destroyed, nobody can compute or link the aliases. The rows and their MACs don't change.
 */
export interface PeopleInLog {
  /** Returns the alias, 16 bytes. */
  alias(person: string, day: string, key: AuditKey): Buffer;
  /** Encrypts the trace of a person's own action with their key. Null if they have none. */
  seal(person: string, position: number, trace: Trace): Buffer | null;
  /** Decrypts the trace. Null if their key was destroyed. @throws Problem `envelope-broken` */
  open(person: string, position: number, sealed: Uint8Array): Trace | null;
}

/** Caches the last alias of each audit root, for as long as the root is in memory. */
const today = new WeakMap<KeyObject, { readonly day: string; readonly alias: Buffer }>();

/** Loads these people's audit roots in one statement, unless the transaction has them. Aliases of others use the audit key. */
export async function peopleInLog(db: Db, keys: Keys, people: readonly string[]): Promise<PeopleInLog> {
  const roots = auditRootsOf(db);
  const box = await personBox(
    db,
    keys,
    people.filter((person) => !roots.has(person)),
  );
  const rootOf = (person: string) => roots.get(person) ?? box.auditRoot(person);
  const sealing = (person: string) => {
    const root = rootOf(person);
    return root && createSecretKey(new Uint8Array(hkdfSync('sha256', root, '', 'smartpresence/v1/audit/own', 32)));
  };
  return {
    alias(person, day, key) {
      const root = rootOf(person);
      if (!root) return key.aliasOf(person, day).subarray(0, ALIAS);
      const made = today.get(root);
      if (made?.day === day) return made.alias;
      const alias = createHmac('sha256', root).update(`audit\0${day}`).digest().subarray(0, ALIAS);
      today.set(root, { day, alias });
      return alias;
    },
    seal(person, position, trace) {
      const key = sealing(person);
      return key && sealGcm(key, FORMAT.person, 1, aliasPlace(person, position), canonicalBytes(trace));
    },
    open(person, position, sealed) {
      const key = sealing(person);
      return key && (JSON.parse(openGcm(key, aliasPlace(person, position), sealed).toString('utf8')) as Trace);
    },
  };
}

const aliasPlace = (person: string, position: number): Place => placeOf('audit.actor', String(position), { person });

/** Sorts, deduplicates and concatenates aliases, so that the list doesn't reveal in which order people were shown. */
export function packAliases(aliases: readonly Buffer[]): Buffer {
  const sorted = [...aliases].sort(Buffer.compare);
  return Buffer.concat(sorted.filter((a, i) => i === 0 || !a.equals(sorted[i - 1]!)));
}

/** Splits packed aliases. @returns each one as base64url */
export function unpackAliases(packed: Buffer): string[] {
  return Array.from({ length: packed.length / ALIAS }, (_, i) =>
    packed.toString('base64url', i * ALIAS, (i + 1) * ALIAS),
  );
}
