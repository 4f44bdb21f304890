import { type BuildFacts, canGoBack } from '../../../sync/protocol/wire/release.ts';
import { Problem } from '../../contract/problem.ts';

/** What is free must stay free after an update, bytes: attendance and its photos come first. */
export const KEEP_FREE = 300 * 1024 * 1024;
/** What a build becomes when it is unpacked, before its archive is here and says so itself. */
const USUAL_RATIO = 4;

/**
 * Why an authenticated build, newer and for this kiosk, can't run on what the present one keeps; null when it can. (That it
 * is newer, and leaves a way back, the client of signed updates has seen to.)
 */
export function refuseInstall(next: BuildFacts, now: BuildFacts): Problem | null {
  if (next.schema >= now.minReader) return null;
  return new Problem(
    'update-store-too-new',
    `version ${next.version} knows schema ${next.schema} of the store; what is here needs ${now.minReader}`,
    'Publish a newer build.',
  );
}

/**
 * Why the kiosk may not go back to the build before; null when it may.
 * @param leave the version that is to be left: it has to be the one that runs
 */
export function refuseRollback(previous: BuildFacts | null, leave: string | null, now: BuildFacts): Problem | null {
  if (leave !== null && leave !== now.version)
    return new Problem(
      'update-not-running',
      `version ${leave}, which is to be left, does not run here; ${now.version} does`,
      'There is nothing to do.',
    );
  if (!previous)
    return new Problem(
      'update-no-previous',
      `there is no build before version ${now.version} on this kiosk`,
      'A kiosk keeps one build before the present one; publish an older state under a new version.',
    );
  if (canGoBack(previous, now)) return null;
  return new Problem(
    'update-cannot-roll-back',
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
    'Free some space on this kiosk; the update is tried again when it is asked for again.',
    { params: { needed: megabytes(needed), free: megabytes(free) } },
  );
}
