import { Problem } from '../../../sync/errors/problem.ts';
import { type BuildFacts, canGoBack } from '../../../sync/protocol/wire/release.ts';

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
  return new Problem('update-store-too-new', { version: next.version, schema: next.schema, minReader: now.minReader });
}

/**
 * Why the kiosk may not go back to the build before; null when it may.
 * @param leave the version that is to be left: it has to be the one that runs
 */
export function refuseRollback(previous: BuildFacts | null, leave: string | null, now: BuildFacts): Problem | null {
  if (leave !== null && leave !== now.version)
    return new Problem('update-not-running', { leave, version: now.version });
  if (!previous) return new Problem('update-no-previous', { version: now.version });
  if (canGoBack(previous, now)) return null;
  return new Problem('update-cannot-roll-back', { older: previous.version, newer: now.version });
}

/** Bytes that an update needs on the disk, beside what must stay free. */
export const spaceNeeded = (archive: { packed: number; here: number; unpacked: number | null }): number =>
  Math.max(0, archive.packed - archive.here) + (archive.unpacked ?? archive.packed * USUAL_RATIO) + KEEP_FREE;

export function noSpace(needed: number, free: number): Problem {
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);
  return new Problem('update-disk-full', { reason: `${megabytes(needed)} MB needed, ${megabytes(free)} MB free` });
}
