import { extname, join, resolve } from 'node:path';
import {
  app,
  ipcMain,
  Menu,
  MessageChannelMain,
  powerSaveBlocker,
  protocol,
  safeStorage,
  session,
  utilityProcess,
} from 'electron';
import { ASK_PORT, ASK_PRINT, GIVE_PORT, PORT_CLOSED } from '../contract/port-messages.ts';
import { keepLog } from '../core/fleet/log-book.ts';
import { makeOwnFolder } from '../core/own-folder.ts';
import { ensureKioskFolder } from '../core/provision.ts';
import { codedError } from '../core/serving/core-process.ts';
import { superviseCore } from '../core/serving/core-supervisor.ts';
import { hostLog } from '../core/serving/log.ts';
import { RUN_EXIT } from '../core/serving/run-exit.ts';
import { listStaticFiles } from '../core/serving/static-files.ts';
import { undecidedTrial } from '../core/update/files.ts';
import { slotsOf } from '../core/update/layout.ts';
import { answerAppRequest } from './app-protocol.ts';
import { type HostArguments, readArguments } from './arguments.ts';
import { keepAutostart } from './autostart.ts';
import { forkUtility } from './core-utility.ts';
import { readDeviceSecret } from './device-secret.ts';
import { startHostCore } from './host-core.ts';
import { lockContents, lockSession } from './lockdown.ts';
import { isKioskFrame, KIOSK_URL, relaunchOptions, SCHEME, SWITCHES } from './policy.ts';
import { openWindow, PARTITION } from './window.ts';

/*
 * The Electron host: windows, permissions, lockdown, and the core as a utility process. It only wires; decisions are in the
 * modules beside it. Camera frames never pass through here: the page's port goes straight to the core.
 */

/** The core's module is beside this one, as source or transpiled; the sandboxed preload is bundled (build/electron/app.ts). */
const CORE_MODULE = join(import.meta.dirname, `core-child${extname(import.meta.filename)}`);
const PRELOAD = join(import.meta.dirname, 'preload.cjs');
const DIST = resolve(import.meta.dirname, '../../dist');
let log = hostLog(process.stdout);

function start(): void {
  const options = readArguments(process.argv.slice(1), process.env, app.getPath('userData'));
  const ownData = join(options.home, 'electron');
  // Electron only accepts an existing folder. If the disk has a problem, the page reports it, see run().
  if (attempt(() => makeKioskFolder(options, ownData))) app.setPath('userData', ownData);
  log = keepLog(options.home, log);
  // One kiosk per data folder: a second one would compete for store and camera.
  if (!app.requestSingleInstanceLock()) {
    log('warn', 'host: the kiosk is already running');
    app.quit();
    return;
  }
  app.enableSandbox();
  for (const [name, value] of SWITCHES) app.commandLine.appendSwitch(name, value);
  if (options.footage !== null) {
    app.commandLine.appendSwitch('use-fake-device-for-media-stream');
    app.commandLine.appendSwitch('use-file-for-fake-video-capture', options.footage);
  }
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
  lockContents(app, log);
  app
    .whenReady()
    .then(() => run(options, ownData))
    .catch(fail);
}

function run(options: HostArguments, ownData: string): void {
  const { home, demo, secretInFile } = options;
  const files = listStaticFiles(DIST);
  const slots = slotsOf(process.env);
  Menu.setApplicationMenu(null);
  // A kiosk's display never sleeps, whatever the desktop's settings. The page requests the same, and reports if it is refused.
  if (!demo) powerSaveBlocker.start('prevent-display-sleep');
  const kioskSession = session.fromPartition(PARTITION);
  lockSession(kioskSession, log);
  // Registered only for our own address, so that no other document can ever get it.
  kioskSession.registerPreloadScript({ type: 'frame', filePath: PRELOAD, matches: [`${KIOSK_URL}*`] });

  if (app.isPackaged && !demo && !slots) startAtLogin(options.autostart);

  let again = false;
  const core = startHostCore({
    async prepare() {
      makeKioskFolder(options, ownData);
      return readDeviceSecret({
        keystore: safeStorage,
        platform: process.platform,
        env: process.env,
        home,
        allowFile: secretInFile,
      });
    },
    supervise: (deviceSecret) =>
      superviseCore({
        // Without a launcher, an installed program restarts itself. From sources, only core and page are restarted.
        start: { type: 'start', home, deviceSecret, demo, slots, mayEnd: slots !== null || app.isPackaged },
        spawn: forkUtility(utilityProcess, CORE_MODULE, log),
        onRetry: () => window.webContents.reloadIgnoringCache(),
        endsWithCore: undecidedTrial(process.env),
        onEnd() {
          again = true;
          app.quit();
        },
        log,
      }),
    changed({ state }) {
      if (state !== 'ready' && !window.isDestroyed()) window.webContents.postMessage(PORT_CLOSED, null);
    },
    failed: fail,
    log,
  });
  kioskSession.protocol.handle(SCHEME, (request) => answerAppRequest(request, files, () => core.state));
  const window = openWindow(demo, log);

  ipcMain.on(ASK_PORT, (event) => {
    if (!isKioskFrame(event.senderFrame)) return log('warn', 'host: refused a message from a foreign frame');
    const { port1, port2 } = new MessageChannelMain();
    if (core.supervisor?.connect({ type: 'connect', upgrade: null }, port1))
      event.sender.postMessage(GIVE_PORT, null, [port2]);
    else event.sender.postMessage(PORT_CLOSED, null);
  });
  ipcMain.on(ASK_PRINT, (event) => {
    if (!isKioskFrame(event.senderFrame)) return log('warn', 'host: refused a message from a foreign frame');
    event.sender.print({ silent: true }, (sent, why) => {
      if (!sent) log('warn', 'host: the page was not printed', { why });
    });
  });

  app.on('second-instance', () => window.focus());
  app.on('window-all-closed', () => app.quit());
  let stopped = false;
  app.on('will-quit', (event) => {
    if (stopped) return;
    event.preventDefault();
    void core.close().then(() => {
      stopped = true;
      if (again && slots) return app.exit(RUN_EXIT.restart); // its launcher starts the build that is then current
      if (again) app.relaunch(relaunchOptions(process.env));
      app.quit();
    });
  });
}

function startAtLogin(wanted: boolean): void {
  const { execPath: program, platform, env, argv } = process;
  try {
    keepAutostart(wanted, { app, platform, env, program, args: argv.slice(1) });
  } catch (error) {
    log('warn', 'host: the kiosk will not start automatically', { code: 'autostart-failed', error });
  }
}

/** @throws Problem `home-not-usable`, `storage-full` */
function makeKioskFolder({ home, demo }: HostArguments, ownData: string): void {
  ensureKioskFolder(home, demo);
  makeOwnFolder(ownData);
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!codedError(error)) throw error;
    return false; // the page reports it when it is tried again
  }
}

function fail(error: unknown): void {
  log('error', 'host: could not start', { error });
  app.exit(codedError(error)?.code === 'bad-argument' ? RUN_EXIT.usage : RUN_EXIT.failed);
}

try {
  start();
} catch (error) {
  fail(error);
}
