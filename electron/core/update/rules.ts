import { Problem } from '../../../sync/errors/problem.ts';
import { isTimeZone } from '../../../sync/protocol/wire/calendar.ts';
import type { UpdateDirective } from '../../../sync/protocol/wire/fleet.ts';
import { BuildVersion, compareVersions } from '../../../sync/protocol/wire/release.ts';

/** Versions that failed their trial here, with the value of the server's `retry` at that time. */
export type FailedVersions = Readonly<Record<string, number>>;

/** What to do about a directive on this kiosk. */
export type Judgement =
  | { readonly do: 'nothing' }
  | { readonly do: 'refuse'; readonly why: Problem }
  | { readonly do: 'stage' };

const NOTHING: Judgement = { do: 'nothing' };

/**
 * Compares what the server wants with what runs here. The updater decides whether the build may be installed, from signed data;
 * this only avoids unnecessary work.
 */
export function judge(directive: UpdateDirective | null, running: string, failed: FailedVersions): Judgement {
  if (!directive) return NOTHING;
  const { action, version, retry, window } = directive;
  if (action === 'rollback') {
    if (version !== running) return NOTHING;
  } else {
    if (version === running) return NOTHING;
    if (compareVersions(version, running) < 0) return refuse(new Problem('update-backwards', { version, running }));
    if ((failed[version] ?? -1) >= retry) return refuse(new Problem('update-failed-before', { version }));
  }
  if (window && !isTimeZone(window.zone)) return refuse(new Problem('update-window-wrong', { zone: window.zone }));
  return { do: 'stage' };
}

/**
 * Returns the versions that staff's request for the newest excludes: one that the server has withdrawn, or that it requested and
 * that failed here. A rollout that requests it again, by decision of an administrator, installs it.
 */
export function takenBack(directive: UpdateDirective | null, failed: FailedVersions): string[] {
  if (!directive || !BuildVersion.safeParse(directive.version).success) return [];
  const { action, version, retry } = directive;
  return action === 'rollback' || (failed[version] ?? -1) >= retry ? [version] : [];
}

const refuse = (why: Problem): Judgement => ({ do: 'refuse', why });

/** After a rejection that may be temporary: the pause before a retry, ms, by how many there were in a row. */
const RETRY_AFTER = [5, 15, 60, 180, 360].map((minutes) => minutes * 60_000);
export const retryAfter = (failures: number): number => RETRY_AFTER[Math.min(failures, RETRY_AFTER.length) - 1] ?? 0;

/** Returns whether a source was only busy: nothing has failed, and a whole fleet would report it at once. */
export const isBusy = (code: string): boolean => code === 'update-busy';
/** Returns when to ask again, ms. @param chance in [0, 1): spreads out kiosks that asked at the same time */
export const retryBusyAfter = (chance: number): number => 15_000 + chance * 30_000;

/**
 * Refuses a build that could not open the store in its current state. Its manifest alone does not show that.
 * @param store `minReader` of the store on this disk
 */
export function refuseStore(
  build: { readonly version: string; readonly schema: number },
  store: number,
): Problem | null {
  if (build.schema >= store) return null;
  return new Problem('update-store-newer', { version: build.version, schema: build.schema, store });
}

/** What a build on trial has to prove. */
export type Check = 'camera' | 'match' | 'commit' | 'sync' | 'updater';

/** State before the update: the new build does not have to do better. */
export interface Before {
  readonly camera: boolean;
  readonly faces: boolean;
  readonly online: boolean;
}

/** Returns the required checks that are still missing. */
export function missingChecks(before: Before, shown: Readonly<Record<Check, boolean>>): Check[] {
  const wanted: Record<Check, boolean> = {
    camera: before.camera,
    match: before.faces,
    commit: true,
    sync: before.online,
    updater: true,
  };
  return (Object.keys(wanted) as Check[]).filter((check) => wanted[check] && !shown[check]);
}
