import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'electron';
import { replaceFile } from '../../sync/disk/replace.ts';

export interface AutostartPlace {
  readonly app: Pick<App, 'setLoginItemSettings'>;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Makes the system start this program when its user logs in, or no longer, so that a kiosk is back after a power cut. On Windows
 * a login item, on Linux a desktop entry (XDG Desktop Application Autostart Specification 0.5).
 */
export function keepAutostart(wanted: boolean, { app, platform, env, program, args }: AutostartPlace): void {
  if (platform === 'win32') {
    app.setLoginItemSettings({ openAtLogin: wanted, path: program, args: [...args] });
    return;
  }
  const folder = join(env.XDG_CONFIG_HOME || join(env.HOME ?? '', '.config'), 'autostart');
  const file = join(folder, 'smartpresence-kiosk.desktop');
  if (!wanted) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // An AppImage is started by its own file, since it is mounted in a different place each time.
  replaceFile(file, desktopEntry([env.APPIMAGE || program, ...args]));
}

/** Returns the entry, with arguments quoted by the Desktop Entry Specification 1.5; `%` would start a field code. */
export function desktopEntry(command: readonly string[]): string {
  const quoted = command.map((word) => `"${word.replace(/[\\"`$]/g, '\\$&').replaceAll('%', '%%')}"`);
  // The quoted text is itself a string value of the file, in which backslashes are doubled.
  const exec = quoted.join(' ').replaceAll('\\', '\\\\');
  return `[Desktop Entry]\nType=Application\nName=SmartPresence\nExec=${exec}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n`;
}
