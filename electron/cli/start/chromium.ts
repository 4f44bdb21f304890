import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Problem } from '../../../sync/errors/problem.ts';
import { chromiumMissing, findChromium } from '../../host-browser/chromium.ts';

/** With fonts for Arabic and Chinese, which a bare Debian lacks: 2 MB on top of Chromium's hundred. */
const INSTALL =
  'apt-get update && apt-get install -y --no-install-recommends chromium fonts-vazirmatn-variable fonts-wqy-microhei';

export interface EnsureChromiumOptions {
  readonly say: (line: string) => void;
  /** Aborts a running installation. */
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  readonly find?: (env: NodeJS.ProcessEnv) => string | null;
  /** Command that installs it; null: don't install. By default apt-get's if we are root on Debian. */
  readonly install?: string | null;
}

/**
 * Ensures that Chromium is installed. As root on Debian, installs it with apt after a message.
 * @throws Problem `chromium-missing` with the command to type, `chromium-install-failed`; the signal's reason
 */
export async function ensureChromium(options: EnsureChromiumOptions): Promise<void> {
  const { say, signal, env = process.env, find = findChromium, install = canInstall() ? INSTALL : null } = options;
  if (find(env)) return;
  const named = env.SMARTPRESENCE_CHROMIUM;
  if (named || install === null) throw chromiumMissing(named);
  say('Chromium is not installed. Installing Debian’s package (some 100 MB; only this once) …');
  const code = await runInstall(install, signal);
  signal.throwIfAborted();
  if (code !== 0 || !find(env)) {
    throw new Problem('chromium-install-failed', { code: String(code), install });
  }
  say('Chromium is installed.');
}

const canInstall = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

function runInstall(command: string, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      // Its own process group, so that stopping reaches apt-get and its children, not just the shell.
      detached: true,
    });
    // apt-get finishes a package that it is unpacking.
    const stop = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    };
    signal.addEventListener('abort', stop, { once: true });
    child.on('error', reject);
    child.on('exit', (code) => {
      signal.removeEventListener('abort', stop);
      resolve(code);
    });
  });
}
