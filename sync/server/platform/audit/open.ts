import { type PeopleInLog, type Trace, unpackAliases } from './aliases.ts';
import type { AuditKey } from './keys.ts';
import type { AuditRow } from './row.ts';
import type { SealedActor } from './write.ts';

/** A row with its envelopes decrypted, as far as possible. */
export interface OpenRow {
  readonly row: AuditRow;
  /** Null if nothing was recorded, or if it is encrypted with a person's key (see `own`). */
  readonly trace: Trace | null;
  /** If a person did it: their alias of the day, base64url. */
  readonly actorAlias: string | null;
  /** The trace, if only that person's key can decrypt it. */
  readonly own: Uint8Array | null;
  /** Aliases of the people it was about, base64url. */
  readonly subjects: readonly string[];
}

/** Decrypts a row. @throws Problem `envelope-broken` */
export function openRow(key: AuditKey, row: AuditRow): OpenRow {
  const held = row.sealed && (JSON.parse(key.open('actor', row.position, row.sealed).toString('utf8')) as SealedActor);
  const own = held && 'own' in held && held.own !== undefined ? Buffer.from(held.own, 'base64url') : null;
  return {
    row,
    trace: held && 'email' in held ? { email: held.email, ip: held.ip, userAgent: held.userAgent } : null,
    actorAlias: held?.alias ?? null,
    own,
    subjects: row.subjects ? unpackAliases(key.open('subjects', row.position, row.subjects)) : [],
  };
}

/** Returns the trace of a row by a person, decrypted with their key. */
export function openOwn(people: PeopleInLog, person: string, { own, trace, row }: OpenRow): Trace | null {
  return own ? people.open(person, row.position, own) : trace;
}
