import { BrowserWindow } from 'electron';
import type { CoreOptions } from '../core/interface.ts';
import { KIOSK_URL } from './policy.ts';

/** An in-memory session: no `persist:` prefix, so cookies, caches and storage never reach a disk. */
export const PARTITION = 'kiosk';

/**
 * Opens the kiosk's one window. Every relevant preference is written out here, including defaults, so that changes of Electron's
 * defaults have no effect, and readers (and Electronegativity) see them where they are used.
 *
 * @param demo a window that can be moved and closed, instead of full screen
 */
export function openWindow(demo: boolean, log: CoreOptions['log']): BrowserWindow {
  const window = new BrowserWindow({
    width: 1080,
    height: 1920,
    kiosk: !demo,
    fullscreen: !demo,
    frame: demo,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: '#101418',
    webPreferences: {
      partition: PARTITION,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      devTools: false,
      // The spell checker would fetch its dictionaries from outside.
      spellcheck: false,
      // A middle click would open a link in a new window.
      disableBlinkFeatures: 'Auxclick',
      disableDialogs: true,
      backgroundThrottling: false,
    },
  });
  const load = (): void => {
    window.loadURL(KIOSK_URL).catch((error: unknown) => log('error', 'host: the page could not be loaded', { error }));
  };
  window.once('ready-to-show', () => window.show());
  // A page that crashed or hangs is reloaded automatically, since no one at a kiosk has a keyboard.
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    log('error', 'host: the page crashed; reloading it', { reason });
    setTimeout(() => !window.isDestroyed() && load(), 500);
  });
  window.on('unresponsive', () => window.webContents.forcefullyCrashRenderer());
  load();
  return window;
}
