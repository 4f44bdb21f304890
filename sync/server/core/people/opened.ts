import type { KeyObject } from 'node:crypto';
import { sql } from 'kysely';
import type { Kept } from '../../platform/access/memory.ts';
import type { Services } from '../../platform/access/route.ts';
import type { Session } from '../../platform/access/session.ts';
import type { Db } from '../../platform/database/schema.ts';
import { auditRootsOf, noteAuditRoots } from '../../platform/keys/persons.ts';
import type { PersonRow, Values } from './rows.ts';

/** People of one session: about 1 kB each. */
const MAX_PEOPLE = 5_000;

interface Known {
  readonly rowVersion: number;
  readonly values: Values;
  /** What names them in the audit log. */
  readonly root: KeyObject;
}

/**
 * People a session was shown, opened, so that a page that is read again is not decrypted again. Each is used only where
 * the database has just said that the person is there, and still in that version: an erasure destroys their key in the
 * transaction that ends this. Every reading is audited as any other.
 */
export class OpenedPeople implements Kept {
  /** The one opened longest ago first. */
  readonly #people = new Map<string, Known>();
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** What is known of these people; those who were not opened yet, or are in another version now, are absent. */
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

/** Those of this session; undefined: nothing is kept for it. */
export const openedFor = ({ memory, db }: Services, session: Session | null): OpenedPeople | undefined =>
  session ? memory?.keep(session, 'opened people', () => new OpenedPeople(db)) : undefined;
