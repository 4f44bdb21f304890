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
  /** The loopback port; any free one without it. */
  readonly port?: number;
  /** `none`: no browser is started; anyone who opens `enterFile` in a browser of this user gets in. */
  readonly browser: { readonly mode: 'kiosk' | 'headless' | 'none'; readonly footage?: string };
  readonly log: CoreOptions['log'];
  /** True: the device secret lives in a 0600 file; false: in systemd's credential. By default a demo alone has a file. */
  readonly secretInFile?: boolean;
  /** The built product; the project's own `dist` without it. */
  readonly dist?: string;
  /** Where this kiosk's builds are, when a launcher has started it. */
  readonly slots?: { readonly root: string; readonly insteadOf: string | null } | null;
  /** Whatever started this host starts it again when `endAsked` settles. Without it, a restart is one of core and browser. */
  readonly mayEnd?: boolean;
  /** If it returns true, `endAsked` settles when the core has died or refused to start, instead of restarting the core. */
  readonly endsWithCore?: () => boolean;
  /** The module that a core process runs; for tests of the host alone. */
  readonly coreModule?: string;
}

export interface BrowserHost {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The bootstrap page that stands open now; null once it was used. */
  readonly enterFile: string | null;
  readonly corePid: number | null;
  readonly browserPid: number | null;
  readonly coreEvent: CoreEvent;
  /** Calls back now, and whenever the core's state changes. */
  onCoreEvent(listener: (event: CoreEvent) => void): () => void;
  /** Settles with the reason when the core wants the whole kiosk to restart. */
  readonly endAsked: Promise<string>;
  /** Ends browser, core and server; leaves no process and no file. */
  close(): Promise<void>;
}

/** A browser whose page has held no connection for this long while the core was ready (a crashed tab, a page that never came) starts afresh. */
const PAGE_SILENT_FOR = 60_000;

/**
 * Starts the browser host: the core as a child process, the loopback server, and Chromium.
 *
 * @throws Problem `screens-not-built`, `chromium-missing`, `root-refused`, `device-secret-missing`, `device-secret-bad`, `port-in-use`
 */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  const { browser, demo } = options;
  const log = keepLog(options.home, options.log);
  // Core and browser, which hold faces in the clear, are started by this process and inherit its limit.
  if (!withoutCoreDumps(coreLimit()))
    log('warn', 'host: a crash may write memory, faces included, to the disk', { code: 'core-dumps-possible' });
  // Everything that can refuse does so before anything is started.
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

  /** A new entry link; the previous one, and every session opened with it, ends. */
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

/** Calls `act` when `fine` has been false for PAGE_SILENT_FOR. */
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
