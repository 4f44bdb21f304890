import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { CoreClient } from '../../electron/contract/methods.ts';
import { LIVENESS_REST_MS, LIVENESS_TRIES } from '../../electron/core/checkin/liveness-tries.ts';
import { DEVICE_PURPOSES } from '../../electron/core/keys/derive.ts';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { createPinHasher } from '../../electron/core/pin/pin-hash.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import { createStore, type SqlStore } from '../../electron/core/store/index.ts';
import { writeServerLink } from '../../electron/core/sync/server-link.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { EMBEDDER_ID } from '../../models/rules/manifest.ts';
import { isConflict } from '../../sync/server/platform/database/retry.ts';
import { syntheticPeople } from '../bench/embeddings.ts';
import { processMemory, seededRandom } from '../bench/harness.ts';
import { TEMPLATES } from '../bench/large-kiosk.ts';
import { openFaces } from '../checkin/faces.ts';
import { enterKiosk } from '../e2e/node-screen.ts';
import { type Take, takesOf } from '../footage/index.ts';
import { newKiosk } from '../kit/kiosk.ts';
import { newServer } from '../kit/server.ts';
import { startPostgres } from '../services/postgres.ts';
import { aCheckin } from '../store/samples.ts';
import { type Slope, slopeWithInterval } from './slope.ts';
import type { Memory, turnClock } from './turned-clock.ts';

/**
 * Memory of the real core over a simulated month: a separate process with its own models, a real server on PostgreSQL that
 * acknowledges and raises `safe`, and a clock that is advanced between walk-ups (turned-clock.ts). Faces are recorded footage
 * with one head turn to the left. If a challenge asks for anything else, the person leaves and tries again.
 */

const DAY = 86_400_000;
const MB = 1e6;
/** Days of history before the month. Events are kept for 30 days, so some are deleted on every day of the month. */
const HISTORY_DAYS = 35;
const STAFF_PIN = '582046';
/** People who have a PIN. Few, because hashing a PIN takes as long as a check-in by PIN. */
const WITH_PIN = 10;

/** Expected warnings. The month ends now, so it begins before the build date, and no kiosk accepts an earlier clock. */
const EXPECTED = /^the clock was set back/;

export interface MonthOptions {
  readonly days: number;
  /** People enrolled, three templates each. If there are more than 1:N is calibrated for, the number comes before the face. */
  readonly people: number;
  /** Walk-ups per day. */
  readonly walkups: number;
  /** One in this many walk-ups is by face, and as many are by number and PIN. The others use printed cards. */
  readonly costly: number;
  readonly seed: number;
  readonly note: (line: string) => void;
}

export interface MonthDay extends Memory {
  readonly day: number;
  /** Resident memory according to the kernel, after garbage collection. */
  readonly resident: number;
}

export interface MonthReport {
  readonly people: number;
  readonly days: readonly MonthDay[];
  /** Faces that passed a challenge, and face samples that the core received. */
  readonly faces: number;
  readonly samples: number;
  readonly confirmed: number;
  readonly recorded: number;
  readonly waiting: number;
  /** Events that the store deleted after the server had them safe. */
  readonly trimmed: number;
  /** Peak resident memory of the core's process, bytes. */
  readonly peak: number;
  readonly problems: readonly string[];
  /** Of resident memory and of the heap, MB per simulated month of 30 days; null: too few days. */
  readonly slopes: Readonly<Record<'resident' | 'heapUsed' | 'external', Slope | null>>;
}

export async function soakMonth({
  days,
  people: size,
  walkups,
  costly,
  seed,
  note,
}: MonthOptions): Promise<MonthReport> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'sp-month-'));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, 'kiosk');
  // The month ends now: certificates issued during it are valid by the machine's clock, which TLS uses.
  const behind = (days + 1) * DAY;

  note('a server, and a kiosk with a month of history');
  const postgres = await startPostgres();
  undo.defer(() => postgres.remove());
  const server = await newServer({
    env: { SMARTPRESENCE_DATABASE_URL: postgres.url('month') },
    shift: -behind,
    logger: () => pino({ level: 'silent' }),
  });
  undo.use(server);
  const database = new pg.Client({
    host: postgres.socketFolder,
    port: postgres.port,
    user: 'postgres',
    database: 'month',
  });
  await database.connect();
  undo.defer(() => database.end());
  let turned = 0;
  const postSigned = () => server.shift(turned - behind);
  postSigned();
  const device = randomUUID();
  const { secret, bundle } = await newKiosk(server, 'Front door', device);

  ensureKioskFolder(home, false);
  writeSiteConfig(home, { ...readSiteConfig(home), repeatWindowSeconds: 0, liveness: 'light' });
  const turns = await recordedTurns();
  const begin = Date.now() - behind;
  const people = await fill({ home, device, size, walkups, begin, turns, link: { secret, bundle } });

  // The core process as the host forks it, with its own clock installed before anything else.
  const socket = join(folder, 'clock');
  const coreModule = join(folder, 'core.mjs');
  const clockOf: Parameters<typeof turnClock> = [socket, behind];
  const url = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);
  writeFileSync(
    coreModule,
    `import { turnClock } from ${url('turned-clock.ts')};\nawait turnClock(...${JSON.stringify(clockOf)});\nawait import(${url('../../electron/host-browser/core-child.ts')});\n`,
  );
  const problems: string[] = [];
  const host = await startBrowserHost({
    home,
    demo: false,
    secretInFile: true,
    browser: { mode: 'none' },
    coreModule,
    log: (level, message, fields) => {
      if (process.env.SOAK_LOG) note(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
      if (level === 'error' || (level === 'warn' && !EXPECTED.test(message)))
        problems.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
    },
  });
  undo.defer(() => host.close());
  const screen = await enterKiosk(host);
  let line = await screen.connect();
  undo.defer(async () => line.close());
  const pid = host.corePid!;
  const clock = await clockLine(socket);
  undo.defer(async () => clock.close());
  const core = (): CoreClient => line.client;
  async function turn(ms: number): Promise<void> {
    // The server first: requests that the core makes once its clock is advanced are answered at the same time.
    turned += Math.round(ms);
    postSigned();
    await clock.ask(`turn ${Math.round(ms)}`);
  }

  note('the core serves');
  // Staff prints each card once.
  const cards: string[] = [];
  const { token: first } = await core().staffUnlock({ pin: STAFF_PIN });
  for (const person of people.slice(0, 40))
    cards.push((await core().cardIssue({ token: first, person, replace: false })).card.text);
  await core().staffLock({ token: first });
  note('cards are printed');
  note('the month begins');

  let confirmed = 0;
  let faces = 0;
  let samples = 0;
  let unrecognised = 0;
  async function byFace(): Promise<void> {
    const { number, frames } = pick(turns);
    const { face } = await core().status({});
    for (let visits = 0; visits < 60; visits++) {
      const { visit } = await core().visitBegin(face.use === 'with-number' ? { number } : {});
      const ended = await turnedHead(visit, frames);
      await core().visitEnd({ visit });
      if (ended === 'asked-otherwise') {
        // Each time the person leaves counts as a failed challenge.
        if (visits % LIVENESS_TRIES === LIVENESS_TRIES - 1) await turn(LIVENESS_REST_MS);
        continue;
      }
      if (ended === 'welcome') {
        confirmed++;
        faces++;
      } else unrecognised++;
      return;
    }
    unrecognised++;
  }
  async function turnedHead(visit: string, frames: readonly FaceFrame[]): Promise<string> {
    for (const frame of frames) {
      const result = await core().probe({ visit, frame });
      samples++;
      if (result.kind === 'challenge' && result.step === 'turn-right') return 'asked-otherwise';
      if (result.kind !== 'more' && result.kind !== 'guide' && result.kind !== 'challenge') return result.kind;
    }
    return 'no answer';
  }
  async function walkUp(n: number): Promise<void> {
    if (n % costly === 0) return byFace();
    if (n % costly === 1) {
      const result = await core().checkinByPin({ number: numberOf(Math.floor(random() * WITH_PIN)), pin: '5830' });
      confirmed++;
      if (random() < 0.02)
        await core().voidCheckin({ checkin: result.receipt.checkin, undo: result.receipt.undo, reason: 'not-me' });
      return;
    }
    if (n % 97 === 0)
      return void (await core()
        .badgeRead({ badge: `nobody’s ${n % 5}` })
        .catch(() => undefined));
    const result = await core().codeRead({ code: pick(cards) });
    if (result.kind === 'welcome') confirmed++;
  }
  /** The other events of a day: staff at work, a camera unplugged and plugged in, a page reload, the server’s backup. */
  async function theRest(day: number): Promise<void> {
    const { token } = await core().staffUnlock({ pin: STAFF_PIN });
    await core().peopleFind({ token, query: 'Month' });
    await core().diagnostics({ token });
    await core().enrolByNumber({
      token,
      name: `New Person ${day}`,
      number: String(9000 + day),
      pin: '7294',
      language: 'en',
    });
    await core().staffCheckin({ token, person: pick(people), direction: 'in', reason: 'forgot the card' });
    confirmed++;
    const { people: leavers } = await core().peopleFind({ token, query: `New Person ${day - 3}` });
    for (const { id } of leavers) await core().personDelete({ token, person: id });
    await core().staffLock({ token });
    for (const camera of ['off', 'starting', 'ok'] as const) await core().screenState({ camera, frames: 10 });
    line.close();
    line = await screen.connect();
    // As a backup does when it ends. Not by psql: it would wait for a transaction of the server, which runs in this process.
    const safe = () => database.query('update ack_mark set safe = committed');
    // The server may update the same rows in another order. If PostgreSQL aborts this one, it is retried, as in the backup.
    await safe().catch((cause: unknown) => (isConflict(cause) ? safe() : Promise.reject(cause)));
  }

  const measured: MonthDay[] = [];
  for (let day = 1; day <= days; day++) {
    for (let n = 0; n < walkups; n++) {
      await turn(DAY / (walkups + 2));
      await walkUp(n);
    }
    await turn(DAY / (walkups + 2));
    await theRest(day);
    await turn(DAY / (walkups + 2));
    const memory = (await clock.ask('memory')) as unknown as Memory;
    const { resident } = processMemory(pid);
    measured.push({ ...memory, day, resident });
    const mb = (bytes: number) => (bytes / MB).toFixed(1);
    note(
      `day ${day}: ${mb(resident)} MB resident, heap ${mb(memory.heapUsed)} MB, external ${mb(memory.external)} MB; ${confirmed} check-ins`,
    );
    if (host.corePid !== pid) throw new Error('the core was restarted while it was measured');
  }
  for (let i = 0; i < 100 && (await core().status({})).queued > 0; i++) await turn(60_000);
  const { peak } = processMemory(pid);
  if (unrecognised > 0) problems.push(`${unrecognised} faces were not recognised`);
  line.close();
  clock.close();
  await host.close();
  const after = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  try {
    const { store } = after;
    const check = await store.check();
    problems.push(...check.problems.map(({ code, detail }) => `${code}: ${detail}`));
    const slope = (what: 'resident' | 'heapUsed' | 'external') =>
      slopeWithInterval(measured.slice(Math.floor(days / 4)).map((one) => [one.day / 30, one[what] / MB] as const));
    return {
      people: size,
      days: measured,
      faces,
      samples,
      confirmed,
      recorded: Number(
        postgres.sql(`select count(*) from checkin where at >= '${new Date(begin).toISOString()}'`, 'month'),
      ),
      waiting: store.outbox.count(),
      // Not by the marks of the epochs, since an epoch that was deleted entirely no longer has any.
      trimmed: (store as SqlStore).session.db.prepare('SELECT max(n) - count(*) FROM event').pluck().get() as number,
      peak,
      problems,
      slopes: { resident: slope('resident'), heapUsed: slope('heapUsed'), external: slope('external') },
    };
  } finally {
    await after.close();
  }
}

interface Filling {
  readonly home: string;
  readonly device: string;
  readonly size: number;
  readonly walkups: number;
  /** Start of the month, ms since 1970. */
  readonly begin: number;
  readonly turns: readonly RecordedTurn[];
  readonly link: Parameters<typeof writeServerLink>[1];
}

/** Adds people, their PINs and faces, and the check-ins before the month to a kiosk of this server. @returns ids of people */
async function fill({ home, device, size, walkups, begin, turns, link }: Filling): Promise<string[]> {
  let at = begin - (HISTORY_DAYS + 1) * DAY;
  let monotonic = 1000;
  const pass = (ms: number) => {
    at += ms;
    monotonic += ms;
  };
  const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
  const clock = { now: () => at, monotonic: () => monotonic, bootId: 'before', offset: () => 0 };
  const store = await createStore({ home, device, keys, clock });
  try {
    const pins = await createPinHasher(keys.subkey(DEVICE_PURPOSES.pinPepper));
    store.settings.set(EMERGENCY_PIN, await pins.hash(STAFF_PIN));
    const pin = await pins.hash('5830');
    const add = async (name: string, number: string, embeddings: Float32Array[], pinHash: string | null) => {
      pass(1000);
      const consent = { textVersion: '1', language: 'en' };
      const templates = embeddings.map((embedding) => ({ pose: 'front', model: EMBEDDER_ID, embedding }));
      const person = { id: randomUUID(), name, number, language: 'en', consent, templates, photo: null, pinHash };
      return (await store.people.add(person)).id;
    };
    const { rows } = syntheticPeople(size * TEMPLATES, 0, 7);
    // Distributed in rotation: person n has templates n, n + size and n + 2 size.
    const templates = (n: number) =>
      Array.from({ length: TEMPLATES }, (_, t) => rows.slice((n + t * size) * 512, (n + t * size + 1) * 512));
    const people: string[] = [];
    for (let n = 0; n < size; n++)
      people.push(await add(`Month Person ${n}`, numberOf(n), templates(n), n < WITH_PIN ? pin : null));
    for (const turn of turns) await add(`Turning ${turn.number}`, turn.number, [...turn.templates], null);
    for (let i = 0; i < HISTORY_DAYS * walkups; i++) {
      pass(DAY / walkups);
      await store.checkins.record(aCheckin(people[i % size]!));
    }
    writeServerLink(store, link);
    return people;
  } finally {
    store.close();
  }
}

const numberOf = (n: number): string => String(100_000 + n);

interface RecordedTurn {
  readonly number: string;
  /** Straight ahead, followed by a head turn to the person's left, as a screen sends it. */
  readonly frames: readonly FaceFrame[];
  readonly templates: readonly Float32Array[];
}

async function recordedTurns(): Promise<RecordedTurn[]> {
  const faces = await openFaces();
  try {
    const turn = async (person: 'A' | 'B', number: string, take: Take): Promise<RecordedTurn> => ({
      number,
      frames: await faces.take(take),
      templates: faces.templates[person],
    });
    return [
      await turn('A', '11', { ...takesOf('A', 'turn-left')[1]!, start: 177, seconds: 3 }),
      await turn('B', '12', takesOf('B', 'turn-left')[0]!),
    ];
  } finally {
    await faces.close();
  }
}

/** Connects to a process with a turned clock. One request at a time. */
async function clockLine(path: string) {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    async ask(what: string): Promise<Record<string, number>> {
      socket.write(`${what}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the core’s clock is gone');
      return JSON.parse(value) as Record<string, number>;
    },
    close: () => void socket.destroy(),
  };
}
