import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startRetention } from '../../electron/core/retention/retention.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { startKioskSync } from '../../electron/core/sync/kiosk-sync.ts';
import { readState } from '../../electron/core/update/files.ts';
import { type KeeperDeps, startUpdates, type UpdateKeeper } from '../../electron/core/update/keeper.ts';
import { type UpdateLayout, updateLayout } from '../../electron/core/update/layout.ts';
import { buildFolder, factsOf, firstBuild, unpackInto } from '../../electron/host-browser/update/slots.ts';
import { runUpdater, type UpdaterOptions } from '../../electron/host-browser/update/updater.ts';
import type { BuildFacts } from '../../sync/protocol/wire/release.ts';
import { type BuildParts, buildArchive } from './archives.ts';

/**
 * A kiosk with the real launcher, updater, store, sync and update rules, but without models or screens. A shell script
 * represents the running build and declares what it "can" do. Fifty stub kiosks run in one process, each with two small
 * processes of its own (launcher and build).
 */

/** The behaviour of a stub build; `stub.json` in the build. */
const Nature = z.strictObject({
  /** It ends at once, at every start. */
  crashes: z.boolean().default(false),
  /** Its core can't open the store. */
  opens: z.boolean().default(true),
  camera: z.boolean().default(true),
  matches: z.boolean().default(true),
  syncs: z.boolean().default(true),
});
export type Nature = z.input<typeof Nature>;

const PROGRAM = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
grep -q '"crashes":true' "$here/../stub.json" && exit 1
echo "$$ $(basename "$(dirname "$here")") $SMARTPRESENCE_INSTEAD_OF" >"$SMARTPRESENCE_SLOTS/.running" &&
  mv "$SMARTPRESENCE_SLOTS/.running" "$SMARTPRESENCE_SLOTS/running"
exec sleep 100000
`;

/** Returns the parts of a stub build, for `buildArchive`. */
export const stubBuild = (
  version: string,
  nature: Nature = {},
  more: Partial<Omit<BuildParts, 'version' | 'program'>> = {},
): BuildParts => ({
  version,
  program: PROGRAM,
  ...more,
  files: { 'stub.json': JSON.stringify(nature), ...more.files },
});

export interface StubKioskOptions {
  /** Folder of the installation, as `/var/lib/smartpresence`. */
  readonly root: string;
  /** The build to start with if none is installed yet. */
  readonly first?: BuildParts;
  /** Opens the kiosk's store. Called at each start of a core, which closes the store when it ends. */
  readonly openStore: () => Promise<SqlStore>;
  /** How its updater obtains builds: `signedBuilds`, or a test's replacement. */
  readonly open: UpdaterOptions['open'];
  /** Called with each line that core, updater and launcher log. */
  readonly log?: (line: string, fields?: object) => void;
  /** If not set, the kiosk's core has no connection to a server. */
  readonly server?: boolean;
  /** How long nobody has been in view (`idleMs`) or has used the kiosk (`unusedMs`); forever by default. */
  readonly idleMs?: () => number;
  readonly unusedMs?: () => number;
  /** Interval of all periodic checks, ms. */
  readonly everyMs?: number;
  /** Called at each step of updater and core, where a test can kill the process. */
  readonly step?: (name: string) => void;
  /** Polling interval of its launcher, s. */
  readonly pollSeconds?: number;
  /** A file used instead of /proc/uptime, so tests can control the time. */
  readonly uptime?: string;
  /** Monotonic clock, ms, for the core's waits between attempts. */
  readonly monotonic?: () => number;
  /** Free bytes that its updater sees; the disk's by default. */
  readonly free?: UpdaterOptions['free'];
}

export interface StubKiosk {
  readonly layout: UpdateLayout;
  /** Process id of the launcher. */
  readonly launcher: number;
  /** The build whose core is running; null between two builds. */
  readonly running: BuildFacts | null;
  /** Store of the running core. */
  readonly store: SqlStore | null;
  readonly keeper: UpdateKeeper | null;
  /** Whether its core has reached its server. */
  readonly online: boolean;
  /** Stops everything, as an orderly shutdown of the machine does. */
  close(): Promise<void>;
}

const LAUNCH = join(import.meta.dirname, '../../electron/host-browser/update/launch');

/** The parts of a build's core that concern updates and the server. */
interface StubCore {
  readonly pid: number;
  readonly facts: BuildFacts;
  readonly store: SqlStore | null;
  readonly keeper: UpdateKeeper | null;
  online(): boolean;
  close(): Promise<void>;
}

export async function startStubKiosk(options: StubKioskOptions): Promise<StubKiosk> {
  const { root, everyMs = 100 } = options;
  const layout = updateLayout(root);
  for (const folder of Object.values(layout)) mkdirSync(folder, { recursive: true });
  if (options.first && !readState(layout)) {
    const { archive } = buildArchive(join(root, 'first'), options.first);
    await firstBuild(layout, (await unpackInto(layout, archive)).id);
  }
  const log = (level: string, line: string, fields?: object) => options.log?.(`${level} ${line}`, fields);
  const launcher = launch(options, log);
  let core: StubCore | null = null;
  let closing = false;

  async function watchCore(): Promise<void> {
    const now = runningBuild(root);
    if (core && core.pid !== now?.pid) {
      await core.close();
      core = null;
    }
    if (!core && now && !closing) core = await startCore(options, layout, now, log);
  }
  async function update(): Promise<void> {
    const id = runningBuild(root)?.id ?? readState(layout)?.current ?? '';
    const facts = await factsOf(layout, id);
    if (facts)
      await runUpdater({
        layout,
        open: options.open,
        self: `${facts.version} (stub)`,
        log,
        ...stepOf(options),
        ...(options.free && { free: options.free }),
      });
  }
  const cores = repeat(watchCore, everyMs, (error) => log('error', 'stub core', { error }));
  const updates = repeat(update, everyMs, (error) => log('error', 'stub updater', { error }));

  return {
    layout,
    launcher: launcher.pid,
    get running() {
      return core?.facts ?? null;
    },
    get store() {
      return core?.store ?? null;
    },
    get keeper() {
      return core?.keeper ?? null;
    },
    get online() {
      return core?.online() ?? false;
    },
    async close() {
      closing = true;
      await Promise.all([cores.stop(), updates.stop()]);
      await core?.close();
      core = null;
      await launcher.stop();
    },
  };
}

function launch(
  options: StubKioskOptions,
  log: (level: string, line: string) => void,
): { pid: number; stop(): Promise<void> } {
  const uptime = options.uptime ? ['--uptime', options.uptime] : [];
  const poll = ['--poll', String(options.pollSeconds ?? 0.2)];
  const child: ChildProcess = spawn(LAUNCH, ['--root', options.root, ...uptime, ...poll, 'kiosk'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr!.on('data', (text) => log('info', String(text).trim()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Returns the build whose program is running, from the file that the program wrote; null if none is. */
function runningBuild(root: string): { pid: number; id: string; insteadOf: string | null } | null {
  const file = join(root, 'running');
  if (!existsSync(file)) return null;
  const [pid, id = '', insteadOf = ''] = readFileSync(file, 'utf8').trim().split(' ');
  return id !== '' && alive(Number(pid)) ? { pid: Number(pid), id, insteadOf: insteadOf || null } : null;
}

/** Returns whether a process is alive; a zombie isn't. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function startCore(
  options: StubKioskOptions,
  layout: UpdateLayout,
  { pid, id, insteadOf }: { pid: number; id: string; insteadOf: string | null },
  log: (level: 'debug' | 'info' | 'warn' | 'error', line: string, fields?: object) => void,
): Promise<StubCore> {
  const facts = (await factsOf(layout, id))!;
  const nature = Nature.parse(JSON.parse(readFileSync(join(buildFolder(layout, id), 'stub.json'), 'utf8')));
  if (!nature.opens)
    return { pid, facts, store: null, keeper: null, online: () => false, close: async () => undefined };
  const { everyMs = 100, step = () => undefined } = options;
  const store = await options.openStore();
  const retention = startRetention({ store, site: { photoDays: 90, gpsDays: 30 }, log });
  const sync =
    options.server && nature.syncs
      ? await startKioskSync({
          store,
          retention,
          log,
          onStatus: () => undefined,
          applied: (outcome) => outcome.deviceStateChanged && keeper!.acknowledged(),
          dropped: () => undefined,
        })
      : null;
  const embedding = new Float32Array(512).fill(1 / Math.sqrt(512));
  const keeper: UpdateKeeper = startUpdates({
    layout,
    running: facts,
    insteadOf,
    store: stepping(store, step),
    log,
    everyMs,
    now: retention.now,
    monotonic: options.monotonic ?? (() => performance.now()),
    idleMs: options.idleMs ?? (() => Number.POSITIVE_INFINITY),
    unusedMs: options.unusedMs ?? (() => Number.POSITIVE_INFINITY),
    zone: () => 'UTC',
    camera: () => nature.camera,
    faces: () => true,
    selfMatch: async () => (nature.matches ? { model: 'stub', embedding } : null),
    online: () => sync?.uplink.status().online ?? false,
    heard: () => (sync?.uplink.status().lastSyncAt ?? null) !== null,
    changed: () => undefined,
    restart() {
      step('core:restart');
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // it has ended meanwhile
      }
    },
  });
  return {
    pid,
    facts,
    store,
    keeper,
    online: () => sync?.uplink.status().online ?? false,
    async close() {
      keeper.stop();
      await sync?.stop();
      retention.stop();
      store.close();
    },
  };
}

const stepOf = ({ step }: StubKioskOptions) => (step ? { step } : {});

/** Wraps the store for the update code, with a step before and after each write. */
function stepping(store: SqlStore, step: (name: string) => void): KeeperDeps['store'] {
  return {
    settings: {
      get: (key) => store.settings.get(key),
      set(key, value) {
        step(`core:before ${key}`);
        store.settings.set(key, value);
        step(`core:after ${key}`);
      },
      setAll(settings) {
        for (const [key, value] of Object.entries(settings)) this.set(key, value);
      },
    },
    get format() {
      return store.format;
    },
    deviceState: store.deviceState,
    events: {
      reportIfSpace(code, detail, settings) {
        step(`core:before ${code}`);
        const notified = store.events.reportIfSpace(code, detail, settings);
        step(`core:after ${code}`);
        return notified;
      },
    },
  };
}

/** Repeats the work, each time after the previous run has ended. */
function repeat(work: () => Promise<void>, everyMs: number, failed: (error: unknown) => void) {
  let stopped = false;
  let wake: () => void = () => undefined;
  const running = (async () => {
    while (!stopped) {
      await work().catch(failed);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, everyMs);
      });
    }
  })();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
