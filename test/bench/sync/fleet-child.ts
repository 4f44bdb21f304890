/**
 * Hundreds of kiosks in one process. Each has its own keys, certificate, encrypted store and connection. argv: file with the
 * members, index of the first and of the one after the last, transport, folder for the stores.
 * stdin, one command per line: `connect` starts the kiosks and waits until each has its roster; `run RATE SECONDS` has people of
 * the roster check in at random kiosks at random moments (a Poisson process), RATE times per second in all, and waits until
 * everything was acknowledged; `end`. stdout: `ready`, `connected`, `ran COUNT FAILURES`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { ensureKioskFolder } from '../../../electron/core/provision.ts';
import { createStore, openStore, type SqlStore } from '../../../electron/core/store/index.ts';
import { startUplink, writeServerLink } from '../../../electron/core/sync/link.ts';
import type { Problem } from '../../../sync/errors/problem.ts';
import { seededRandom } from '../harness.ts';
import type { Member } from './fleet.ts';
import { type Transport, throughOneTransport } from './kiosk-end.ts';

const [file, from, to, transport, stores] = process.argv.slice(2) as [string, string, string, Transport, string];
const members = JSON.parse(readFileSync(file, 'utf8')) as Member[];
const random = seededRandom(1 + Number(from));
/** Failed exchanges. A kiosk retries automatically. */
let failures = 0;

/** Opens the kiosk's store; the first call makes it. */
async function openOwnStore(device: string): Promise<SqlStore> {
  const home = join(stores, device);
  ensureKioskFolder(home, false);
  const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
  return keys.live ? openStore({ home, keys }) : createStore({ home, keys, device });
}

async function start({ secret, bundle }: Member) {
  const store = await openOwnStore(secret.device);
  writeServerLink(store, { secret, bundle: throughOneTransport(bundle, transport) });
  const hasRoster = store.roster.cursor !== '';
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  let last: Problem | null = null;
  const uplink = startUplink(store, {
    onStatus() {
      const { online, problem } = uplink.status();
      if (online && hasRoster) resolve();
      if (problem && !online && problem !== last) failures += 1;
      last = problem;
    },
    onServerTime: () => undefined,
    onProblem: () => undefined,
    applied({ complete }) {
      if (complete) resolve();
    },
  });
  return { store, uplink, connected };
}

const kiosks: Awaited<ReturnType<typeof start>>[] = [];

/** Connects a few at a time: a thousand simultaneous handshakes would measure only the handshakes. */
async function connect(): Promise<void> {
  const waiting = members.slice(Number(from), Number(to));
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let member = waiting.shift(); member; member = waiting.shift()) {
        const kiosk = await start(member);
        kiosks.push(kiosk);
        await kiosk.connected;
      }
    }),
  );
  await drained();
}

async function drained(): Promise<void> {
  while (kiosks.some(({ store }) => store.outbox.count() > 0)) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function run(rate: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let next = performance.now();
  let count = 0;
  for (;;) {
    next += (-Math.log(1 - random()) / rate) * 1000;
    if (next > end) break;
    const wait = next - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const { store, uplink } = kiosks[Math.floor(random() * kiosks.length)]!;
    const people = store.people.all();
    await store.checkins.record({
      person: people[Math.floor(random() * people.length)]!.id,
      open: {
        direction: random() < 0.9 ? 'in' : 'out',
        method: 'face',
        liveness: 'passed',
        model: 'fr_feature@0123456789ab',
        threshold: 0.5213,
        gallery: { people: 1, templates: 5 },
      },
      score: 0.7312,
      second: null,
      photo: null,
      gps: null,
    });
    uplink.nudge();
    count += 1;
  }
  await drained();
  return count;
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [order, rate, seconds] = line.split(' ') as [string, string, string];
  if (order === 'connect') {
    await connect();
    console.log('connected');
  } else if (order === 'run') console.log(`ran ${await run(Number(rate), Number(seconds))} ${failures}`);
  else break;
}
await Promise.all(kiosks.map(({ uplink }) => uplink.stop()));
for (const { store } of kiosks) store.close();
process.exit(0);
