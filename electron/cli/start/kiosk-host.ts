import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CoreOptions } from '../../core/interface.ts';
import { startBrowserHost } from '../../host-browser/browser-host.ts';
import { findElectron } from '../../host-electron/electron-binary.ts';
import { launchElectronHost } from '../../host-electron/launch.ts';
import { hasDisplay } from './camera.ts';

export interface KioskHostOptions {
  /** Electron's program, see electronFor; null: the browser host. */
  readonly electron: string | null;
  readonly home: string;
  readonly demo: boolean;
  /** False: systemd's credential. */
  readonly secretInFile: boolean;
  readonly footage: string;
  readonly port: number | null;
  readonly log: CoreOptions['log'];
}

export interface KioskHost {
  readonly where: string;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, '../../..');

/**
 * Returns Electron's program if it was chosen and can open a window; null means the browser host.
 * @throws Problem `electron-missing`
 */
export function electronFor(host: 'auto' | 'electron' | 'browser'): string | null {
  if (host === 'browser' || (host === 'auto' && !hasDisplay())) return null;
  const program = findElectron();
  if (!program && host === 'electron') {
    throw new Problem('electron-missing');
  }
  return program;
}

/** Opens the kiosk: in Electron if its program is available and there is a display, else in Chromium. */
export async function openKioskHost(options: KioskHostOptions): Promise<KioskHost> {
  const { electron: program, home, demo, secretInFile, log } = options;
  if (program) {
    const host = launchElectronHost({
      program,
      app: await electronApp(),
      home,
      demo,
      secretInFile,
      footage: demo ? options.footage : null,
      log,
    });
    return { where: 'in Electron', close: () => host.close() };
  }
  const headless = demo && !hasDisplay();
  const host = await startBrowserHost({
    home,
    demo,
    secretInFile,
    ...(options.port === null ? {} : { port: options.port }),
    browser: { mode: headless ? 'headless' : 'kiosk', ...(demo ? { footage: options.footage } : {}) },
    log,
  });
  return { where: `${host.url}   in ${headless ? 'headless ' : ''}Chromium`, close: () => host.close() };
}

/** Builds the transpiled tree that Electron runs, with built screens and models beside it. */
async function electronApp(): Promise<string> {
  const { buildElectronApp } = await import('../../../build/electron/app.ts');
  const out = join(root, 'dist/electron-app');
  await buildElectronApp(out);
  mkdirSync(join(out, 'dist'), { recursive: true });
  for (const part of ['renderer', 'models']) {
    const link = join(out, 'dist', part);
    if (!existsSync(link)) symlinkSync(join(root, 'dist', part), link);
  }
  return out;
}
