import { command } from '../../disk/program.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import {
  BuildFacts,
  canGoBack,
  compareVersions,
  MAX_BUILD_BYTES,
  parseTargetPath,
  type TargetName,
} from '../../protocol/wire/release.ts';
import type { SignedFile } from './download.ts';

/** What runs on this kiosk: what an update is judged against. */
export type Running = Pick<BuildFacts, 'version' | 'platform' | 'host' | 'schema'>;

/** A build that a repository offers, as its targets keys have signed it. */
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
    throw new Problem(
      'update-wrong-software',
      `What is signed as ${path} does not say of itself that it is that build, and that build alone.`,
      `Do not install it. Withdraw it with ${command('release sign --withdraw')}, and find out how it came to be signed.`,
      { cause: parsed.error },
    );
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
    throw new Problem(
      'update-wrong-platform',
      `Version ${build.version} is for ${build.platform} (${build.host}); this kiosk is ${running.platform} (${running.host}).`,
      'Sign a build for this kind of kiosk.',
    );
  const order = compareVersions(build.version, running.version);
  if (order === 0)
    throw new Problem('update-installed', `Version ${build.version} is the one that runs.`, 'There is nothing to do.');
  if (order < 0)
    throw new Problem(
      'update-backwards',
      `Version ${build.version} is older than ${running.version}, which runs.`,
      'An older build is never downloaded; to go back to the previous one, use the rollout’s rollback.',
    );
  if (!canGoBack(running, build))
    throw new Problem(
      'update-cannot-roll-back',
      `Version ${build.version} would change the store so that version ${running.version} could not open it again.`,
      'Install a version between the two first.',
    );
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
