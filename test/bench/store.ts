import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import Plain from 'better-sqlite3';
import { openKeys } from '../../electron/core/keys/index.ts';
import { createStore } from '../../electron/core/store/index.ts';
import type { NewCheckin, Store } from '../../electron/core/store/interface.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

/**
 * Durable check-ins a second: the store as the kiosk uses it (event with id, commitments and chain; check-in row;
 * personal values sealed under the person's key; SQLCipher pages) beside plain better-sqlite3 that takes the same
 * check-in: its own id and time, the record as JSON, an event row and an outbox row in one transaction, WAL with
 * synchronous=FULL; no hash, no seal, no cipher. Both take turns in short rounds on one disk, so that what else the
 * machine does hits both; each figure is the median of its rounds. A disk whose flush costs nothing (a RAM disk) shows
 * the processor alone, and no kiosk runs on one: the folder is the repository's.
 */
const ROUNDS = 21;
const CHECKINS = 120;
/** Rounds that don't count. */
const WARM_UP = 30;
const PHOTO_ROUNDS = 11;
const PHOTOS = 20;
/** Size of a verification photo of 320 pixels, JPEG quality 80. */
const PHOTO_BYTES = 18_000;
const BAR = 0.7;

const ARTEFACTS = join(import.meta.dirname, '../artefacts');

export const group: BenchGroup = {
  name: 'store',
  describe: 'Durable check-ins a second, beside plain better-sqlite3 doing the same two-row transaction.',
  run: measure,
};

async function* measure(ctx: BenchContext): AsyncIterable<BenchLine> {
  mkdirSync(ARTEFACTS, { recursive: true });
  const folder = mkdtempSync(join(ARTEFACTS, 'bench-store-'));
  try {
    const home = join(folder, 'kiosk');
    const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
    const store = await createStore({ home, keys });
    try {
      const person = await somebody(store);
      const checkin = checkinOf(person);
      const plain = plainTwin(join(folder, 'plain.db'), checkin);
      ctx.note(`${ROUNDS} rounds of ${CHECKINS} check-ins each`);
      const bare = await takeTurns(
        ROUNDS,
        CHECKINS,
        () => store.recordCheckin(checkin),
        async () => plain.record(),
      );
      yield line('durable check-ins', bare, 'better-sqlite3, two rows, WAL + FULL', BAR);
      const photo = randomBytes(PHOTO_BYTES);
      const pictures = join(folder, 'pictures');
      mkdirSync(pictures);
      const withPhoto = { ...checkin, photo };
      const both = await takeTurns(
        PHOTO_ROUNDS,
        PHOTOS,
        () => store.recordCheckin(withPhoto),
        async () => {
          await writeDurably(pictures, photo);
          plain.record();
        },
      );
      yield line('durable check-ins with photo', both, 'the same and a plain file, fsync + rename');
      plain.close();
    } finally {
      store.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Rates {
  readonly ours: number;
  readonly reference: number;
}

/**
 * Median rates a second of two jobs that take turns. Rounds alternate who begins. Warm-up lasts until both have been
 * through a checkpoint: from then on SQLite overwrites its log instead of growing it, which is how a kiosk runs.
 */
async function takeTurns(
  rounds: number,
  times: number,
  ours: () => Promise<unknown>,
  reference: () => Promise<unknown>,
): Promise<Rates> {
  const taken: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const job = which === 0 ? ours : reference;
      const start = performance.now();
      for (let i = 0; i < times; i++) await job();
      if (round >= 0) taken[which]!.push(performance.now() - start);
    }
  }
  const rate = (ms: number[]) => (times * 1000) / ms.sort((a, b) => a - b)[Math.floor(ms.length / 2)]!;
  return { ours: rate(taken[0]), reference: rate(taken[1]) };
}

function line(name: string, { ours, reference }: Rates, peer: string, bar?: number): BenchLine {
  return {
    group: 'store',
    name,
    unit: 'check-ins/s',
    ours,
    reference: peer,
    referenceValue: reference,
    ratio: ours / reference,
    better: 'higher',
    ...(bar === undefined ? {} : { bar }),
  };
}

async function somebody(store: Store): Promise<string> {
  const id = randomUUID();
  await store.addPerson({
    id,
    name: 'Bench Person',
    number: '1001',
    language: 'en',
    consent: { textVersion: '1', language: 'en' },
    templates: [],
    photo: null,
    pinHash: null,
  });
  return id;
}

function checkinOf(person: string): NewCheckin {
  return {
    person,
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
}

function plainTwin(file: string, checkin: NewCheckin): { record(): void; close(): void } {
  const db = new Plain(file);
  db.pragma('journal_mode=WAL');
  db.pragma('synchronous=FULL');
  db.exec(`CREATE TABLE event(n INTEGER PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE outbox(n INTEGER PRIMARY KEY REFERENCES event(n))`);
  const insertEvent = db.prepare('INSERT INTO event(n, body) VALUES (?, ?)');
  const insertOutbox = db.prepare('INSERT INTO outbox(n) VALUES (?)');
  const insert = db.transaction((n: number, body: string) => {
    insertEvent.run(n, body);
    insertOutbox.run(n);
  });
  const { open, person, score, second, gps } = checkin;
  let seq = 0;
  const record = () => {
    seq++;
    const at = { utc: new Date().toISOString(), monotonic: performance.now(), bootId: BOOT, offset: 0 };
    const ids = { v: 1, id: randomUUID(), device: DEVICE, epoch: EPOCH, seq };
    insert(seq, JSON.stringify({ ...ids, at, type: 'checkin', open, person, score, second, gps }));
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
