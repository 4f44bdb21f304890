import { randomUUID } from 'node:crypto';
import { beforeEach } from 'vitest';
import type { Change } from '../../../sync/protocol/wire/changes.ts';
import type { TemplateValue } from '../../../sync/protocol/wire/event.ts';
import type { ServerKeys } from '../../../sync/protocol/wire/keys.ts';
import { erasureState as stateOf } from '../../../sync/server/features/privacy/erasure/read.ts';
import type { OpenDatabase } from '../../../sync/server/platform/database/open.ts';
import { openHalf } from '../../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../../sync/server/platform/keys/persons.ts';
import type { TestDatabase } from '../../kit/databases.ts';
import { temporaryFolder } from '../../kit/folder.ts';
import { newKeys } from '../../kit/keys.ts';
import { type ChangesPage, KnownKiosk, registerKiosk } from '../../kit/known-kiosk.ts';
import { withDatabase } from '../../kit/suite.ts';
import { type Erasing, erasing } from '../erasing.ts';

/* The change log as kiosks read it: the server's code on a real database, and kiosks that call it directly, without a network. */

export const keys = newKeys();
/** The database that `onDatabase` opened. */
export let database: OpenDatabase;
export let erasures: Erasing;
export const erasureState = (db: OpenDatabase['db'], request: string) => stateOf(db, request, new Date());

/** Each test has its own site, so none sees another's people. */
export let site: string;

export async function newSite(): Promise<string> {
  const id = randomUUID();
  await database.db.insertInto('site').values({ id, name: 'Site', time_zone: 'Europe/Berlin' }).execute();
  return id;
}

/** A registered kiosk of a site, with what it has learned from the server's pages. */
export class Kiosk extends KnownKiosk {
  readonly people = new Map<string, Extract<Change, { kind: 'person' }>>();
  readonly templates = new Map<string, TemplateValue[]>();
  readonly erased: string[] = [];
  policy: unknown = null;
  keys: ServerKeys | null = null;
  /** Number of changes in the largest page. */
  largestPage = 0;
  wholes = 0;
  #seen = new Set<string>();

  static async at(where: string | null, status: 'approved' | 'revoked' = 'approved'): Promise<Kiosk> {
    const { db, logEpoch } = database;
    return new Kiosk({ db, keys, logEpoch }, await registerKiosk(db, { site: where, status }));
  }

  override apply(page: ChangesPage): void {
    this.largestPage = Math.max(this.largestPage, page.changes.length);
    if (page.first) {
      this.#seen = new Set();
      this.wholes += 1;
    }
    for (const change of page.changes) {
      if (change.kind === 'person') this.people.set(change.person, change);
      if (change.kind === 'templates') this.templates.set(`${change.person} ${change.model}`, change.templates);
      if (change.kind === 'removed' || change.kind === 'erase') this.#forget(change.person);
      if (change.kind === 'erase') this.erased.push(change.request);
      if (change.kind === 'policy') this.policy = change.policy;
      if (change.kind === 'keys') this.keys = change.keys;
      if ('person' in change) this.#seen.add(change.person);
    }
    if (page.whole && !page.more)
      for (const person of [...this.people.keys()]) if (!this.#seen.has(person)) this.#forget(person);
    super.apply(page);
  }

  #forget(person: string): void {
    this.people.delete(person);
    for (const key of [...this.templates.keys()]) if (key.startsWith(person)) this.templates.delete(key);
  }

  /** Enrols someone. @returns the person */
  enrol(name: string, o: { consent?: boolean; count?: number; id?: string } = {}): string {
    return this.box.enrol(name, { number: '1001', ...o });
  }
}

export const names = (kiosk: Kiosk) => [...kiosk.people.values()].map((p) => p.name).sort();
export const rows = (person: string) =>
  database.db.selectFrom('template').selectAll().where('person', '=', person).execute();
/** Returns what the event log still holds of a person's templates. */
export const inEventLog = async (person: string) => {
  const events = await database.db
    .selectFrom('event')
    .select(['id', 'person', 'personal', 'gps'])
    .where('person', '=', person)
    .where('type', '=', 'template')
    .execute();
  const box = await personBox(database.db, keys, [person]);
  return events.filter((e) => 'templates' in openHalf(keys, box, e)).length;
};

/** Opens this database for all tests of the group and gives each test its own site. */
export function onDatabase(kind: Pick<TestDatabase, 'unavailable' | 'start'>): void {
  withDatabase(kind, async (opened, undo) => {
    database = opened;
    const tombstones = undo.use(temporaryFolder());
    erasures = await erasing(database.db, keys, tombstones.path);
  });
  beforeEach(async () => {
    site = await newSite();
  });
}
