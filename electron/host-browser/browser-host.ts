import { extname, resolve } from 'node:path';
import { coreLimit, withoutCoreDumps } from '../../sync/disk/core-dumps.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { keepLog } from '../core/fleet/log-book.ts';
import type { CoreOptions } from '../core/interface.ts';
import { readDeviceSecret } from '../core/keys/credential.ts';
import { type CoreEvent, superviseCore } from '../core/serving/core-supervisor.ts';
import { listStaticFiles } from '../core/serving/static-files.ts';
import { keepChromiumRunning, type RunningChromium, requireChromium, sandboxFor } from './chromium.ts';
import { forkCore } from './core-fork.ts';
import { createGate, TOKEN_LIFE_MS } from './gate.ts';
import { bootstrapPage } from './pages.ts';
import { makeRuntimeFolder } from './runtime-folder.ts';
import { serveLoopback } from './server.ts';

export interface BrowserHostOptions {
  readonly home: string;
  readonly demo: boolean;
  /** The loopback port; any free one if omitted. */
  readonly port?: number;
  /** `none`: no browser is started, and anyone who opens `enterFile` in a browser as this user gets in. */
  readonly browser: { readonly mode: 'kiosk' | 'headless' | 'none'; readonly footage?: string };
  readonly log: CoreOptions['log'];
  /** Whether the device secret is in a 0600 file rather than systemd's credential. By default only a demo uses a file. */
  readonly secretInFile?: boolean;
  /** Folder of the built product; the project's own `dist` if omitted. */
  readonly dist?: string;
  /** Location of this kiosk's builds, if a launcher started it. */
  readonly slots?: { readonly root: string; readonly insteadOf: string | null } | null;
  /** Whether the program that started this host restarts it after `endAsked`. If not, a restart only affects core and browser. */
  readonly mayEnd?: boolean;
  /** If it returns true when the core has died or refused to start, `endAsked` settles instead of a restart of the core. */
  readonly endsWithCore?: () => boolean;
  /** The module that a core process runs; replaced in tests of the host alone. */
  readonly coreModule?: string;
}

export interface BrowserHost {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The current bootstrap page; null once it was used. */
  readonly enterFile: string | null;
  readonly corePid: number | null;
  readonly browserPid: number | null;
  readonly coreEvent: CoreEvent;
  /** Calls back immediately, and whenever the core's state changes. @returns removes the listener */
  onCoreEvent(listener: (event: CoreEvent) => void): () => void;
  /** Settles with the reason when the core wants the whole kiosk to restart. */
  readonly endAsked: Promise<string>;
  /** Ends browser, core and server, leaving no process or file. */
  close(): Promise<void>;
}

/** A page without a connection for this long while the core is ready (it crashed, or never loaded) is restarted. */
const PAGE_SILENT_FOR = 60_000;

/**
 * Starts the browser host: the core as a child process, the loopback server, and Chromium.
 *
 * @throws Problem `screens-not-built`, `chromium-missing`, `root-refused`, `device-secret-missing`, `device-secret-bad`, `port-in-use`
 */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  const { browser, demo } = options;
  const log = keepLog(options.home, options.log);
  // Core and browser hold faces in the clear. This process starts them, and they inherit its limit.
  if (!withoutCoreDumps(coreLimit()))
    log('warn', 'host: a crash may write memory, faces included, to the disk', { code: 'core-dumps-possible' });
  // Everything that may refuse is done before anything is started.
  const files = listStaticFiles(options.dist ?? resolve(import.meta.dirname, '../../dist'));
  const program =
    browser.mode === 'none' ? null : { path: requireChromium(), sandbox: sandboxFor(process.getuid?.(), demo) };
  const deviceSecret = readDeviceSecret(process.env, options.secretInFile ?? demo);
  const gate = createGate(() => performance.now(), TOKEN_LIFE_MS[browser.mode === 'none' ? 'byHand' : 'browser']);
  const runtime = makeRuntimeFolder(log);
  let enterFile: string | null = null;
  const endAsked = Promise.withResolvers<string>();

  const core = superviseCore({
    start: {
      type: 'start',
      home: options.home,
      deviceSecret,
      demo,
      slots: options.slots ?? null,
      mayEnd: options.mayEnd ?? false,
    },
    spawn: forkCore(
      options.coreModule ?? resolve(import.meta.dirname, `core-child${extname(import.meta.filename)}`),
      log,
    ),
    onRetry: () => chromium?.restart('the kiosk was asked to restart'),
    log,
    onEnd: endAsked.resolve,
    ...(options.endsWithCore && { endsWithCore: options.endsWithCore }),
  });
  let chromium: RunningChromium | null = null;
  const dropEnterFile = (): void => {
    runtime.remove('enter.html');
    enterFile = null;
  };
  const server = await serveLoopback({
    files,
    gate,
    log,
    port: options.port ?? 0,
    coreState: () => core.state,
    connect: (message, socket) => core.connect(message, socket),
    entered: dropEnterFile,
  }).catch(async (error: unknown) => {
    await core.close();
    runtime.close();
    throw portProblem(error, options.port);
  });

  /** Makes a new entry link. The previous one, and all sessions opened with it, end. */
  const openEnterFile = (): string => {
    gate.reset();
    dropEnterFile();
    enterFile = runtime.writePrivate('enter.html', bootstrapPage(server.origin, gate.issueToken()));
    return enterFile;
  };

  let watch: NodeJS.Timeout | undefined;
  if (program && browser.mode !== 'none') {
    const { mode, footage = null } = browser;
    chromium = keepChromiumRunning(
      program.path,
      () => ({
        mode,
        demo,
        footage,
        sandbox: program.sandbox,
        origin: server.origin,
        enterFile: openEnterFile(),
        profile: runtime.freshFolder('profile'),
      }),
      log,
    );
    watch = watchPage(
      () => core.state.state !== 'ready' || core.screens > 0,
      () => chromium?.restart('no page is connected'),
    );
  } else openEnterFile();

  let closed: Promise<void> | null = null;
  return {
    url: server.origin,
    get enterFile() {
      return enterFile;
    },
    get corePid() {
      return core.pid;
    },
    get browserPid() {
      return chromium?.pid ?? null;
    },
    get coreEvent() {
      return { state: core.state, pid: core.pid };
    },
    onCoreEvent(listener) {
      listener({ state: core.state, pid: core.pid });
      return core.onEvent(listener);
    },
    endAsked: endAsked.promise,
    close() {
      closed ??= (async () => {
        clearInterval(watch);
        await chromium?.close();
        await Promise.all([core.close(), server.close()]);
        runtime.close();
      })();
      return closed;
    },
  };
}

/** Calls `act` once `fine` has been false for PAGE_SILENT_FOR. */
function watchPage(fine: () => boolean, act: () => void): NodeJS.Timeout {
  let fineAt = performance.now();
  return setInterval(() => {
    if (fine()) fineAt = performance.now();
    else if (performance.now() - fineAt > PAGE_SILENT_FOR) {
      fineAt = performance.now();
      act();
    }
  }, 5_000);
}

function portProblem(error: unknown, port = 0): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new Problem('port-in-use', { address: `127.0.0.1:${port}`, setting: '--port', cause: error });
}
