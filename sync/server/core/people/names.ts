import { setImmediate as breathe } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Kept } from '../../platform/access/memory.ts';
import type { Before } from '../../platform/access/route.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { audited } from '../../platform/audit/opened.ts';
import { horizon } from '../../platform/database/feed.ts';
import { idsOf } from '../../platform/database/rows.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { livingPeople } from './living.ts';
import { NameIndex } from './name-index.ts';
import { namesOf } from './records.ts';

/** Most people whose names are kept in memory, about 370 bytes each (`npm run bench -- console`). */
const MAX_PEOPLE = 250_000;
/** Names decrypted at a time, during which other requests wait. */
const AT_ONCE = 100;

/**
 * Index of everybody's name, decrypted once for signed-in users who may see names, so that people can be found by encrypted
 * names. It holds only folded words and ids: people who are found are read from the database before they are shown. Decrypting
 * leaves a row in the audit log, as every search does.
 */
export class Names implements Kept {
  readonly index = new NameIndex();
  readonly #o: NamesContext;
  readonly #max: number;
  /** Changes from here on have not been read (platform/database/feed.ts). */
  #horizon = 0;
  #state: NamesState = 'reading';
  #going: Promise<void> = Promise.resolve();

  constructor(o: NamesContext, max = MAX_PEOPLE) {
    this.#o = o;
    this.#max = max;
  }

  /** `reading`: not everybody is indexed yet. `too-many`: not everybody will be. */
  get state(): NamesState {
    return this.#state;
  }

  /** Reads changes; the first time, everybody. Calls run one after another, so each sees what was committed before it. */
  refresh(): Promise<void> {
    this.#going = this.#going
      .catch(() => undefined)
      .then(() => (this.#state === 'reading' ? this.#readAll() : this.#readChanged()));
    return this.#going;
  }

  async #readAll(): Promise<void> {
    const { db, keys, now, actor } = this.#o;
    // Changes made meanwhile are read afterwards.
    this.#horizon = await horizon(db);
    await audited(db, keys, { actor, route: 'names opened for search', everyone: true }, now(), async (opened) => {
      for (let after: string | null = null; ; ) {
        const page = livingPeople(db).select('row_version as version').orderBy('id').limit(AT_ONCE);
        const people: readonly PersonState[] = await (after ? page.where('id', '>', after) : page).execute();
        await this.#take(people, (ids) => opened.note('person.name', ids));
        if (this.#state === 'too-many') return;
        if (people.length < AT_ONCE) break;
        after = people.at(-1)!.id;
        await breathe();
      }
    });
    await this.#readChanged();
    if (this.#state === 'reading') this.#state = 'ready';
  }

  async #readChanged(): Promise<void> {
    const { db } = this.#o;
    const next = await horizon(db);
    const { rows: changed } = await sql<PersonState>`
      select id, case when deleted_at is null and merged_into is null then row_version end as version
      from person where change >= ${this.#horizon}::bigint`.execute(db);
    for (let i = 0; i < changed.length; i += AT_ONCE) await this.#take(changed.slice(i, i + AT_ONCE));
    // Set only now: if decrypting failed, the same changes are read again the next time.
    this.#horizon = next;
  }

  async #take(people: readonly PersonState[], note: (ids: readonly string[]) => void = () => undefined): Promise<void> {
    for (const { id, version } of people) if (version === null) this.index.delete(id);
    const other = people.filter(({ id, version }) => version !== null && !this.index.has(id, version));
    const ids = idsOf(other);
    note(ids);
    const names = await this.#open(ids);
    const count = ids.length - names.size;
    if (count > 0)
      this.#o.log.error({ code: 'names-not-readable', count }, "people can't be decrypted, so no search finds them");
    for (const { id, version } of other) {
      this.index.delete(id);
      const name = names.get(id);
      if (name === undefined) continue;
      if (this.index.size >= this.#max) this.#state = 'too-many';
      else this.index.set(id, version!, name);
    }
  }

  /** Returns names, '' for people without one. People whose row can't be decrypted are absent, so that all others are found. */
  async #open(ids: readonly string[]): Promise<Map<string, string>> {
    const { db, keys } = this.#o;
    try {
      const names = await namesOf(db, keys, ids);
      return new Map(ids.map((id) => [id, names.get(id) ?? '']));
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause;
      if (ids.length === 1) return new Map();
      const half = ids.length >>> 1;
      return new Map([...(await this.#open(ids.slice(0, half))), ...(await this.#open(ids.slice(half)))]);
    }
  }
}

/** Whether a row itself can't be decrypted, by us or by pgcrypto (39000), so that a retry would fail again. */
const isUnreadable = (cause: unknown): boolean =>
  ['envelope-broken', 'person-key-destroyed', '39000'].includes((cause as { code?: string } | null)?.code ?? '');

interface PersonState {
  readonly id: string;
  /** Null if erased or merged into another. */
  readonly version: number | null;
}

interface NamesContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly log: Logger;
  readonly now: () => Date;
  /** Who first needed the names, for the audit log. */
  readonly actor: Actor;
}

export type NamesState = 'reading' | 'ready' | 'too-many';

/** Returns a person's place in the order of names; undefined if they are not in the index. */
export type Rank = (person: string) => number | undefined;

/** Returns places in the order of names. Decrypts everybody's name first, unless that was already done. */
export async function rankByName(call: Parameters<typeof namesFor>[0]): Promise<Rank> {
  const names = namesFor(call);
  await names.refresh();
  return (person) => names.index.rank(person);
}

/** Returns the shared index, kept while anyone who used it is signed in. Without a session, one for this request alone. */
export function namesFor({
  services,
  session,
  actor,
}: Pick<Before<unknown, unknown, unknown>, 'services' | 'session' | 'actor'>): Names {
  const { db, keys, log, now, memory } = services;
  const make = () => new Names({ db, keys, log, now, actor });
  return session && memory ? memory.keep(session, 'names of people', make, { shared: true }) : make();
}
