import { type BuildFacts, canGoBack, compareVersions } from '../../../sync/protocol/wire/release.ts';
import { Problem } from '../../contract/problem.ts';

/** What is free must stay free after an update, bytes: attendance and its photos come first. */
export const KEEP_FREE = 300 * 1024 * 1024;
/** What a build becomes when it is unpacked, before its archive is here and says so itself. */
const USUAL_RATIO = 4;

/** Why this build may not be installed over the one that runs; null when it may. */
export function refuseInstall(next: BuildFacts, now: BuildFacts): Problem | null {
  if (next.platform !== now.platform || next.host !== now.host)
    return new Problem(
      'update-other-platform',
      `version ${next.version} is built for ${next.platform} (${next.host}), this kiosk is ${now.platform} (${now.host})`,
      'Publish a build for this kiosk’s platform.',
    );
  if (compareVersions(next.version, now.version) <= 0)
    return new Problem(
      'update-not-newer',
      `version ${next.version} is not newer than ${now.version}, which runs here`,
      'Going back is done by a rollback, and to the build before alone.',
    );
  if (next.schema < now.minReader)
    return new Problem(
      'update-store-too-new',
      `version ${next.version} knows schema ${next.schema} of the store; what is here needs ${now.minReader}`,
      'Publish a newer build.',
    );
  if (!canGoBack(now, next))
    return new Problem(
      'update-no-way-back',
      `after version ${next.version} this one could not open the store any more`,
      'Roll out the version in between first, which can.',
    );
  return null;
}

/** Why the kiosk may not go back to the build before; null when it may. */
export function refuseRollback(previous: BuildFacts | null, version: string | null, now: BuildFacts): Problem | null {
  if (!previous || (version !== null && previous.version !== version))
    return new Problem(
      'update-no-previous',
      `version ${version ?? ''} is not the build before this one${previous ? `, which is ${previous.version}` : ''}`,
      'A kiosk keeps one build before the present one; publish an older state under a new version.',
    );
  if (canGoBack(previous, now)) return null;
  return new Problem(
    'update-no-way-back',
    `version ${previous.version} can’t open the store that ${now.version} has written`,
    'Publish the older state under a new version.',
  );
}

/** Bytes that an update needs on the disk, beside what must stay free. */
export const spaceNeeded = (archive: { packed: number; here: number; unpacked: number | null }): number =>
  Math.max(0, archive.packed - archive.here) + (archive.unpacked ?? archive.packed * USUAL_RATIO) + KEEP_FREE;

export function noSpace(needed: number, free: number): Problem {
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);
  return new Problem(
    'update-disk-full',
    `the update needs ${megabytes(needed)} MB on the disk; ${megabytes(free)} MB are free`,
    'Free some space on this kiosk; the update is tried again when it is asked for anew.',
    { params: { needed: megabytes(needed), free: megabytes(free) } },
  );
}
