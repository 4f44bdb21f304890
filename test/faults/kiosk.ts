/**
 * A kiosk of the fault runs: keys, store, trusted time, retention and uplink of a real kiosk core, with someone who checks in
 * continuously. Each check-in is printed after its transaction with writeSync, so a killed process has either confirmed it or
 * not. argv: home, offset of the wall clock in ms.
 * stdout: `ready`, then `c <id>` for each confirmed check-in. IPC up: `Report`s; IPC down: `Order`s.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { startRetention } from '../../electron/core/retention/retention.ts';
import type { NewCheckin } from '../../electron/core/store/interface.ts';
import { startKioskSync } from '../../electron/core/sync/kiosk-sync.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { seededRandom } from '../bench/harness.ts';
import { skewClock } from './clock.ts';

export type Order =
  | { readonly do: 'rate'; readonly perSecond: number }
  | { readonly do: 'burst'; readonly events: number }
  | { readonly do: 'skew'; readonly ms: number };

export interface Report {
  readonly pending: number;
  /** Photos whose event the server has, but not the file. */
  readonly photos: number;
  /** Events of all epochs, acknowledged or not. */
  readonly made: number;
  readonly online: boolean;
  /** Number of check-ins by code that could not be recorded, or only without their photo. */
  readonly refused: Readonly<Record<string, number>>;
  readonly problem: string | null;
  readonly transport: string | null;
}

const home = process.argv[2]!;
const skew = Number(process.argv[3] ?? 0);
if (skew !== 0) skewClock(skew);
const random = seededRandom(Number(process.argv[4] ?? 1));

const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
const { store } = kiosk;
const log = (level: string, message: string, fields?: Record<string, unknown>) => {
  if (process.env.SMARTPRESENCE_FAULTS_LOG) console.error(home, level, message, fields ?? '');
};
const retention = startRetention({ store, site: kiosk.site, log });
const sync = await startKioskSync({
  store,
  retention,
  log,
  onStatus: () => undefined,
  applied: () => undefined,
  dropped: () => undefined,
});
const people = store.people.all().map((p) => p.id);
const refused: Record<string, number> = {};
let stopping = false;
// Bursts create the work that faults hit. This is the rate between them.
let perSecond = 8;
let burst = 0;

process.on('message', (order: Order) => {
  if (order.do === 'rate') perSecond = order.perSecond;
  else if (order.do === 'burst') burst += order.events;
  else skewClock(order.ms);
});
process.on('disconnect', () => process.exit(1));

function aCheckin(): NewCheckin {
  const face = random() < 0.8;
  return {
    person: people[Math.floor(random() * people.length)]!,
    open: {
      direction: random() < 0.5 ? 'in' : 'out',
      method: face ? 'face' : 'number+pin',
      liveness: face ? 'passed' : 'not-needed',
      ...(face ? { model: 'test', threshold: 0.5, gallery: { people: people.length, templates: people.length } } : {}),
    },
    score: face ? 0.5 + random() / 2 : null,
    second: null,
    photo: random() < 0.05 ? randomBytes(3000) : null,
    gps: null,
  };
}

function note(code: string): void {
  refused[code] = (refused[code] ?? 0) + 1;
}

async function work(): Promise<void> {
  while (!stopping) {
    try {
      const checkin = await store.checkins.record(aCheckin());
      writeSync(1, `c ${checkin.id}\n`);
      if (checkin.photoLost) note(checkin.photoLost);
      sync.uplink.nudge();
      if (random() < 0.03) store.checkins.void(checkin.id, 'not-me');
    } catch (error) {
      note(error instanceof Problem ? error.code : String(error));
      // A full disk fails immediately, so don't spin.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (burst > 0) burst -= 1;
    else await new Promise((resolve) => setTimeout(resolve, (0.5 + random()) * (1000 / perSecond)));
    while (perSecond === 0 && burst === 0 && !stopping) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const reporter = setInterval(() => {
  const status = sync.uplink.status();
  const report: Report = {
    pending: store.outbox.count(),
    photos: store.outbox.photosWaiting(),
    made: store.outbox.marks().reduce((sum, { made }) => sum + made, 0),
    online: status.online,
    refused,
    problem: status.problem?.code ?? null,
    transport: status.transport ?? null,
  };
  process.send?.(report);
}, 50);

process.on('SIGTERM', () => {
  stopping = true;
});
writeSync(1, 'ready\n');
await work();
clearInterval(reporter);
retention.stop();
await sync.stop();
await kiosk.close();
process.exit(0);
