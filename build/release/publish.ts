import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../sync/errors/problem.ts';
import { targetFile } from '../../sync/protocol/wire/release.ts';
import {
  bytesOf,
  countSignatures,
  type Document,
  expiry,
  newSnapshot,
  newTimestamp,
  perRole,
  type RoleName,
  type Signer,
  signWith,
} from './documents.ts';
import { comingRoot, isSame, requireApproved } from './stage.ts';
import type { Workspace } from './workspace.ts';

export interface Published {
  readonly versions: Readonly<Record<RoleName, number>>;
  /** ISO 8601. */
  readonly expires: Readonly<Record<RoleName, string>>;
  readonly targets: readonly string[];
}

export interface PublishOptions {
  /** Unlocked keys for snapshot and timestamp. */
  readonly signers: readonly Signer[];
  readonly now: number;
}

/**
 * Publishes the staged documents in the working copy. Signs snapshot and timestamp, and writes the timestamp last. Safe to run
 * again after it was interrupted.
 *
 * @throws Problem `release-not-signed`, `release-key-missing`, `release-expired`, `release-target-missing`
 */
export function publish(workspace: Workspace, options: PublishOptions): Published {
  requireApproved(workspace);
  return renew(workspace, options, {
    root: comingRoot(workspace),
    targets: workspace.staged('targets') ?? requirePublished(workspace.targets()),
  });
}

/** Signs a new timestamp, and a new snapshot if one is due. Staged documents remain staged. Meant for a timer. */
export function refresh(workspace: Workspace, options: PublishOptions): Published {
  return renew(workspace, options, {
    root: requirePublished(workspace.root()),
    targets: requirePublished(workspace.targets()),
  });
}

function renew(
  workspace: Workspace,
  { signers, now }: PublishOptions,
  { root, targets }: { root: Document<'root'>; targets: Document<'targets'> },
): Published {
  for (const [role, { signed }] of [
    ['root', root],
    ['targets', targets],
  ] as const)
    if (!(Date.parse(signed.expires) > now)) throw expired(role);
  requireTargets(workspace, targets);
  const targetsPath = `metadata/${targets.signed.version}.targets.json`;
  const sign = (role: 'snapshot' | 'timestamp', document: Document<RoleName>) => {
    for (const signer of signers)
      if (root.signed.roles[role]!.keyIDs.includes(signer.keyid)) signWith(document, signer);
    const { have, need, keyids } = countSignatures(root, role, document);
    if (have.length < need)
      throw new Problem('release-key-missing', {
        role,
        need,
        have: have.length,
        keys: keyids.map((id) => id.slice(0, 12)).join(', '),
      });
    return bytesOf(document);
  };
  const targetsBytes = bytesOf(targets);
  const kept = keptSnapshot(workspace, root, targets, now);
  const snapshot =
    kept ??
    newSnapshot(
      { version: targets.signed.version, bytes: targetsBytes },
      { version: workspace.highest('snapshot') + 1, expires: expiry(now, workspace.lifetimes.snapshot) },
    );
  const snapshotPath = `metadata/${snapshot.signed.version}.snapshot.json`;
  const snapshotBytes = kept ? workspace.bytes(snapshotPath)! : sign('snapshot', snapshot);
  const timestamp = newTimestamp(
    { version: snapshot.signed.version, bytes: snapshotBytes },
    {
      version: (workspace.timestamp()?.signed.version ?? 0) + 1,
      expires: expiry(now, workspace.lifetimes.timestamp),
    },
  );
  const timestampBytes = sign('timestamp', timestamp);
  workspace.write(`metadata/${root.signed.version}.root.json`, bytesOf(root));
  workspace.write(targetsPath, targetsBytes);
  workspace.write(snapshotPath, snapshotBytes);
  workspace.write('metadata/timestamp.json', timestampBytes);
  for (const [role, document] of [
    ['root', root],
    ['targets', targets],
  ] as const) {
    const staged = workspace.staged(role);
    if (staged && isSame(staged, document)) workspace.unstage(role);
  }
  const of = { root, targets, snapshot, timestamp };
  return {
    versions: perRole((role) => of[role].signed.version),
    expires: perRole((role) => of[role].signed.expires),
    targets: Object.keys(targets.signed.targets).sort(),
  };
}

/** Returns the present snapshot if it names the right targets, has enough signatures by this root, and is fresh; else null. */
function keptSnapshot(
  workspace: Workspace,
  root: Document<'root'>,
  targets: Document<'targets'>,
  now: number,
): Document<'snapshot'> | null {
  const snapshot = workspace.snapshot();
  if (snapshot?.signed.meta['targets.json']?.version !== targets.signed.version) return null;
  const { have, need } = countSignatures(root, 'snapshot', snapshot);
  const left = Date.parse(snapshot.signed.expires) - now;
  return have.length >= need && left > (workspace.lifetimes.snapshot * 86_400_000) / 2 ? snapshot : null;
}

/** Refuses to publish a target whose file is missing or has the wrong length. */
function requireTargets(workspace: Workspace, targets: Document<'targets'>): void {
  for (const { path, hashes, length } of Object.values(targets.signed.targets)) {
    const file = join(workspace.folder, targetFile(path, hashes.sha256!));
    if (!existsSync(file) || statSync(file).size !== length) throw new Problem('release-target-missing', { path });
  }
}

function requirePublished<T>(document: T | null): T {
  if (document) return document;
  throw new Problem('release-not-published');
}

const expired = (role: 'root' | 'targets'): Problem => new Problem('release-expired', { role });
