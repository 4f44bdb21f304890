import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { readPicture } from '../../electron/cli/demo/footage.ts';
import { demoPeople } from '../../electron/cli/demo/people.ts';
import type { FaceFrame } from '../../electron/contract/frames.ts';
import type { Receipt } from '../../electron/contract/methods.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { seededRandom } from '../bench/harness.ts';
import { enterKiosk } from './node-screen.ts';

const SEED = 20261124;

/*
 * Kills the core with SIGKILL at random moments while faces are checked in through the real host, core, models and store. The
 * disk must hold what the screen received: each confirmed check-in exactly once, and an unbroken chain.
 */
const CHECKINS = 300;

let home: string;
let host: BrowserHost;
const frames: FaceFrame[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'sp-kill-'));
  ensureKioskFolder(home, true);
  writeSiteConfig(home, { ...readSiteConfig(home), repeatWindowSeconds: 0 });
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  await enrolDemoPeople(kiosk);
  const { pipeline } = await kiosk.faces();
  for (const person of demoPeople()) {
    const picture = await readPicture(person.pictures[0]!);
    const [face] = await pipeline.detect(picture);
    frames.push({
      picture: { ...picture, data: new Uint8Array(picture.data) },
      box: [...face!.box],
      others: 0,
      takenAt: 0,
    });
  }
  await kiosk.close();
  host = await startBrowserHost({ home, demo: true, browser: { mode: 'none' }, log: () => undefined });
});

afterAll(async () => {
  await host.close();
  rmSync(home, { recursive: true, force: true });
});

test(`after kill -9 at random moments every confirmed check-in is stored exactly once, and the chain verifies (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const screen = await enterKiosk(host);
  const confirmed: string[] = [];
  let kills = 0;
  let link = await screen.connect();
  let timer = killSoon();
  while (confirmed.length < CHECKINS) {
    try {
      confirmed.push((await checkIn(link, frames[confirmed.length % frames.length]!)).checkin);
    } catch {
      link.close(); // the core died during the call: that check-in was not confirmed
      link = await screen.connect();
      timer = killSoon();
    }
  }
  clearTimeout(timer);
  link.close();
  await host.close();

  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const report = await kiosk.store.check();
  const stored = kiosk.store.checkins.list({ limit: 10_000 }).map((row) => row.id);
  await kiosk.close();
  expect(kills, 'kills that hit a running core').toBeGreaterThanOrEqual(5);
  expect(new Set(stored).size).toBe(stored.length);
  expect(new Set(confirmed).size).toBe(confirmed.length);
  expect(confirmed.filter((id) => !stored.includes(id))).toEqual([]);
  // A record may be durable although its confirmation was lost with the core: at most one per kill.
  expect(stored.length - confirmed.length).toBeLessThanOrEqual(kills);
  expect(report.problems).toEqual([]);

  /** Kills the core after at least a second of service, since the restart is delayed if it repeatedly exits sooner. */
  function killSoon(): NodeJS.Timeout {
    return setTimeout(
      () => {
        if (host.corePid === null) return;
        process.kill(host.corePid, 'SIGKILL');
        kills++;
      },
      // The delay grows. Otherwise a slow machine would spend most of the time starting cores.
      (1_050 + random() * 1_000) * (1 + kills / 5),
    );
  }
}, 400_000);

type Link = Awaited<ReturnType<Awaited<ReturnType<typeof enterKiosk>>['connect']>>;

async function checkIn({ client, closed }: Link, frame: FaceFrame): Promise<Receipt> {
  const gone = closed.then(() => Promise.reject(new Error('the core is gone')));
  const { visit } = await Promise.race([client.visitBegin({}), gone]);
  for (let i = 0; i < 20; i++) {
    const result = await Promise.race([client.probe({ visit, frame }), gone]);
    if (result.kind === 'welcome') return result.receipt;
    if (result.kind !== 'more') throw new Error(`unexpected: ${JSON.stringify(result)}`);
  }
  throw new Error('never recognised');
}
