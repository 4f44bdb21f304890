import { type BuildFacts, canGoBack, compareVersions } from '../../sync/protocol/wire/release.ts';

/** A build whose store no older build can open. Every kiosk of its kind refuses it (`update-cannot-roll-back`). */
export interface CannotRollBack {
  readonly platform: BuildFacts['platform'];
  readonly host: BuildFacts['host'];
  readonly version: string;
  /** Schema that a build must support to open this build's store, and the highest schema that an older build supports. */
  readonly needs: number;
  readonly highest: number;
}

/**
 * Returns those of the new builds after which no kiosk could roll back. A build without an older one of its kind updates no
 * kiosk, so it is never among them.
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
