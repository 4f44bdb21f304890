import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import Plain from 'better-sqlite3';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openDatabase } from '../../electron/core/store/database.ts';
import { createStore } from '../../electron/core/store/index.ts';
import type { NewCheckin, Store } from '../../electron/core/store/interface.ts';
import { benchLine, interleavedMedians } from './harness.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

/**
 * Durable check-ins per second. Compares the store as the kiosk uses it (event with id, commitments and chain; check-in row;
 * personal values sealed under the person's key; SQLCipher pages) with two peers that write the same check-in as JSON: an event
 * row and an outbox row in one transaction, WAL with synchronous=FULL. One uses the same cipher with the same settings, which
 * measures the cost of our own work. The other is plain better-sqlite3 without a cipher. They alternate in many short rounds on
 * one disk, so that other load affects all; each number is the median of its rounds. On a RAM disk flushes cost nothing, so only
 * the processor would be measured, and no kiosk runs on one. So the folder is the repository's, and its flush time is measured in
 * the same rounds.
 */
const ROUNDS = 300;
const CHECKINS = 8;
/** Rounds that don't count, until all have been through a checkpoint; from then on SQLite overwrites its log. */
const WARM_UP = 400;
const PHOTO_ROUNDS = 60;
const PHOTOS = 4;
/** Size of a verification photo of 320 pixels at JPEG quality 80. */
const PHOTO_BYTES = 18_000;
/** Minimum share of the rate of the same cipher with the bare rows. */
const BAR = 0.85;
/** Check-ins whose flushes are counted. */
const COUNTED = 50;

const ARTEFACTS = join(import.meta.dirname, '../artefacts');
const STRACE = '/usr/bin/strace';
const CIPHER = 'the same cipher, two bare rows, WAL + FULL';
const PLAIN = 'better-sqlite3 without a cipher, two rows, WAL + FULL';

export const group: BenchGroup = {
  name: 'store',
  describe: 'Durable check-ins a second, beside the same cipher and plain better-sqlite3 doing a two-row transaction.',
  leavesOut: 'recognition, the screen and the sync; the references have no id, chain, commitments or seal',
  run: measure,
};

async function* measure(ctx: BenchContext): AsyncIterable<BenchLine> {
  if (!existsSync(STRACE)) throw new Error(`flushes are counted by ${STRACE} (Debian package strace)`);
  mkdirSync(ARTEFACTS, { recursive: true });
  const folder = mkdtempSync(join(ARTEFACTS, 'bench-store-'));
  try {
    const home = join(folder, 'kiosk');
    const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
    const store = await createStore({ home, keys });
    const { checkin, photo } = await checkinOf(store);
    const plain = twin(new Plain(join(folder, 'plain.db')), checkin);
    const cipher = twin(openDatabase(join(folder, 'cipher.db'), randomBytes(32), 'wal'), checkin);
    try {
      const none = { group: 'store', reference: null, referenceValue: null, better: 'lower' } as const;
      ctx.note(`${ROUNDS} rounds of ${CHECKINS} check-ins each`);
      const flush = flusher(folder);
      const rates = await ratesOf(ROUNDS, CHECKINS, {
        ours: () => store.checkins.record(checkin),
        cipher: async () => cipher.record(),
        plain: async () => plain.record(),
        flush: async () => flush.once(),
      });
      flush.close();
      const flushMs = 1000 / rates.flush;
      const leavesOut = 'a slower flush weighs on all alike and brings the ratios nearer to 1';
      yield benchLine({
        ...none,
        name: 'this disk: 4 KiB overwritten and flushed',
        unit: 'ms',
        ours: flushMs,
        leavesOut,
      });
      const name = `durable check-ins, one flush is ${flushMs.toFixed(2)} ms`;
      yield line(name, rates.ours, CIPHER, rates.cipher, BAR);
      yield line(name, rates.ours, PLAIN, rates.plain);
      const pictures = join(folder, 'pictures');
      mkdirSync(pictures);
      const both = await ratesOf(PHOTO_ROUNDS, PHOTOS, {
        ours: () => store.checkins.record({ ...checkin, photo }),
        plain: async () => {
          await writeDurably(pictures, photo);
          plain.record();
        },
      });
      const peer = 'without a cipher: two rows and a plain file, fsync + rename';
      yield line('durable check-ins with photo', both.ours, peer, both.plain);
      ctx.note(`counts the flushes of ${COUNTED} check-ins`);
      for (const [what, ours] of [
        ['a check-in', () => store.checkins.record(checkin)],
        ['a check-in with photo', () => store.checkins.record({ ...checkin, photo })],
      ] as const)
        yield benchLine({
          ...none,
          name: `flushes ${what}`,
          unit: 'flushes',
          ours: await flushesOf(folder, ours),
          reference: CIPHER,
          referenceValue: await flushesOf(folder, async () => cipher.record()),
          leavesOut: 'checkpoints that did not fall into these check-ins',
        });
    } finally {
      for (const each of [store, plain, cipher]) each.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Check-ins per second of alternating jobs, each run `times` times per round. */
async function ratesOf<K extends string>(
  rounds: number,
  times: number,
  jobs: Readonly<Record<K, () => Promise<unknown>>>,
): Promise<Record<K, number>> {
  const several = (job: () => Promise<unknown>) => async () => {
    for (let i = 0; i < times; i++) await job();
  };
  const tasks = Object.fromEntries(
    Object.entries<() => Promise<unknown>>(jobs).map(([name, job]) => [name, several(job)]),
  ) as Record<K, () => Promise<void>>;
  const taken = await interleavedMedians(tasks, { rounds, warmUp: WARM_UP });
  return Object.fromEntries(Object.entries<number>(taken).map(([name, ms]) => [name, (times * 1000) / ms])) as Record<
    K,
    number
  >;
}

const line = (name: string, ours: number, reference: string, referenceValue: number, bar?: number): BenchLine =>
  benchLine({
    group: 'store',
    name,
    unit: 'check-ins/s',
    ours,
    reference,
    referenceValue,
    better: 'higher',
    ...(bar === undefined ? {} : { bar }),
  });

/** Durably overwrites 4 KiB of its own file, the least that a commit does. */
function flusher(folder: string): { once(): void; close(): void } {
  const file = openSync(join(folder, 'flush'), 'w');
  const page = Buffer.alloc(4096, 1);
  const once = () => {
    writeSync(file, page, 0, page.length, 0);
    fdatasyncSync(file);
  };
  return { once, close: () => closeSync(file) };
}

/** Average number of flushes by this process for one job, counted by its system calls. */
async function flushesOf(folder: string, job: () => Promise<unknown>): Promise<number> {
  const file = join(folder, 'strace');
  const args = ['-f', '-e', 'trace=fsync,fdatasync', '-o', file, '-p', String(process.pid)];
  const tracer: ChildProcess = spawn(STRACE, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(tracer, 'exit');
  const attached = once(tracer.stderr!, 'data').then(([text]) => /attached/.test(String(text)));
  if (!(await Promise.race([attached, exited.then(() => false)])))
    throw new Error('strace can’t attach to this process');
  for (let i = 0; i < COUNTED; i++) await job();
  tracer.kill('SIGINT');
  await exited;
  // A call interrupted by another thread takes two lines, the second with "resumed".
  const calls = readFileSync(file, 'utf8').match(/\b(fsync|fdatasync)\(/g) ?? [];
  rmSync(file);
  return calls.length / COUNTED;
}

async function checkinOf(store: Store): Promise<{ checkin: NewCheckin; photo: Uint8Array }> {
  const id = randomUUID();
  await store.people.add({
    id,
    name: 'Bench Person',
    number: '1001',
    language: 'en',
    consent: { textVersion: '1', language: 'en' },
    templates: [],
    photo: null,
    pinHash: null,
  });
  const checkin: NewCheckin = {
    person: id,
    open: {
      direction: 'in',
      method: 'face',
      liveness: 'passed',
      model: 'fr_feature@0123456789ab',
      threshold: 0.5213,
      gallery: { people: 1000, templates: 5000 },
    },
    score: 0.7312,
    second: 0.2114,
    photo: null,
    gps: null,
  };
  return { checkin, photo: randomBytes(PHOTO_BYTES) };
}

/** What a database must provide for the two rows. Both libraries have it. */
interface TwinDatabase {
  pragma(sql: string): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: unknown[]): unknown };
  transaction(work: (n: number, body: string) => void): (n: number, body: string) => void;
  close(): unknown;
}

function twin(db: TwinDatabase, checkin: NewCheckin): { record(): void; close(): void } {
  db.pragma('journal_mode=WAL');
  db.pragma('synchronous=FULL');
  db.exec(`CREATE TABLE event(n INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE outbox(n INTEGER PRIMARY KEY REFERENCES event(n))`);
  const insertEvent = db.prepare('INSERT INTO event(n, body) VALUES (?, ?)');
  const insertOutbox = db.prepare('INSERT INTO outbox(n) VALUES (?)');
  const insert = db.transaction((n, body) => {
    insertEvent.run(n, body);
    insertOutbox.run(n);
  });
  const { open: about, person, score, second, gps } = checkin;
  let seq = 0;
  const record = () => {
    seq++;
    const at = { utc: new Date().toISOString(), monotonic: performance.now(), bootId: BOOT, offset: 0 };
    const ids = { v: 1, id: randomUUID(), device: DEVICE, epoch: EPOCH, seq };
    insert(seq, JSON.stringify({ ...ids, at, type: 'checkin', open: about, person, score, second, gps }));
  };
  return { record, close: () => void db.close() };
}

const [BOOT, DEVICE, EPOCH] = [randomUUID(), randomUUID(), randomUUID()];

async function writeDurably(folder: string, photo: Uint8Array): Promise<void> {
  const file = join(folder, randomUUID());
  const handle = await open(`${file}.tmp`, 'w', 0o600);
  await handle.writeFile(photo);
  await handle.sync();
  await handle.close();
  await rename(`${file}.tmp`, file);
  const dir = await open(folder, 'r');
  await dir.sync();
  await dir.close();
}
