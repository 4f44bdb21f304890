import { randomBytes, randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NameIndex } from '../../sync/server/core/people/name-index.ts';
import { peopleRoutes } from '../../sync/server/core/people/routes.ts';
import { SessionMemory } from '../../sync/server/platform/access/memory.ts';
import { perform } from '../../sync/server/platform/access/perform.ts';
import type { Services } from '../../sync/server/platform/access/route.ts';
import type { Session } from '../../sync/server/platform/access/session.ts';
import { ensureBuilt } from '../kit/ensure-built.ts';
import { benchLine, interleaved, median, quantile, seededRandom } from './harness.ts';
import { bareList, barePeople, behind, cursor, none, readersAtOnce, signedIn } from './server/api.ts';
import { pageLines } from './server/page.ts';
import { benchServices, fillPeople } from './server/services.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

/** What people at the console wait for: finding someone by name, and the list of people. */
export const group: BenchGroup = {
  name: 'console',
  describe: 'The first page, people found by name among 100,000, and lists of them, beside the same list in bare SQL.',
  leavesOut: 'the network and the browser: database, server and who asks share this machine',
  run: measure,
};

/** Can be lowered for a quick run. */
const people = () => Number(process.env.SMARTPRESENCE_BENCH_PEOPLE ?? 100_000);
const ROUNDS = 101;
/** Searches of each kind, and lists per reader: within what one address may request in a minute. */
const SEARCHES = 100;
const LISTS_EACH = 50;
const READERS = 8;
/** Targets: ms to the first results, the ratio of a list of 100 people to the bare query, lists per second. */
const FIRST_MS = 100;
const RATIO = 2;
const LISTS = 250;

async function* measure({ note }: BenchContext): AsyncIterable<BenchLine> {
  await ensureBuilt(note);
  const count = people();
  const random = seededRandom(1);
  const names = Array.from({ length: count }, () => nameOf(random));
  yield line(
    'memory of the index of names, a person',
    'bytes',
    memoryOf(names),
    'all but the index: what a session has read stays apart, at most 5,000 people',
  );

  const { services, serve, closers, close } = await benchServices('console');
  try {
    const { db } = services;
    const server = await serve();
    note(`filling: ${count} people`);
    const ids = await fillPeople(services, names);

    const browser = await signedIn(server);
    closers.push(browser.close);
    yield* pageLines(server.peopleUrl, browser.cookie);
    const search = (q: string) => browser.post('/api/people/search', { q, limit: 10 });
    const timed = async (work: () => Promise<unknown>) => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    const over = 'nothing of the server: over TLS with a session, audited';
    yield limited(
      `first answer of a session's first search, names still being opened`,
      await timed(() => search('an')),
      'nothing; it has those names alone that were opened by then',
    );
    note('opening the names');
    const opening = performance.now();
    while ((await stateOf(browser, 'an')) !== 'ready') await new Promise((resolve) => setTimeout(resolve, 50));
    yield line(
      `${count} names opened for a session`,
      's',
      (performance.now() - opening) / 1000,
      'what went before the first answer; other requests are served meanwhile',
    );
    const kinds = {
      'a name begun, 2 letters': () => pick(names, random).slice(0, 2),
      'first name and surname': () => pick(names, random),
      'a surname with a typo': () => typo(pick(names, random).split(' ')[1]!, random),
    };
    for (const [kind, query] of Object.entries(kinds)) {
      const times: number[] = [];
      for (let i = -10; i < SEARCHES; i++) {
        const q = query();
        const taken = await timed(() => search(q));
        if (i >= 0) times.push(taken);
      }
      yield limited(`search of ${count} people, ${kind}: p50`, median(times), over);
      yield limited(`search of ${count} people, ${kind}: p95`, quantile(times, 0.95), over);
    }
    const sorted: number[] = [];
    for (let i = 0; i < ROUNDS; i++)
      sorted.push(
        await timed(() =>
          browser.get('/api/people', {
            sort: 'name',
            limit: '100',
            cursor: cursor(['name', (i * 97 * 100) % (count - 200), randomUUID()]),
          }),
        ),
      );
    yield line('100 people listed by name: p50', 'ms', median(sorted), over);

    const page = (round: number) => ids[(round * 101) % (count - 200)]!;
    const ask = lists(services);
    const within =
      'TLS, HTTP and looking up the session: from the checked query on; of bare SQL opening and audit as well';
    const bare = 'the same list by bare SQL, neither opened nor audited';
    const list = await interleaved(
      {
        first: (round) => ask(page(round + 50)),
        bare: (round) => bareList(db, page(round + 50)),
        rows: (round) => barePeople(db, page(round + 50)),
        again: () => ask(page(7)),
      },
      { rounds: ROUNDS, warmUp: 50 },
    );
    const beside = (name: string, ours: number[], bar?: number) =>
      benchLine({
        ...{ group: 'console', name, unit: 'ms', ours: median(ours), reference: bare, better: 'lower' },
        referenceValue: median(list.bare),
        leavesOut: within,
        ...(bar !== undefined && { bar }),
      });
    yield beside('100 people listed, for the first time in a session', list.first);
    yield beside('100 people listed, read before in the session', list.again, RATIO);
    yield line(
      '100 rows of the table of people alone, by bare SQL',
      'ms',
      median(list.rows),
      'of a list also sites, templates and consents',
    );

    const load = none();
    // Simulates people who work on the same pages for a while: each page is opened once beforehand.
    const listed = (reader: number, i: number) =>
      browser.get('/api/people', { limit: '100', cursor: behind(page(reader * 5 + (i % 10))) });
    await readersAtOnce(none(), listed, 10);
    await readersAtOnce(load, listed, LISTS_EACH);
    yield benchLine({
      ...{ group: 'console', name: `lists of 100 people a second, ${READERS} readers at once`, unit: 'lists/s' },
      ...{
        ours: load.times.length / load.seconds,
        reference: 'promise',
        referenceValue: LISTS,
        better: 'higher',
        bar: 1,
      },
      leavesOut:
        'opening: 45 pages that the session has read before; TLS, sessions and audit are in it, the readers’ TLS too',
    });
  } finally {
    await close();
  }
}

const line = (name: string, unit: string, ours: number, leavesOut: string): BenchLine =>
  benchLine({ group: 'console', name, unit, ours, reference: null, referenceValue: null, better: 'lower', leavesOut });

const limited = (name: string, ours: number, leavesOut: string): BenchLine =>
  benchLine({
    ...{ group: 'console', name, unit: 'ms', ours, reference: 'promise', referenceValue: FIRST_MS, better: 'lower' },
    bar: 1,
    leavesOut,
  });

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!;

const SYLLABLES =
  'ba be bo da de do fa ga ha he hi ja ka ke ki la le li lo ma me mi mo na ne ni no ra re ri ro sa se si ta te to va we zi'.split(
    ' ',
  );

/** A few hundred first names and tens of thousands of surnames, as in a large city. */
function nameOf(random: () => number): string {
  const word = (syllables: number) => {
    const text = Array.from({ length: syllables }, () => pick(SYLLABLES, random)).join('');
    return text[0]!.toUpperCase() + text.slice(1);
  };
  return `${word(2)} ${word(3)}${pick(['', 'r', 'n', 'ck', 'sky', 'mann'], random)}`;
}

function typo(word: string, random: () => number): string {
  const at = 1 + Math.floor(random() * (word.length - 2));
  return word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
}

/** Heap bytes per person that the index uses. */
function memoryOf(names: readonly string[]): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const index = new NameIndex();
  // Strings in one piece, as a database driver makes them.
  for (const name of names) index.set(Buffer.from(randomUUID()).toString('latin1'), 1, name);
  index.sorted({ after: null, limit: 1, among: null, down: false });
  collect();
  return (process.memoryUsage().heapUsed - before) / index.size;
}

async function stateOf(browser: Awaited<ReturnType<typeof signedIn>>, q: string): Promise<string> {
  const answer = await browser.post('/api/people/search', { q });
  return String((answer as { state?: unknown }).state);
}

/** Lists people as the listener does, from the query on, for one session. */
function lists(services: Services) {
  const memory = new SessionMemory();
  const spec = peopleRoutes.find((r) => r.path === '/api/people' && r.method === 'GET')!;
  const now = services.now();
  const session: Session = {
    ...{ hash: randomBytes(32), role: 'staff', account: randomUUID(), person: null, stage: 'full' },
    ...{ email: 'bench@example.org', idleEndsAt: now, expiresAt: now },
  };
  const actor = {
    role: 'staff',
    id: session.account,
    email: session.email,
    ip: '127.0.0.1',
    userAgent: 'bench',
  } as const;
  return (after: string) =>
    perform({ ...services, memory }, spec, {
      ...{ params: {}, query: spec.query!.parse({ limit: 100, cursor: behind(after) }), body: undefined },
      ...{ actor, session, now: new Date(), prepared: null, idempotencyKey: null, url: spec.path },
    });
}
