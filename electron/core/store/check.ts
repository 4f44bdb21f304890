import { closeSync, fstatSync, openSync } from 'node:fs';
import { Problem } from '../../../sync/errors/problem.ts';
import { commit, headerHash } from '../../../sync/protocol/seal/chain.ts';
import { EventHeader, GENESIS } from '../../../sync/protocol/wire/event.ts';
import type { KioskKeys, StoreKeySet } from '../keys/index.ts';
import { typeCode } from './compact.ts';
import { asProblem } from './database.ts';
import type { Epoch, EventRow } from './events.ts';
import { storeFile } from './files.ts';
import { PAGE_BYTES, readPages } from './pages.ts';
import { pendingAddresses } from './pending.ts';
import type { SqlStore } from './store.ts';

export interface CheckProblem {
  /** kebab-case and stable. */
  readonly code: string;
  /** What is wrong, and where. Names nobody. */
  readonly detail: string;
}

export interface CheckReport {
  /** Pages of the file, each authenticated. */
  readonly pages: number;
  readonly events: number;
  /** Personal values that still exist, each compared with its commitment. */
  readonly values: number;
  readonly people: number;
  readonly templates: number;
  readonly photos: number;
  readonly problems: readonly CheckProblem[];
}

/** For long-running work: reports progress periodically. */
export interface WorkOptions {
  /** Called periodically. */
  readonly progress?: (done: number, total: number, what: string) => void;
  /** Called before and after a part that blocks this process, which takes minutes for a large store on a slow disk. */
  readonly busy?: ((busy: boolean) => Promise<void>) | undefined;
}

/** Rows processed between two turns of the event loop: a running kiosk must keep accepting check-ins. */
const BATCH = 256;
const nextTick = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Check {
  readonly store: SqlStore;
  readonly found: (code: string, detail: string) => void;
  /** Runs one part of the check. Null if it failed, which is then reported as a problem. */
  readonly attempt: <T>(what: string, work: () => T) => T | null;
  /** Reports that this part of the check failed, under the error's own code. */
  readonly failed: (what: string, error: unknown) => void;
  readonly progress: NonNullable<WorkOptions['progress']>;
}

/**
 * Checks a store completely: every page of the file (its HMAC, free pages too), SQLite's structure, the chain of events, each
 * personal value against its commitment, the outbox, templates, PINs, cards and badges, and every photo.
 */
export async function checkStore(store: SqlStore, options: WorkOptions = {}): Promise<CheckReport> {
  const problems: CheckProblem[] = [];
  const check: Check = {
    store,
    found: (code, detail) => void problems.push({ code, detail }),
    attempt(what, work) {
      try {
        return work();
      } catch (error) {
        check.failed(what, error);
        return null;
      }
    },
    failed(what, error) {
      const problem = asProblem(error) as { code?: unknown; message?: string };
      check.found(typeof problem.code === 'string' ? problem.code : 'unreadable', `${what}: ${problem.message}`);
    },
    progress: options.progress ?? (() => undefined),
  };
  const pages = await checkPages(check);
  await options.busy?.(true);
  check.attempt('structure', () => {
    const { db } = store.session;
    for (const line of db.prepare('PRAGMA integrity_check(20)').pluck().all() as string[])
      if (line !== 'ok') check.found('structure-damaged', line);
    for (const row of db.pragma('foreign_key_check') as { table: string }[])
      check.found('reference-broken', `a row of ${row.table} refers to a missing row`);
  });
  await options.busy?.(false);
  const chain = await checkChain(check);
  check.attempt('outbox', () => checkOutbox(check));
  const people = await checkPeople(check);
  const waiting = await checkPending(check);
  const photos = waiting.size + (await checkPhotos(check, waiting));
  return { pages, ...chain, ...people, photos, problems };
}

/**
 * Checks only the pages of a store that can no longer be opened, and reports which are damaged. Reads only. The store must not be
 * open in this process.
 */
export async function checkClosedStore(home: string, keys: KioskKeys, options: WorkOptions = {}): Promise<CheckReport> {
  const problems: CheckProblem[] = [];
  const found: Check['found'] = (code, detail) => void problems.push({ code, detail });
  const handle = openSync(storeFile(home), 'r');
  try {
    const pages = await checkPagesOf(handle, keys.current, { found, progress: options.progress ?? (() => undefined) });
    if (fstatSync(handle).size % PAGE_BYTES !== 0)
      found('length-wrong', `the file is not whole pages of ${PAGE_BYTES} bytes`);
    return { pages, events: 0, values: 0, people: 0, templates: 0, photos: 0, problems };
  } finally {
    closeSync(handle);
  }
}

async function checkPages(check: Check): Promise<number> {
  const { store, attempt } = check;
  attempt('log', () => store.scrubLog()); // bring everything into the file first
  const { handle } = store.connection;
  attempt('length', () => {
    const expected = store.session.db.pragma('page_count', { simple: true }) as number;
    if (fstatSync(handle).size !== expected * PAGE_BYTES)
      check.found('length-wrong', `the file should have ${expected} pages of ${PAGE_BYTES} bytes`);
  });
  return checkPagesOf(handle, store.parts.keys.current, check);
}

async function checkPagesOf(
  handle: number,
  keys: StoreKeySet,
  { found, progress }: Pick<Check, 'found' | 'progress'>,
): Promise<number> {
  const pages = Math.floor(fstatSync(handle).size / PAGE_BYTES);
  for (const { number, genuine } of readPages(handle, keys.subkey('pages'))) {
    if (!genuine) found('page-damaged', `page ${number} of ${pages}`);
    if (number % BATCH === 0) {
      progress(number, pages, 'pages');
      await nextTick();
    }
  }
  return pages;
}

async function checkChain({ store, found, attempt, progress }: Check): Promise<{ events: number; values: number }> {
  const { sql, log, values } = store.session;
  let events = 0;
  let valueCount = 0;
  let previous: { row: EventRow; hash: string } | null = null;
  const last = log.last;
  const select = 'SELECT * FROM whole_event WHERE n > ? AND n <= ? ORDER BY n LIMIT ?';
  let after = 0;
  for (;;) {
    const rows = attempt('events', () => sql.rows<EventRow>(select, after, last, BATCH)) ?? [];
    for (const row of rows) {
      events++;
      attempt(`event ${row.n}`, () => {
        const epoch = log.epochOf(row.epoch);
        checkPosition(row, epoch, previous?.row ?? null, found);
        const expected = prevOf(row, epoch, previous);
        const header = { ...log.headerOf(row), prev: expected };
        EventHeader.parse(header);
        const hash = headerHash(header);
        if (hash !== row.digests.toString('base64url', 0, 32))
          found('chain-broken', `event ${row.n}: its header was altered`);
        previous = { row, hash: row.digests.toString('base64url', 0, 32) };
        for (const { field, salt, text } of values.of(row)) {
          valueCount++;
          if (header.commitments[field] !== commit(Buffer.from(salt).toString('base64url'), JSON.parse(text)))
            found('commitment-broken', `event ${row.n}: ${field} does not match its commitment`);
        }
      });
    }
    const end = rows.at(-1)?.n;
    if (end === undefined) break;
    after = end;
    progress(events, Math.max(events, last), 'events');
    await nextTick();
  }
  const kept = last - (log.epoch.base + log.epoch.trimmed);
  if (kept > 0 && after !== last) found('events-missing', `the newest event should be number ${last}, not ${after}`);
  return { events, values: valueCount };
}

/** Numbers are consecutive; an epoch starts after its base, or after what was trimmed. */
function checkPosition(row: EventRow, epoch: Epoch, previous: EventRow | null, found: Check['found']): void {
  const first = epoch.base + epoch.trimmed + 1;
  const expected = previous?.epoch === row.epoch ? previous.n + 1 : first;
  if (row.n !== expected) found('events-missing', `event ${expected} to ${row.n - 1}`);
}

function prevOf(row: EventRow, epoch: Epoch, previous: { row: EventRow; hash: string } | null): string {
  if (row.n === epoch.base + 1) return GENESIS;
  if (previous?.row.epoch === row.epoch) return previous.hash;
  return epoch.anchor?.toString('base64url') ?? GENESIS;
}

/** Checks that the server's marks are plausible, and references that are not foreign keys. */
function checkOutbox({ store, found }: Check): void {
  const { sql, log } = store.session;
  const count = (select: string) => sql.value<number>(select)!;
  for (const [i, epoch] of log.epochs.entries()) {
    const made = (log.epochs[i + 1]?.base ?? log.last) - epoch.base;
    const { committed, safe, trimmed } = epoch;
    if (!(trimmed <= safe && safe <= committed && committed <= made))
      found(
        'outbox-marks',
        `epoch ${epoch.ref}: ${made} events, ${committed} committed, ${safe} safe, ${trimmed} trimmed`,
      );
  }
  const unsent = count('SELECT count(*) FROM outbox');
  if (unsent !== store.outbox.count())
    found('outbox-incomplete', `${unsent} of ${store.outbox.count()} events to send are present`);
  const dangling = count(`SELECT count(*) FROM event WHERE epoch NOT IN (SELECT ref FROM epoch)
    OR boot NOT IN (SELECT ref FROM boot) OR (shared IS NOT NULL AND shared NOT IN (SELECT ref FROM shared_open))
    OR (own IS NULL) = (shared IS NULL) OR (person IS NOT NULL AND person NOT IN (SELECT ref FROM person))`);
  if (dangling > 0) found('reference-broken', `${dangling} events refer to missing rows`);
  const stray = count(
    `SELECT count(*) FROM checkin_note JOIN event USING (n) WHERE event.type <> ${typeCode('checkin')}`,
  );
  if (stray > 0) found('checkin-stray', `${stray} notes of check-ins belong to other events`);
}

async function checkPeople({ store, found, attempt, progress }: Check): Promise<{ people: number; templates: number }> {
  const { people } = store.session;
  const { secrets } = people;
  let templates = 0;
  const all = people.all();
  for (const [i, person] of all.entries()) {
    attempt(`templates of person ${person.ref}`, () => {
      const own = secrets.everyTemplateOf(person);
      templates += own.length;
      if (own.length !== person.templates) found('templates-miscounted', `person ${person.ref}`);
    });
    attempt(`cards and badges of person ${person.ref}`, () => secrets.credentialsOf(person));
    attempt(`the code for a PIN of person ${person.ref}`, () => secrets.pinCodeOf(person, 0));
    attempt(`card of person ${person.ref}`, () => secrets.cardTemplateOf(person));
    attempt(`PIN of person ${person.ref}`, () => secrets.pinHash(person));
    attempt(`photos key of person ${person.ref}`, () => people.photosKey(person));
    if (i % BATCH === BATCH - 1) {
      progress(i + 1, all.length, 'people');
      await nextTick();
    }
  }
  return { people: all.length, templates };
}

/** Checks that each picture waiting for staff can be opened. Returns their addresses. */
async function checkPending({ store, attempt, failed }: Check): Promise<ReadonlySet<string>> {
  const waiting = attempt('pictures that wait', () => ({
    addresses: pendingAddresses(store.session.sql),
    photos: store.imports.list(),
  }));
  for (const { id } of waiting?.photos ?? []) {
    try {
      await store.imports.open(id);
    } catch (error) {
      if (isCode(error, 'review-photo-unknown')) continue; // decided while we were reading
      failed('a picture that waits', error);
    }
  }
  return new Set(waiting?.addresses);
}

async function checkPhotos(
  { store, found, attempt, failed, progress }: Check,
  waiting: ReadonlySet<string>,
): Promise<number> {
  const { sql } = store.session;
  const rows = attempt('photos', () =>
    sql.rows<{ n: number; address: Buffer }>('SELECT n, address FROM photo ORDER BY n'),
  );
  if (!rows) return 0; // it is unknown which photos there should be
  const known = new Set<string>(waiting);
  for (const [i, { n, address }] of rows.entries()) {
    const text = address.toString('base64url');
    known.add(text);
    try {
      await store.photos.open(text);
    } catch (error) {
      // Deleted or purged while the check was running: no longer a photo to check.
      if (isCode(error, 'photo-unknown')) continue;
      failed(`photo of event ${n}`, error);
    }
    if (i % 16 === 15) progress(i + 1, rows.length, 'photos');
  }
  const strays = store.parts.vault
    .list()
    .filter((address) => !known.has(address) && !store.parts.vault.underWay.has(address));
  for (const address of strays) {
    // It may have been recorded while the check was running.
    attempt('photos', () => {
      const bytes = Buffer.from(address, 'base64url');
      const recorded = 'SELECT 1 FROM photo WHERE address = ? UNION SELECT 1 FROM pending_photo WHERE address = ?';
      if (!sql.row(recorded, bytes, bytes))
        found('photo-stray', 'a file in storage/faces belongs to no record; the next start removes it');
    });
  }
  return rows.length;
}

const isCode = (error: unknown, code: string): boolean => error instanceof Problem && error.code === code;
