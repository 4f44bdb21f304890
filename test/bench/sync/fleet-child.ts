/**
 * Kiosks by the hundred in one process: each has keys, a certificate, a connection and the real engine of its own; only its
 * outbox is in memory. argv: file with a `Member` a line, index of the first and of the one behind the last, way.
 *
 * stdin, a line each: `connect` starts the engines and waits until each has its roster; `run RATE SECONDS` lets somebody
 * check in at a random kiosk, RATE times a second in all, at random moments (a Poisson process), and waits until everything
 * was acknowledged; `end`. stdout: `ready`, `connected`, `ran COUNT FAILURES`.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ChangeSink } from '../../../sync/edge/changes/asker.ts';
import { SyncEngine } from '../../../sync/edge/engine.ts';
import { MemoryOutbox } from '../../sync/kit.ts';
import { seededRandom } from '../harness.ts';
import type { Member } from './fleet.ts';
import { throughOneWay, type Way } from './kiosk-end.ts';

const [file, from, to, way] = process.argv.slice(2) as [string, string, string, Way];
const { people, members } = JSON.parse(readFileSync(file, 'utf8')) as { people: string[]; members: Member[] };
const random = seededRandom(1 + Number(from));
/** Exchanges that failed; a kiosk tries again by itself. */
let failures = 0;

function start({ secret, bundle }: Member) {
  const box = new MemoryOutbox(secret.device);
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  let cursor = '';
  let newest: string | null = null;
  let last: unknown = null;
  const changes: ChangeSink = {
    cursor: () => cursor,
    presenceAfter: () => newest,
    async apply(page) {
      cursor = page.cursor;
      newest = page.presence[0]?.at ?? newest;
      if (!page.more) resolve();
    },
    restart() {
      cursor = '';
    },
  };
  const engine = new SyncEngine({
    secret,
    bundle: throughOneWay(bundle, way),
    source: box,
    changes,
    onStatus({ problem, online }) {
      if (problem && !online && problem !== last) failures += 1;
      last = problem;
    },
  });
  engine.start();
  return { box, engine, connected };
}

const kiosks: ReturnType<typeof start>[] = [];

/** A few at a time: a thousand handshakes at once would only measure those. */
async function connect(): Promise<void> {
  const waiting = members.slice(Number(from), Number(to));
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let member = waiting.shift(); member; member = waiting.shift()) {
        const kiosk = start(member);
        kiosks.push(kiosk);
        await kiosk.connected;
      }
    }),
  );
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
    const { box, engine } = kiosks[Math.floor(random() * kiosks.length)]!;
    box.checkin(people[Math.floor(random() * people.length)]!, random() < 0.9 ? 'in' : 'out');
    engine.nudge();
    count += 1;
  }
  while (kiosks.some(({ box }) => box.pendingCount() > 0)) await new Promise((resolve) => setTimeout(resolve, 50));
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
await Promise.all(kiosks.map(({ engine }) => engine.stop()));
process.exit(0);
