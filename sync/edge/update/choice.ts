import { Problem } from '../../errors/problem.ts';
import {
  BuildFacts,
  canGoBack,
  compareVersions,
  MAX_BUILD_BYTES,
  parseTargetPath,
  type TargetName,
} from '../../protocol/wire/release.ts';
import type { SignedFile } from './download.ts';

/** The running build, with which an update is compared. */
export type Running = Pick<BuildFacts, 'version' | 'platform' | 'host' | 'schema'>;

/** A build offered by a repository, as signed by its targets keys. */
export interface UpdateTarget extends SignedFile {
  readonly build: BuildFacts;
  readonly format: TargetName['format'];
}

/** What the library has verified about a target. */
export interface VerifiedTarget {
  readonly path: string;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom: unknown;
}

/**
 * Reads what was signed for a target. Null: its path isn't that of a build, so kiosks ignore it.
 *
 * @throws Problem `update-wrong-software` if the path is that of a build but the content isn't that build, or is too large
 */
export function readTarget({ path, length, hashes, custom }: VerifiedTarget): UpdateTarget | null {
  const name = parseTargetPath(path);
  if (!name) return null;
  const parsed = BuildFacts.safeParse(custom);
  const { sha256 } = hashes;
  const fits =
    parsed.success &&
    parsed.data.version === name.version &&
    parsed.data.platform === name.platform &&
    parsed.data.host === name.host;
  if (!fits || !sha256 || length > MAX_BUILD_BYTES)
    throw new Problem('update-wrong-software', { path, cause: parsed.error });
  return { path, length, sha256, build: parsed.data, format: name.format };
}

/** Returns whether a build is for this kind of kiosk. */
function isFor(running: Running, { platform, host }: BuildFacts): boolean {
  return platform === running.platform && host === running.host;
}

/**
 * Requires a newer build, from which the kiosk could still return to the running one.
 *
 * @throws Problem `update-wrong-platform`, `update-installed`, `update-backwards`, `update-cannot-roll-back`
 */
export function requireInstallable(running: Running, build: BuildFacts): void {
  if (!isFor(running, build))
    throw new Problem('update-wrong-platform', {
      version: build.version,
      built: `${build.platform} (${build.host})`,
      running: `${running.platform} (${running.host})`,
    });
  const order = compareVersions(build.version, running.version);
  if (order === 0) throw new Problem('update-installed', { version: build.version });
  if (order < 0) throw new Problem('update-backwards', { version: build.version, running: running.version });
  if (!canGoBack(running, build))
    throw new Problem('update-cannot-roll-back', { older: running.version, newer: build.version });
}

/** Returns whether `requireInstallable` would pass. */
export function isInstallable(running: Running, build: BuildFacts): boolean {
  try {
    requireInstallable(running, build);
    return true;
  } catch {
    return false;
  }
}
