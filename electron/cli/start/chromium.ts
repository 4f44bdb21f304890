import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable'];

/** The Chromium to open the kiosk in, or null. `SMARTPRESENCE_CHROMIUM` names another one. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const named = env.SMARTPRESENCE_CHROMIUM;
  if (named) return existsSync(named) ? named : null;
  return CANDIDATES.find((path) => existsSync(path)) ?? null;
}

/**
 * Finds Chromium, or as root on Debian installs it by apt after saying so.
 * @throws Problem `chromium-missing` with the command to type, `chromium-install-failed`
 */
export async function ensureChromium(say: (line: string) => void): Promise<string> {
  const found = findChromium();
  if (found) return found;
  const command = 'apt-get update && apt-get install -y --no-install-recommends chromium';
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Problem(
      'chromium-missing',
      'the kiosk needs Chromium, and there is none',
      `Install it, on Debian with: sudo sh -c '${command}'. Or name one by SMARTPRESENCE_CHROMIUM.`,
    );
  }
  say('Chromium is not installed. Installing Debian’s package (some 100 MB; only this once) …');
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('sh', ['-c', command], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    child.on('error', reject);
    child.on('exit', resolve);
  });
  const installed = findChromium();
  if (code !== 0 || !installed) {
    throw new Problem('chromium-install-failed', `apt-get ended with ${code}`, `Run it by hand: ${command}`);
  }
  say('Chromium is installed.');
  return installed;
}
