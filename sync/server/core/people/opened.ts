import type { KeyObject } from 'node:crypto';
import { sql } from 'kysely';
import type { Kept } from '../../platform/access/memory.ts';
import type { Services } from '../../platform/access/route.ts';
import type { Session } from '../../platform/access/session.ts';
import type { Db } from '../../platform/database/schema.ts';
import { auditRootsOf, noteAuditRoots } from '../../platform/keys/persons.ts';
import type { PersonRow, Values } from './rows.ts';

/** Most people kept per session, about 1 kB each. */
const MAX_PEOPLE = 5_000;

interface Known {
  readonly rowVersion: number;
  readonly values: Values;
  /** Key that identifies the person in the audit log. */
  readonly root: KeyObject;
}

/**
 * Decrypted people that a session was shown, so that reloading a page need not decrypt them again. An entry is used only if the
 * same request has read that the person exists in that version: an erasure changes this and destroys their key in one
 * transaction. Every read is audited like any other.
 */
export class OpenedPeople implements Kept {
  /** Oldest entry first. */
  readonly #people = new Map<string, Known>();
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Returns kept values of these people. Those who were not decrypted yet, or have another version now, are absent. */
  take(tx: Db, people: readonly { readonly id: string; readonly version: number }[]): Map<string, Values> {
    const taken = new Map<string, Values>();
    const roots = new Map<string, KeyObject>();
    for (const { id, version } of people) {
      const known = this.#people.get(id);
      if (known?.rowVersion !== version) continue;
      taken.set(id, known.values);
      roots.set(id, known.root);
    }
    noteAuditRoots(tx, [...roots.keys()], (id) => roots.get(id)!);
    return taken;
  }

  put(tx: Db, { id, rowVersion, values }: Pick<PersonRow, 'id' | 'rowVersion' | 'values'>): void {
    const root = auditRootsOf(tx).get(id);
    if (!root) return;
    this.#people.delete(id);
    this.#people.set(id, { rowVersion, values, root });
    if (this.#people.size > MAX_PEOPLE) this.#people.delete(this.#people.keys().next().value!);
  }

  has(person: string): boolean {
    return this.#people.has(person);
  }

  async refresh(): Promise<void> {
    const { rows } = await sql<{ id: string; version: number }>`
      select id, row_version as version from person
      where id = any(${[...this.#people.keys()]}::uuid[]) and deleted_at is null`.execute(this.#db);
    const there = new Map(rows.map((r) => [r.id, r.version]));
    for (const [id, { rowVersion }] of this.#people) if (there.get(id) !== rowVersion) this.#people.delete(id);
  }
}

/** Returns a session's decrypted people. Undefined: none are kept. */
export const openedFor = ({ memory, db }: Services, session: Session | null): OpenedPeople | undefined =>
  session ? memory?.keep(session, 'opened people', () => new OpenedPeople(db)) : undefined;
