import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { SERVED } from '../../sync/server/app/served.ts';
import { releaseHold } from '../../sync/server/core/people/holds.ts';
import { runErasures } from '../../sync/server/features/privacy/erasure/steps.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newListener, type PeopleListener } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Erasing, erasing } from '../sync/erasing.ts';
import { openedUnderEnvironment } from './erasure-search.ts';
import { countStatements, type HoldAt, heldUp, interleave } from './interleave.ts';
import { EXCUSED, NAME, type Office, officeOn, SCENARIOS, type Write } from './person-writes.ts';

/**
 * Every write about a person, interleaved with their erasure: the erasure arrives while the write is open, after each of its
 * statements until it has to wait for it, and the write arrives while the erasure is open. Whichever is first, after the
 * certificate nothing of the person is left. The embedded database has one connection, so there each waits for the other.
 */

/** What is kept of someone who was erased: the fact, and what kiosks and webhook receivers get of it. */
const STAYS = new Set(['change', 'erasure', 'person', 'webhook_delivery']);

describe.each(DATABASES)('a write about a person and their erasure, on $name', (kind) => {
  let database: OpenDatabase;
  let web: PeopleListener;
  let office: Office;
  let erasures: Erasing;
  let tables: { name: string; root: string }[];
  const home = temporaryFolder();
  withDatabase(kind, async (opened, undo, host) => {
    undo.defer(() => home.remove());
    database = heldUp(opened);
    // Each certificate waits for a checkpoint. What a power cut leaves of it is tested elsewhere.
    for (const text of ['alter system set fsync = off', 'select pg_reload_conf()']) host.postgres?.sql(text);
    web = undo.use(await newListener(database, { env: { SMARTPRESENCE_ERASURE_UNDO_DAYS: '0' } }));
    office = await officeOn(web);
    erasures = await erasing(database.db, web.keys, home.path, { now: () => web.now });
    ({ rows: tables } = await sql<{ name: string; root: string }>`
      select format('%I.%I', n.nspname, c.relname) as name, coalesce(pg_partition_root(c.oid), c.oid)::regclass::text as root
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('public', 'keyring')`.execute(database.db));
  });

  /** Asks for an erasure and carries it on until the person's key is destroyed: what follows only tidies up. */
  async function eraseUntilClosed(person: string): Promise<void> {
    const closed = new AbortController();
    await office.requestErasure(person);
    const notify = (what: string) => void (what === 'change' && closed.abort());
    try {
      await runErasures({ ...erasures.context, notify, signal: closed.signal });
    } catch (cause) {
      if (!closed.signal.aborted) throw cause;
    }
  }

  /** One order of the two. @returns whether the second had to wait, and what is wrong afterwards */
  async function cell(write: Write, at: HoldAt): Promise<{ waited: boolean; wrong: string[] }> {
    const erase = () => eraseUntilClosed(write.person);
    const ran =
      at === 'keys-destroyed'
        ? await interleave(database, { work: erase, at }, write.send)
        : await interleave(database, { work: write.send, at }, erase);
    const thrown = [ran.first, ran.second].flatMap((end) => ('thrown' in end ? [String(end.thrown)] : []));
    return { waited: ran.waited, wrong: [...thrown, ...(await finish(write))] };
  }

  /** Carries the erasure on to its certificate. @returns what is left of the people erased */
  async function finish({ person, others = [] }: Write): Promise<string[]> {
    const held = await database.db.selectFrom('retention_hold').select('id').where('released_at', 'is', null).execute();
    for (const { id } of held) await database.db.transaction().execute((tx) => releaseHold(tx, id, 'test', web.now));
    // What waited for a hold is looked at again an hour later.
    const now = () => new Date(web.now.getTime() + 3_600_000);
    await runErasures(held.length > 0 ? { ...erasures.context, now } : erasures.context);
    return leftOf([person, ...others]);
  }

  /** Tables in which anything is left of those of these people who were erased. */
  async function leftOf(people: readonly string[]): Promise<string[]> {
    const { rows: erased } = await sql<{ id: string; certified: boolean }>`
      select p.id, exists (select from erasure e join erasure_step s on s.request = coalesce(e.part_of, e.request)
                           where e.person = p.id and s.step = 'certificate' and s.done_at is not null) as certified
      from person p where p.id = any(${[...people]}::uuid[]) and p.deleted_at is not null`.execute(database.db);
    const left = erased.flatMap((p) => (p.certified ? [] : ['no certificate']));
    if (erased.length === 0) return ['nobody was erased'];
    for (const { name, root } of tables) {
      const { rows } = await sql<{ there: boolean }>`select exists (
        select from ${sql.raw(name)} t, unnest(${erased.map((p) => p.id)}::text[]) as u (person)
        where strpos(t::text, u.person) > 0) as there`.execute(database.db);
      if (rows[0]!.there && !STAYS.has(root)) left.push(root);
    }
    return left;
  }

  const named = SCENARIOS.map((s) => [s.what ? `${s.route} (${s.what})` : s.route, s] as const);
  test.each(named)(
    '%s',
    async (_, { make }) => {
      const alone = await make(office);
      let refused: string | null = 'not sent';
      const statements = await countStatements(async () => {
        refused = await alone.send();
      });
      // As a request of its own it succeeds: what is interleaved below is a write.
      expect(refused).toBeNull();
      await eraseUntilClosed(alone.person);
      const wrong = (await finish(alone)).map((what) => `one after the other: ${what}`);
      const run = async (at: HoldAt, how: string) => {
        const { waited, wrong: found } = await cell(await make(office), at);
        wrong.push(...found.map((what) => `${how}: ${what}`));
        return waited;
      };
      await run('keys-destroyed', 'while the erasure is open');
      // A lock is held to the end: once the erasure waits for the write, it does at every later statement.
      for (let statement = 1; statement < statements; statement++)
        if (await run({ statement }, `the erasure after statement ${statement} of ${statements}`)) break;
      await run({ statement: statements }, 'the erasure after the last statement');
      expect(wrong).toEqual([]);
      expect(await openedUnderEnvironment(database.db, web.keys, [NAME])).toEqual([]);
    },
    300_000,
  );

  // A button pressed twice, two tabs: one of them may be refused, and the server fails neither.
  if (kind.name === 'PostgreSQL')
    test.each(named)('%s, sent twice at once', async (_, { make }) => {
      const { send } = await make(office);
      const statements = await countStatements(send);
      for (let statement = 1; statement <= statements; statement++) {
        const write = await make(office);
        const both = await interleave(database, { work: write.send, at: { statement } }, write.send);
        const failed = [both.first, both.second].flatMap((end) => ('thrown' in end ? [String(end.thrown)] : []));
        expect(failed, `the second after statement ${statement} of ${statements}`).toEqual([]);
        if (both.waited) break;
      }
    });
});

test('every route declared to change personal data is covered here', () => {
  const name = (s: { method: string; path: string }) => `${s.method} ${s.path}`;
  const reading = new Set(['read', 'export', 'decrypt']);
  const ofOthers = /^(account|device|staff|incident|audit|event)\b/;
  const changing = SERVED.filter((s) => !reading.has(s.action));
  const personal = changing.filter(
    (s) => s.path.includes(':person') || s.roles.includes('person') || s.data.some((kind) => !ofOthers.test(kind)),
  );
  const covered = SCENARIOS.map((s) => s.route);
  const excused = Object.keys(EXCUSED);
  expect(personal.length).toBeGreaterThan(40);
  expect(personal.map(name).filter((route) => !covered.includes(route) && !excused.includes(route))).toEqual([]);
  expect([...covered, ...excused].filter((route) => !changing.map(name).includes(route))).toEqual([]);
  expect(excused.filter((route) => covered.includes(route) || route.includes(':person'))).toEqual([]);
});
