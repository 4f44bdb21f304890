import { type PeopleInLog, type Trace, unpackAliases } from './aliases.ts';
import type { AuditKey } from './keys.ts';
import type { AuditRow } from './row.ts';
import type { SealedActor } from './write.ts';

/** A row with its envelopes decrypted, as far as possible. */
export interface OpenRow {
  readonly row: AuditRow;
  /** Null: nothing was noted, or it is a person's and their key was not at hand or is destroyed. */
  readonly trace: Trace | null;
  /** Of a person who did it themselves: alias of the day, base64url. */
  readonly actorAlias: string | null;
  /** What only that person's key opens. */
  readonly own: Uint8Array | null;
  /** Aliases of those it was about, base64url. */
  readonly subjects: readonly string[];
}

/** @throws Problem `envelope-broken` */
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

/** The trace of a person whose key is at hand. */
export function openOwn(people: PeopleInLog, person: string, { own, trace, row }: OpenRow): Trace | null {
  return own ? people.open(person, row.position, own) : trace;
}
