import { BrowserWindow } from 'electron';
import type { CoreOptions } from '../core/interface.ts';
import { KIOSK_URL } from './policy.ts';

/** An in-memory session: no `persist:` prefix, so cookies, caches and storage never reach a disk. */
export const PARTITION = 'kiosk';

/**
 * Opens the kiosk's one window. Every preference that matters is written out here, defaults too, so that a change of
 * Electron's defaults changes nothing, and so that a reader (and Electronegativity) sees them where they are used.
 *
 * @param demo a window that can be moved and closed, instead of the whole screen
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
  // A page that crashed or hangs is reloaded automatically: no one stands at a kiosk with a keyboard.
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    log('error', 'host: the page crashed; reloading it', { reason });
    setTimeout(() => !window.isDestroyed() && load(), 500);
  });
  window.on('unresponsive', () => window.webContents.forcefullyCrashRenderer());
  load();
  return window;
}
