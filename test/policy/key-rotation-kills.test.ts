import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRotation } from '../../sync/server/app/key-rotation/rotate.ts';
import { leftOver } from '../../sync/server/app/key-rotation/verify.ts';
import { findPeople, readPeople, writePerson } from '../../sync/server/core/people/records.ts';
import { type OpenDatabase, openDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Keys, MasterPair } from '../../sync/server/platform/keys/envelope.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { keepBeating } from '../../sync/server/platform/keys/replica.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { settleKeys } from '../../sync/server/platform/keys/versions.ts';
import { printedRandom } from '../chance.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newPair } from '../kit/keys.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { filesWithKey } from './erasure-search.ts';
import { NOW, openedByPair, openRing } from './sealed-people.ts';

const random = printedRandom('key rotations killed');

/** How often the rotating process is killed; `SMARTPRESENCE_ROTATION_KILLS=50` for the long run. */
const KILLS = Number(process.env.SMARTPRESENCE_ROTATION_KILLS ?? 10);
/** Maximum kills within one rotation; then it may end, and the next one is killed. Slow machines get as many rotations. */
const IN_ONE = Math.max(5, Math.ceil(KILLS / 5));
const PEOPLE = 1500;
const SP = join(import.meta.dirname, '../../electron/cli/sp.ts');

const unavailable = postgresUnavailable();
const home = temporaryFolder();
let postgres: TestPostgres;
let database: OpenDatabase;
let box: MemoryOutbox;
let present: MasterPair = newPair();
/** The keys of this test's server process; replaced as by a restart. */
let live: Keys = keysOf(present);
let stopBeating: () => Promise<void> = async () => undefined;
const people: { id: string; name: string }[] = [];
/** The last values that were written and committed, by person. */
const contacts = new Map<string, { email: string; phone: string }>();
/** The templates of people who have one. */
const faces = new Map<string, Buffer>();
/** One person in this many has a face. */
const FACES = 20;
/** Events that the server has acknowledged. */
let acknowledged = 0;

beforeAll(async () => {
  if (unavailable) return;
  postgres = await startPostgres();
  database = await openDatabase('/nonexistent', { postgres: postgres.address('rotation') });
  const { db } = database;
  await openRing(db, live);
  box = await registerKiosk(db, { at: NOW });
  for (let i = 0; i < PEOPLE; i += 250) await arrive(250);
});
afterAll(async () => {
  await stopBeating();
  await database?.close();
  await postgres?.remove();
  home.remove();
});

/** Adds a batch of new people, each with a check-in that has a position. */
async function arrive(count: number): Promise<void> {
  const first = box.events.length + 1;
  const fresh = Array.from({ length: count }, (_, i) => {
    const name = `Person ${people.length + i}`;
    const id = box.person(name);
    if ((people.length + i) % FACES === 0) {
      const vector = randomBytes(2048);
      faces.set(id, vector);
      box.append('consent', { action: 'given', textVersion: '1', language: 'en' }, { person: id }, NOW);
      const templates = [{ id: randomUUID(), pose: 'front', vector: vector.toString('base64url') }];
      box.append('template', { change: 'added', model: 'm', count: 1 }, { person: id, templates }, NOW);
    }
    box.append(
      'checkin',
      {
        direction: 'in',
        method: 'face',
        liveness: 'off (demo)',
        model: 'm',
        threshold: 0.5,
        gallery: { people: 1, templates: 1 },
      },
      { person: id, score: 0.8, second: null, gps: 'sealed by the kiosk' },
      NOW,
    );
    return { id, name };
  });
  const { ack, quarantined } = await deliverTo(database.db, live, box, box.events.slice(first - 1), {
    first,
    now: NOW,
  });
  expect(quarantined).toEqual([]);
  acknowledged = ack.committed;
  people.push(...fresh);
}

/** Simulates a server's load: receives events, changes people, looks them up. An error in any of it fails the test. */
function load(): () => Promise<number> {
  let running = true;
  let rounds = 0;
  const work = (async () => {
    const { db } = database;
    for (; running; rounds++) {
      await arrive(3);
      const { id, name } = people[Math.floor(random() * people.length)]!;
      const contact = { email: `${id}@example.org`, phone: `+44 ${rounds}` };
      await inTransaction(db, (tx) => writePerson(tx, live, { id, patch: contact }, NOW));
      contacts.set(id, contact);
      expect(await findPeople(db, live, { email: `${id}@example.org` }), `turn ${rounds}`).toEqual([id]);
      const some = people.slice(-20).map((p) => p.id);
      expect((await readPeople(db, live, some)).size).toBe(some.length);
      expect((await readPeople(db, live, [id])).get(id)?.name).toBe(name);
      await sleep(10);
    }
    return rounds;
  })();
  // Reported where it is awaited.
  work.catch(() => undefined);
  return () => {
    running = false;
    return work;
  };
}

/** As after a restart with these keys. */
async function hold(keys: Keys): Promise<void> {
  await stopBeating();
  await settleKeys(database.db, keys);
  live = keys;
  stopBeating = await keepBeating(database.db, live, pino({ level: 'silent' }));
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function rotating(next: MasterPair, reEncrypt: boolean) {
  const args = ['keys', 'rotate', '--json', ...(reEncrypt ? ['--re-encrypt'] : [])];
  const child = spawn(process.execPath, [SP, ...args], {
    env: {
      PATH: process.env.PATH,
      SMARTPRESENCE_SERVER_HOME: home.path,
      SMARTPRESENCE_DATABASE_URL: postgres.url('rotation'),
      ENCRYPTION_KEY: text(next.encryptionKey.reveal()),
      SECRET_KEY: text(next.secretKey.reveal()),
      ENCRYPTION_KEY_PREVIOUS: text(present.encryptionKey.reveal()),
      SECRET_KEY_PREVIOUS: text(present.secretKey.reveal()),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const begun = new Promise<void>((resolve) => child.stderr.once('data', () => resolve()));
  child.stdout.on('data', (d) => (said += d));
  child.stderr.on('data', (d) => (said += d));
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal, said }));
  return { child, begun, ended };
}

/** With only the present keys, every acknowledged event and everyone opens; with the previous keys, nothing does. */
async function audit(keys: Keys, before: Keys, old: MasterPair): Promise<void> {
  const { db } = database;
  await openRing(db, keys);
  const events = await db
    .selectFrom('event')
    .select(['id', 'seq', 'person', 'personal', 'gps'])
    .orderBy('seq')
    .execute();
  expect(events.map((e) => Number(e.seq))).toEqual(Array.from({ length: acknowledged }, (_, i) => i + 1));
  const ids = people.map((p) => p.id);
  const boxes = await personBox(db, keys, ids);
  for (const event of events) expect(openHalf(keys, boxes, event).person?.value).toBe(event.person);
  const records = await readPeople(db, keys, ids);
  expect(people.filter((p) => records.get(p.id)?.name !== p.name)).toEqual([]);
  for (const [id, contact] of contacts) expect(records.get(id)).toMatchObject(contact);
  const templates = await db.selectFrom('template').select(['id', 'person', 'sealed']).execute();
  expect(templates.length).toBe(faces.size);
  for (const { id, person, sealed } of templates)
    expect(boxes.open({ field: 'template.vector', person, record: id, rowVersion: 1 }, sealed)).toEqual(
      faces.get(person),
    );
  expect(await leftOver(db, before.version)).toEqual({});
  const { tried, opened } = await openedByPair(db, old);
  expect([tried > people.length, opened]).toEqual([true, []]);
  // Nor does anything left on the disk: dead rows and the write-ahead log.
  const stale = keysOf(old);
  stale.settle([{ version: before.version, check: stale.check() }], before.version);
  expect(filesWithKey(postgres.dataFolder, stale, ids[0]!)).toEqual([]);
  await expect(settleKeys(db, before.alone())).rejects.toMatchObject({ code: 'key-retired' });
  await expect(personBox(db, before, ids.slice(0, 1))).rejects.toMatchObject({ code: 'envelope-unknown-version' });
}

describe.skipIf(unavailable)('a process that rotates the keys', () => {
  test(
    `is killed ${KILLS} times at random moments under load: nothing is lost, and the old keys open nothing at the end`,
    async () => {
      const { db } = database;
      const killedIn: Record<string, number> = {};
      let kills = 0;
      let rotations = 0;
      let span = 3000;
      let rounds = 0;
      await hold(live);
      while (kills < KILLS || rotations === 0) {
        const next = newPair();
        const before = keysOf(present);
        await settleKeys(db, before);
        // Alternately re-encrypts every person's keys too, or rotates only the environment's.
        const reEncrypt = rotations % 2 === 0;
        if (rotations === 0) expect((await openedByPair(db, present)).opened).toContain('keyring.person_key.sealed');
        await hold(keysOf({ ...next, previousKeys: present }));
        const stop = load();
        for (let killed = 0; ; ) {
          const { child, begun, ended } = rotating(next, reEncrypt);
          let killer: NodeJS.Timeout | undefined;
          let began = 0;
          void begun.then(() => {
            began = performance.now();
            if (kills < KILLS && killed < IN_ONE) killer = setTimeout(() => child.kill('SIGKILL'), random() * span);
          });
          const { code, signal, said } = await ended;
          clearTimeout(killer);
          if (signal === null) {
            // If the last kill came when everything was done, there is nothing left to rotate to.
            if (!(killed > 0 && said.includes('no-new-keys'))) expect(code, said).toBe(0);
            // The load was reading just then; the same command does what is left.
            if (said.includes('"scrubbed":false')) continue;
            // Kills should fall anywhere within the time that a run takes here.
            span = Math.max(500, performance.now() - began);
            break;
          }
          killed += 1;
          kills += 1;
          const state = await readRotation(db);
          const where = state?.to === before.version + 1 ? (state.step ?? state.phase) : 'before it began';
          killedIn[where] = (killedIn[where] ?? 0) + 1;
        }
        rotations += 1;
        rounds += await stop();
        await hold(keysOf(next));
        await audit(keysOf(next), before, present);
        present = next;
      }
      console.log(
        `killed ${kills} times in ${rotations} rotations of ${people.length} people, ${rounds} turns of load:`,
        killedIn,
      );
      expect(rounds).toBeGreaterThan(20);
      const working = Object.entries(killedIn).filter(([where]) => /^(seal|renew|open|destroy|looking)/.test(where));
      expect(working.length, 'some kills fell into the work itself').toBeGreaterThan(0);
    },
    600_000 + KILLS * 20_000,
  );
});
