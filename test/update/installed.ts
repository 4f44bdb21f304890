import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { requestFile } from '../../electron/core/update/files.ts';
import { type UpdateLayout, updateLayout } from '../../electron/core/update/layout.ts';

/**
 * A packaged kiosk as the installer leaves it, on this machine: the folders of /var/lib/smartpresence with their owners, a
 * launcher that no build replaces, one user that runs the kiosk and another that installs builds. The updater is started for
 * each request, as smartpresence-update.path does. Without root, one user does everything.
 */

const LAUNCH = join(import.meta.dirname, '../../electron/host-browser/update/launch');
const asRoot = process.getuid?.() === 0;
/** The kiosk runs as Debian's `nobody`; the updater's id belongs to no user. */
const [KIOSK, UPDATER] = [65_534, 65_533];
const asKiosk = asRoot ? ['setpriv', `--reuid=${KIOSK}`, `--regid=${KIOSK}`, '--clear-groups', '--'] : [];
const asUpdater = asRoot ? ['setpriv', `--reuid=${UPDATER}`, `--regid=${UPDATER}`, `--groups=${KIOSK}`, '--'] : [];

export interface InstallOptions {
  /** Archive of the first build. */
  readonly archive: string;
  /** `root.json` of the releases that this kiosk trusts. */
  readonly trustedRoot: Uint8Array;
  /** Arguments of `kiosk run`. */
  readonly run: readonly string[];
  /** Environment of the updater, such as mirrors and mounts. */
  readonly updaterEnv?: NodeJS.ProcessEnv;
}

export interface SaidLine extends Readonly<Record<string, unknown>> {
  /** When the line was read: ms of `performance.now()`. */
  readonly heardAt: number;
}

export interface Installed {
  /** Stands for `/var/lib/smartpresence`; the value of SMARTPRESENCE_HOME. */
  readonly root: string;
  readonly layout: UpdateLayout;
  /** The kiosk's data folder. */
  readonly home: string;
  /** JSON lines that the kiosk and the updater have printed since the start. */
  readonly lines: readonly SaidLine[];
  /** All output of all processes, for the report of a failed test. */
  readonly notified: readonly string[];
  /** Gives ownership of the data folder to the kiosk's user, after a test has put something into it. */
  handOver(): void;
  /** Runs the current build's program as the kiosk's user and waits for it to end. */
  kiosk(
    args: readonly string[],
    more?: { input?: string; env?: NodeJS.ProcessEnv },
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Starts the launcher. */
  start(): void;
  /** Waits for the first line from index `from` that `wanted` accepts. @throws if the launcher ends or the time runs out */
  line(wanted: (line: SaidLine) => boolean, ms: number, from?: number): Promise<SaidLine>;
  /** Stops the kiosk as an orderly shutdown of the machine does. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

export async function installKiosk(options: InstallOptions): Promise<Installed> {
  const base = mkdtempSync(join(tmpdir(), 'sp-installed-'));
  chmodSync(base, 0o755);
  const root = join(base, 'smartpresence');
  const layout = updateLayout(root);
  const home = join(root, 'kiosk');
  const scratch = join(base, 'scratch');
  const folder = (path: string, owner: number, mode: number) => {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    if (asRoot) execFileSync('chown', [`${owner}:${owner}`, path]);
  };
  folder(root, 0, 0o755);
  folder(layout.builds, UPDATER, 0o755);
  folder(layout.work, UPDATER, 0o755);
  folder(layout.spool, KIOSK, 0o755);
  folder(home, KIOSK, 0o700);
  folder(scratch, KIOSK, 0o700);
  writeFileSync(join(layout.work, 'root.json'), options.trustedRoot, { mode: 0o644 });
  const env = { PATH: '/usr/bin:/bin', HOME: scratch, TMPDIR: scratch, SMARTPRESENCE_HOME: root, LANG: 'C.UTF-8' };
  const updaterEnv = { PATH: '/usr/bin:/bin', HOME: '/', LANG: 'C.UTF-8', ...options.updaterEnv };

  // As in the installer, the archive's own program installs the build.
  const unpacked = join(base, 'first');
  const archive = join(base, 'first.tar.gz');
  mkdirSync(unpacked);
  cpSync(options.archive, archive);
  chmodSync(archive, 0o644);
  execFileSync('tar', ['--extract', '--gzip', '--file', archive, '--directory', unpacked, '--no-same-owner']);
  const [program = '', ...args] = [...asUpdater, join(unpacked, 'bin/kiosk'), 'updater', '--first', archive];
  execFileSync(program, args, { cwd: '/', env: { ...updaterEnv, SMARTPRESENCE_SLOTS: root } });
  rmSync(unpacked, { recursive: true });
  rmSync(archive);

  const lines: SaidLine[] = [];
  const notified: string[] = [];
  const waiting = new Set<() => void>();
  const hear = (child: ChildProcess) => {
    createInterface({ input: child.stdout! }).on('line', (text) => {
      notified.push(text);
      lines.push({ ...(JSON.parse(text) as object), heardAt: performance.now() });
      for (const check of [...waiting]) check();
    });
    createInterface({ input: child.stderr! }).on('line', (text) => notified.push(text));
  };
  const spawned = ([program = '', ...args]: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess =>
    spawn(program, args, { cwd: '/', env: environment, stdio: ['pipe', 'pipe', 'pipe'] });

  let launcher: ChildProcess | null = null;
  let launcherEnded: Promise<void> = Promise.resolve();
  const running = () => launcher !== null && launcher.exitCode === null && launcher.signalCode === null;
  const updaters = updaterOnRequest(layout, () => {
    const child = spawned([...asUpdater, LAUNCH, '--root', root, 'updater'], updaterEnv);
    child.stdin!.end();
    hear(child);
    return new Promise((resolve) => child.once('close', () => resolve()));
  });

  const installed: Installed = {
    root,
    layout,
    home,
    lines,
    notified,
    handOver() {
      if (asRoot) execFileSync('chown', ['--recursive', `${KIOSK}:${KIOSK}`, home]);
    },
    async kiosk(args, { input = '', env: more = {} } = {}) {
      const child = spawned([...asKiosk, join(layout.builds, 'current/bin/kiosk'), ...args], { ...env, ...more });
      let [stdout, stderr] = ['', ''];
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.stdin!.end(input);
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      return { code, stdout, stderr };
    },
    start() {
      const child = spawned([...asKiosk, LAUNCH, '--root', root, 'kiosk', ...options.run], env);
      child.stdin!.end();
      hear(child);
      launcher = child;
      launcherEnded = new Promise((resolve) => child.once('close', () => resolve()));
    },
    line: (wanted, ms, from = 0) =>
      new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          waiting.delete(check);
        };
        const check = () => {
          const found = lines.slice(from).find(wanted);
          if (!found && running()) return;
          done();
          if (found) resolve(found);
          else reject(new Error(`the launcher has ended; it said:\n${notified.slice(-100).join('\n')}`));
        };
        const timer = setTimeout(() => {
          done();
          reject(new Error(`${ms} ms are over; it said:\n${notified.slice(-100).join('\n')}`));
        }, ms);
        waiting.add(check);
        check();
      }),
    async stop() {
      if (running()) launcher!.kill('SIGTERM');
      await launcherEnded;
      await updaters.idle();
    },
    async remove() {
      await installed.stop();
      updaters.close();
      rmSync(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return installed;
}

/** Starts an updater for each request, one at a time; for a request that arrives meanwhile, once the first has ended. */
function updaterOnRequest(layout: UpdateLayout, start: () => Promise<void>) {
  const request = requestFile(layout).slice(layout.spool.length + 1);
  let running: Promise<void> | null = null;
  let again = false;
  const wake = (): void => {
    again = true;
    running ??= (async () => {
      while (again) {
        again = false;
        await start();
      }
      running = null;
    })();
  };
  const watcher = watch(layout.spool, (_, name) => {
    if (name === request) wake();
  });
  return {
    idle: async () => running ?? undefined,
    close: () => watcher.close(),
  };
}
