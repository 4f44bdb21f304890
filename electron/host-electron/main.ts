import { extname, join, resolve } from 'node:path';
import { app, ipcMain, Menu, MessageChannelMain, protocol, safeStorage, session, utilityProcess } from 'electron';
import type { CoreState } from '../contract/host.ts';
import { ASK_PORT, GIVE_PORT, PORT_GONE } from '../contract/port-messages.ts';
import { keepLog } from '../core/fleet/log-book.ts';
import { codedError } from '../core/serving/core-process.ts';
import { type CoreSupervisor, superviseCore } from '../core/serving/core-supervisor.ts';
import { hostLog } from '../core/serving/log.ts';
import { listStaticFiles } from '../core/serving/static-files.ts';
import { answerAppRequest } from './app-protocol.ts';
import { type HostArguments, readArguments } from './arguments.ts';
import { forkUtility } from './core-utility.ts';
import { readDeviceSecret } from './device-secret.ts';
import { lockContents, lockSession } from './lockdown.ts';
import { isKioskFrame, KIOSK_URL, SCHEME, SWITCHES } from './policy.ts';
import { openWindow, PARTITION } from './window.ts';

/*
 * The Electron host: windows, permissions, lockdown, and the core as a utility process. It only wires; whatever
 * decides stands in the modules beside it. Frames never pass here: the page's port goes straight to the core.
 */

/** The core's module stands beside this one, as source or transpiled; the sandboxed preload is bundled (build/electron/app.ts). */
const CORE_MODULE = join(import.meta.dirname, `core-child${extname(import.meta.filename)}`);
const PRELOAD = join(import.meta.dirname, 'preload.cjs');
const DIST = resolve(import.meta.dirname, '../../dist');
let log = hostLog(process.stdout);

function start(): void {
  const options = readArguments(process.argv.slice(1), app.getPath('userData'));
  log = keepLog(options.home, log);
  // One kiosk a data folder: the second one would fight for store and camera.
  app.setPath('userData', join(options.home, 'electron'));
  if (!app.requestSingleInstanceLock()) {
    log('warn', 'host: the kiosk runs already');
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
    .then(() => run(options))
    .catch(fail);
}

function run(options: HostArguments): void {
  const files = listStaticFiles(DIST);
  Menu.setApplicationMenu(null);
  const kioskSession = session.fromPartition(PARTITION);
  lockSession(kioskSession, log);
  // Registered for our own address alone, so that no other document could ever have it.
  kioskSession.registerPreloadScript({ type: 'frame', filePath: PRELOAD, matches: [`${KIOSK_URL}*`] });

  const core = startCore(options, () => window.webContents.reloadIgnoringCache());
  kioskSession.protocol.handle(SCHEME, (request) => answerAppRequest(request, files, () => core.state));
  const window = openWindow(options.demo, log);

  ipcMain.on(ASK_PORT, (event) => {
    if (!isKioskFrame(event.senderFrame)) return log('warn', 'host: a message of a foreign frame was refused');
    const { port1, port2 } = new MessageChannelMain();
    if (core.supervisor?.connect({ type: 'connect', upgrade: null }, port1))
      event.sender.postMessage(GIVE_PORT, null, [port2]);
    else event.sender.postMessage(PORT_GONE, null);
  });
  core.supervisor?.onEvent(({ state }) => {
    if (state.state !== 'ready' && !window.isDestroyed()) window.webContents.postMessage(PORT_GONE, null);
  });

  app.on('second-instance', () => window.focus());
  app.on('window-all-closed', () => app.quit());
  let stopped = false;
  app.on('will-quit', (event) => {
    if (stopped || !core.supervisor) return;
    event.preventDefault();
    void core.supervisor.close().then(() => {
      stopped = true;
      app.quit();
    });
  });
}

/** The core under supervision; or none, and the reason that the page then shows. */
function startCore(
  options: HostArguments,
  onAgain: () => void,
): { supervisor: CoreSupervisor | null; readonly state: CoreState } {
  const { home, demo, secretInFile } = options;
  try {
    const deviceSecret = readDeviceSecret(safeStorage, process.platform, home, secretInFile);
    const spawn = forkUtility(utilityProcess, CORE_MODULE, log);
    const supervisor = superviseCore({
      start: { type: 'start', home, deviceSecret, demo, slots: null },
      spawn,
      onAgain,
      log,
    });
    return {
      supervisor,
      get state() {
        return supervisor.state;
      },
    };
  } catch (error) {
    const refusal = codedError(error);
    if (!refusal) throw error;
    log('error', 'host: the core can’t be started', { error });
    return { supervisor: null, state: { state: 'refused', ...refusal } };
  }
}

function fail(error: unknown): void {
  log('error', 'host: could not start', { error });
  app.exit(1);
}

try {
  start();
} catch (error) {
  fail(error);
}
