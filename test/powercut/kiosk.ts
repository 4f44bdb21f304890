import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CoreClient } from '../../electron/contract/methods.ts';
import { DEVICE_PURPOSES } from '../../electron/core/keys/derive.ts';
import { type OpenKiosk, openKiosk } from '../../electron/core/open-kiosk.ts';
import { verifyPin } from '../../electron/core/pin/pin-hash.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import { readServerLink } from '../../electron/core/sync/server-link.ts';
import { enterKiosk } from '../e2e/node-screen.ts';
import { aCheckin } from '../store/samples.ts';
import type { Recording } from './disk.ts';
import type { Found } from './harness.ts';
import { readTrace, straceOf } from './trace.ts';

/** Records the kiosk's program, started as on an installation, and reads its folder afterwards with the same code. */

const PROGRAM = join(import.meta.dirname, '../../electron/cli/kiosk.ts');
/** Relative to a recording's root. */
const HOME = 'data/kiosk';
export const homeIn = (root: string): string => join(root, HOME);

/** Environment of what is recorded, without this process's own settings. */
export const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  ...more,
});

/** Calls a method of the core. The promise counts from its answer on. */
export type Say = <T>(call: (core: CoreClient) => Promise<T>) => Promise<{ answer: T; at: string }>;

/** Starts `kiosk run` below `recording.root`, drives it as a screen does, and ends it as a service manager does. */
export async function recordKiosk(
  recording: Recording,
  { file, demo, drive }: { file: string; demo: boolean; drive: (say: Say) => Promise<void> },
): Promise<void> {
  const runtime = `${recording.root}-runtime`;
  mkdirSync(runtime, { mode: 0o700 });
  const own = env({ SMARTPRESENCE_HOME: join(recording.root, 'data'), XDG_RUNTIME_DIR: runtime });
  const run = [process.execPath, PROGRAM, 'run', '--browser', 'none', '--device-secret', 'file'];
  const child = spawn(...straceOf(file, demo ? [...run, '--demo'] : run), {
    env: own,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const { url, pid } = await ready(child);
  try {
    const [name] = readdirSync(runtime);
    const screen = await enterKiosk({ url, enterFile: join(runtime, name!, 'enter.html') });
    let at = '';
    const { client, close } = await screen.connect((id) => {
      at = id;
    });
    await drive(async (call) => ({ answer: await call(client), at }));
    close();
  } finally {
    process.kill(pid, 'SIGTERM');
    await closed;
  }
  recording.add(await readTrace(file));
}

async function ready(child: ChildProcess): Promise<{ url: string; pid: number }> {
  let pid = 0;
  let said = '';
  for await (const line of createInterface({ input: child.stdout! })) {
    said += `${line}\n`;
    const { serving, ready: opened, url, pid: host } = JSON.parse(line);
    if (serving) pid = host;
    if (!opened) continue;
    child.stdout!.resume();
    return { url, pid };
  }
  throw new Error(`the kiosk ended before it was ready: ${said}`);
}

/** What a kiosk's folder holds. */
export interface FoundKiosk extends Found {
  readonly device: string;
  readonly site: string;
  readonly checkins: readonly { id: string; voided: boolean; photo: boolean }[];
  readonly people: readonly { id: string; number: string | null; name: string; pin: string | null }[];
  readonly staffPin: string | null;
  /** The server that it belongs to; null if none. */
  readonly server: string | null;
  readonly cursor: string;
  readonly waiting: readonly string[];
  readonly generation: number;
  readonly setting: (key: string) => string | null;
}

/** PINs that a scenario may set, so that one can be found by its hash. */
export const PINS = ['2468', '97531', '864208', '135790'] as const;
const known = new Map<string, Promise<string | null>>();

/**
 * Opens a kiosk's folder as its program does, verifies everything in it, and checks a person in, which shows that it works
 * without anyone's help.
 */
export async function openAfterCut(root: string, demo = false): Promise<FoundKiosk> {
  const home = homeIn(root);
  let kiosk: OpenKiosk | null = null;
  try {
    ensureKioskFolder(home, demo);
    kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
    const { store, keys, site } = kiosk;
    const [someone] = store.people.all();
    const checkins = store.checkins
      .list({ limit: 10_000 })
      .map(({ id, voided, photo }) => ({ id, voided, photo: photo !== null }));
    if (someone) await store.checkins.record(aCheckin(someone.id, { photo: new Uint8Array(100) }));
    const { problems } = await store.check();
    const pepper = keys.subkey(DEVICE_PURPOSES.pinPepper);
    const pinOf = (stored: string | null): Promise<string | null> => {
      if (stored === null) return Promise.resolve(null);
      const found = known.get(stored) ?? whichPin(stored, pepper);
      known.set(stored, found);
      return found;
    };
    const people = await Promise.all(
      store.people
        .all()
        .map(async ({ id, number, name }) => ({ id, number, name, pin: await pinOf(store.pins.hash(id)) })),
    );
    const settings = new Map(['works-alone', 'joining'].map((key) => [key, store.settings.get(key)]));
    return {
      problems: problems.map(({ code, detail }) => `${code}: ${detail}`),
      device: store.device,
      site: site.site,
      checkins,
      people,
      staffPin: await pinOf(store.settings.get(EMERGENCY_PIN)),
      server: readServerLink(store)?.bundle.serverId ?? null,
      cursor: store.roster.cursor,
      waiting: store.imports.list().map(({ label }) => label),
      generation: keys.current.generation,
      setting: (key) => settings.get(key) ?? null,
    };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { problems: [`it does not start: ${code ?? ''} ${message.replaceAll(root, '')}`] } as unknown as FoundKiosk;
  } finally {
    await kiosk?.close();
  }
}

async function whichPin(stored: string, pepper: Uint8Array): Promise<string | null> {
  for (const pin of PINS) if (await verifyPin(stored, pin, pepper)) return pin;
  return 'another';
}
