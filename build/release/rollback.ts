import { type BuildFacts, canGoBack, compareVersions } from '../../sync/protocol/wire/release.ts';

/** A build whose store no older one can open: every kiosk of its kind refuses it (`update-cannot-roll-back`). */
export interface CannotRollBack {
  readonly platform: BuildFacts['platform'];
  readonly host: BuildFacts['host'];
  readonly version: string;
  /** Schema that a build has to know to open its store, and the highest that one before it knows. */
  readonly needs: number;
  readonly highest: number;
}

/**
 * Which of the new builds leave no kiosk a way back. One that no older build of its kind was signed before is nobody's update,
 * and is none of them.
 *
 * @param signed all builds that are, or were until now, among the targets
 */
export function cannotRollBack(added: readonly BuildFacts[], signed: readonly BuildFacts[]): CannotRollBack[] {
  return added.flatMap((build) => {
    const older = signed.filter(
      (one) =>
        one.platform === build.platform && one.host === build.host && compareVersions(one.version, build.version) < 0,
    );
    if (older.length === 0 || older.some((one) => canGoBack(one, build))) return [];
    const { platform, host, version, minReader: needs } = build;
    return [{ platform, host, version, needs, highest: Math.max(...older.map(({ schema }) => schema)) }];
  });
}
