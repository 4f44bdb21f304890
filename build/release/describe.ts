import type { TargetFile } from '@tufjs/models';
import { BuildFacts } from '../../sync/protocol/wire/release.ts';
import { type Document, keysOf, ROLE_NAMES, type RoleName } from './documents.ts';
import { type CannotRollBack, cannotRollBack } from './rollback.ts';
import { presentRoot } from './stage.ts';
import type { Workspace } from './workspace.ts';

/** What a signature would approve, shown before anyone signs. */
export interface Described {
  readonly root: {
    readonly version: number;
    readonly expires: string;
    readonly roles: readonly {
      readonly role: RoleName;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly threshold: number;
      readonly thresholdBefore: number | null;
    }[];
  } | null;
  readonly targets: {
    readonly version: number;
    readonly expires: string;
    readonly added: readonly {
      readonly path: string;
      readonly sha256: string;
      readonly length: number;
      readonly commit: string | null;
    }[];
    /** Paths of removed targets. */
    readonly removed: readonly string[];
    /** Paths whose bytes change. */
    readonly replaced: readonly string[];
    readonly unchanged: number;
    /** Added builds that every kiosk would refuse, because its present build could not open the store after them. */
    readonly cannotRollBack: readonly CannotRollBack[];
  } | null;
}

/** Compares the staged targets with the published ones. */
export function describeStaged(workspace: Workspace): Described {
  const root = workspace.staged('root');
  const targets = workspace.staged('targets');
  return {
    root: root && describeRoot(presentRoot(workspace, root), root),
    targets: targets && describeTargets(workspace.targets(), targets),
  };
}

function describeRoot(before: Document<'root'> | null, root: Document<'root'>): NonNullable<Described['root']> {
  const roles = ROLE_NAMES.map((role) => {
    const now = keysOf(root, role);
    const then = before && keysOf(before, role);
    const ids = (keys: typeof now | null) => keys?.keys.map((key) => key.keyid) ?? [];
    return {
      role,
      added: ids(now).filter((id) => !ids(then).includes(id)),
      removed: ids(then).filter((id) => !ids(now).includes(id)),
      threshold: now.threshold,
      thresholdBefore: then?.threshold ?? null,
    };
  });
  return {
    version: root.signed.version,
    expires: root.signed.expires,
    roles: roles.filter(
      (role) => role.added.length + role.removed.length > 0 || role.threshold !== role.thresholdBefore,
    ),
  };
}

function describeTargets(
  before: Document<'targets'> | null,
  targets: Document<'targets'>,
): NonNullable<Described['targets']> {
  const then = before?.signed.targets ?? {};
  const now = targets.signed.targets;
  const isSame = (path: string) => then[path]?.hashes.sha256 === now[path]?.hashes.sha256;
  const changed = Object.values(now).filter((target) => !isSame(target.path));
  return {
    version: targets.signed.version,
    expires: targets.signed.expires,
    added: changed.map(({ path, hashes, length, custom }) => ({
      path,
      sha256: hashes.sha256!,
      length,
      commit: BuildFacts.safeParse(custom).data?.commit ?? null,
    })),
    removed: Object.keys(then).filter((path) => !Object.hasOwn(now, path)),
    replaced: changed.filter(({ path }) => Object.hasOwn(then, path)).map(({ path }) => path),
    unchanged: Object.keys(now).length - changed.length,
    // Kiosks may still run a build that is being removed.
    cannotRollBack: cannotRollBack(factsOf(changed), factsOf([...Object.values(then), ...Object.values(now)])),
  };
}

const factsOf = (targets: readonly TargetFile[]): BuildFacts[] =>
  targets.flatMap(({ custom }) => BuildFacts.safeParse(custom).data ?? []);
