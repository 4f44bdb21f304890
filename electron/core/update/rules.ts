import { Problem } from '../../../sync/errors/problem.ts';
import { isTimeZone } from '../../../sync/protocol/wire/calendar.ts';
import type { UpdateDirective } from '../../../sync/protocol/wire/fleet.ts';
import { BuildVersion, compareVersions } from '../../../sync/protocol/wire/release.ts';

/** Versions that failed their trial here, and how often the server had requested them by then. */
export type FailedVersions = Readonly<Record<string, number>>;

/** What a directive comes to on this kiosk. */
export type Judgement =
  | { readonly do: 'nothing' }
  | { readonly do: 'refuse'; readonly why: Problem }
  | { readonly do: 'stage' };

const NOTHING: Judgement = { do: 'nothing' };

/**
 * Reads what the server wants against what runs here. Whether the build may be installed is decided by the updater, from
 * what is signed; this only spares it the way.
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
 * Versions that staff's wish for the newest does not mean: what the server has kiosks leave, and what it asked for and failed
 * here. A rollout that asks for it again, as an admin says, is what brings them.
 */
export function takenBack(directive: UpdateDirective | null, failed: FailedVersions): string[] {
  if (!directive || !BuildVersion.safeParse(directive.version).success) return [];
  const { action, version, retry } = directive;
  return action === 'rollback' || (failed[version] ?? -1) >= retry ? [version] : [];
}

const refuse = (why: Problem): Judgement => ({ do: 'refuse', why });

/** After a rejection that may pass: how long until it is tried again, ms, by how many came in a row. */
const RETRY_AFTER = [5, 15, 60, 180, 360].map((minutes) => minutes * 60_000);
export const retryAfter = (failures: number): number => RETRY_AFTER[Math.min(failures, RETRY_AFTER.length) - 1] ?? 0;

/** Whether a source was only busy: nothing has failed, and a whole fleet would report it at once. */
export const isBusy = (code: string): boolean => code === 'update-busy';
/** When to ask it again, ms. @param chance in [0, 1): who came together does not come again together */
export const retryBusyAfter = (chance: number): number => 15_000 + chance * 30_000;

/**
 * Whether a build could open the store as it is now. What its manifest says is one side; the other is the store itself.
 * @param store `minReader` of the store on this disk
 */
export function refuseStore(
  build: { readonly version: string; readonly schema: number },
  store: number,
): Problem | null {
  if (build.schema >= store) return null;
  return new Problem('update-store-newer', { version: build.version, schema: build.schema, store });
}

/** What a build on trial has to show. */
export type Check = 'camera' | 'match' | 'commit' | 'sync' | 'updater';

/** State before the update: the new build does not have to be better. */
export interface Before {
  readonly camera: boolean;
  readonly faces: boolean;
  readonly online: boolean;
}

/** What there is to show, and what of it is still missing. */
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
