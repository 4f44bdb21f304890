import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './files.ts';
import { packFolder } from './tar.ts';

/** Contents of the archive, by path in the sources: everything install.sh needs, without the kiosk's program. */
const PARTS: Readonly<Record<string, string>> = {
  'build/kiosk/install.sh': 'install.sh',
  'build/kiosk/chromium-policy.json': 'chromium-policy.json',
  'build/kiosk/files': 'files',
  'electron/host-browser/update/launch': 'launch',
  'docs/install/kiosk.md': 'kiosk.md',
  'docs/operate/technician.md': 'technician.md',
};

/**
 * Packs the installer that turns a Debian machine into a kiosk (docs/install/kiosk.md). It is separate from the build because
 * it runs before a build is installed, and as root. The same files give the same bytes.
 *
 * @param at time of the commit, in seconds since 1970
 * @returns the archive's path
 */
export async function packageImage(out: string, version: string, at: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-image-'));
  const archive = join(out, `smartpresence-kiosk-image-${version}.tar.gz`);
  try {
    for (const [from, to] of Object.entries(PARTS)) cpSync(join(ROOT, from), join(folder, to), { recursive: true });
    await packFolder(folder, archive, at);
    return archive;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
