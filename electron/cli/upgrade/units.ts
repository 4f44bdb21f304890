import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';

/** Where `install.sh` puts the systemd units of the version it installs. */
export const UNITS = '/etc/systemd/system';

export interface UnitChanges {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

const unitsOf = (build: string): string[] => {
  const folder = join(build, 'systemd');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name)) : [];
};

/**
 * Replaces the units of one build by those of another. If neither has any installed, as in a container, nothing happens.
 *
 * @param from folder of the build whose units are installed; null: not known
 * @param systemctl runs systemctl; null: systemd is not running here
 * @throws Problem `upgrade-not-writable`
 */
export async function switchUnits(
  from: string | null,
  to: string,
  folder: string,
  systemctl: ((...args: string[]) => Promise<unknown>) | null,
): Promise<UnitChanges> {
  const [before, after] = [from === null ? [] : unitsOf(from), unitsOf(to)];
  const isThere = (name: string): boolean => existsSync(join(folder, name));
  if (![...before, ...after].some(isThere)) return { written: [], removed: [] };
  const ours = (name: string): Buffer => readFileSync(join(to, 'systemd', name));
  const written = after.filter((name) => !isThere(name) || !readFileSync(join(folder, name)).equals(ours(name)));
  const removed = before.filter((name) => isThere(name) && !after.includes(name));
  if (removed.length > 0) await systemctl?.('disable', '--quiet', '--now', ...removed);
  try {
    for (const name of written) replaceFile(join(folder, name), ours(name), { mode: 0o644, pastUmask: true });
    for (const name of removed) rmSync(join(folder, name));
  } catch (cause) {
    throw new Problem('upgrade-not-writable', { folder, cause });
  }
  if (written.length + removed.length > 0) await systemctl?.('daemon-reload');
  return { written, removed };
}
