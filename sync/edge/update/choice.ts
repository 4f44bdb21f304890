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

/** What runs on this kiosk: what an update is compared with. */
export type Running = Pick<BuildFacts, 'version' | 'platform' | 'host' | 'schema'>;

/** A build that a repository offers, as signed by its targets keys. */
export interface UpdateTarget extends SignedFile {
  readonly build: BuildFacts;
  readonly format: TargetName['format'];
}

/** What the library has verified of a target. */
export interface VerifiedTarget {
  readonly path: string;
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom: unknown;
}

/**
 * Reads what was signed for a target. Null: it lies under no path of a build, and is nothing to a kiosk.
 *
 * @throws Problem `update-wrong-software` where it lies under the path of a build and is not that build, or asks for more
 *   than that build
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

/** Whether a build is for this kind of kiosk at all. */
function isFor(running: Running, { platform, host }: BuildFacts): boolean {
  return platform === running.platform && host === running.host;
}

/**
 * Never backwards, and never to where there is no way back.
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

/** Whether `requireInstallable` would pass. */
export function isInstallable(running: Running, build: BuildFacts): boolean {
  try {
    requireInstallable(running, build);
    return true;
  } catch {
    return false;
  }
}
