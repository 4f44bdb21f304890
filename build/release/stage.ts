import type { TargetFile } from '@tufjs/models';
import { Problem } from '../../sync/errors/problem.ts';
import { type BuildFacts, type BuildFormat, parseTargetPath, targetPath } from '../../sync/protocol/wire/release.ts';
import {
  bytesOf,
  countSignatures,
  type Document,
  expiry,
  keysOf,
  newRoot,
  newTarget,
  newTargets,
  OFFLINE,
  type OfflineRole,
  type PublicKey,
  perRole,
  type RoleKeys,
  type RoleName,
  type Signer,
  signWith,
} from './documents.ts';
import type { Workspace } from './workspace.ts';

/**
 * Documents that need offline keys are staged first: a root or targets with the next version. Each key holder adds a signature,
 * on their own machine if they like. A staged document is not published before it has enough signatures.
 */

/** Stages the first root and targets of a repository. */
export function stageFirst(workspace: Workspace, roles: Readonly<Record<RoleName, RoleKeys>>, now: number): void {
  stageRoot(workspace, newRoot(roles, { version: 1, expires: expiry(now, workspace.lifetimes.root) }));
  stageTargets(workspace, [], now);
}

/** Returns the root of the next publication: the staged one, else the present one. */
export function comingRoot(workspace: Workspace): Document<'root'> {
  const root = workspace.staged('root') ?? workspace.root();
  if (root) return root;
  throw new Problem('release-metadata-damaged', { path: 'root.json', reason: 'missing' });
}

function comingTargets(workspace: Workspace): readonly TargetFile[] {
  const targets = workspace.staged('targets') ?? workspace.targets();
  return targets ? Object.values(targets.signed.targets) : [];
}

/**
 * @param replace whether to replace the archive of a version that already exists
 * @throws Problem `release-version-exists`
 */
export function stageBuild(
  workspace: Workspace,
  archive: { build: BuildFacts; format: BuildFormat; length: number; sha256: string },
  { now, replace = false }: { now: number; replace?: boolean },
): string {
  const path = targetPath(archive.build, archive.format);
  const targets = comingTargets(workspace);
  const before = targets.find((target) => target.path === path);
  if (before && before.hashes.sha256 !== archive.sha256 && !replace)
    throw new Problem('release-version-exists', { version: archive.build.version, platform: archive.build.platform });
  const next = newTarget({ path, length: archive.length, sha256: archive.sha256, build: archive.build });
  stageTargets(workspace, [...targets.filter((target) => target.path !== path), next], now);
  return path;
}

/** @returns the removed paths. @throws Problem `release-version-unknown` */
export function stageWithdrawal(workspace: Workspace, version: string, now: number): string[] {
  const targets = comingTargets(workspace);
  const gone = targets.filter((target) => parseTargetPath(target.path)?.version === version);
  if (gone.length === 0) throw new Problem('release-version-unknown', { version });
  stageTargets(
    workspace,
    targets.filter((target) => !gone.includes(target)),
    now,
  );
  return gone.map((target) => target.path);
}

/** Stages the same content with a new expiry date. Call it before the document expires. */
export function stageRenewal(workspace: Workspace, role: OfflineRole, now: number): void {
  if (role === 'targets') stageTargets(workspace, comingTargets(workspace), now);
  else stageRoot(workspace, rootOf(workspace, rolesOf(comingRoot(workspace)), now));
}

export interface Rotation {
  readonly role: RoleName;
  readonly add: readonly PublicKey[];
  /** Prefixes of key IDs, at least 8 characters each. */
  readonly remove: readonly string[];
  readonly threshold?: number;
}

/**
 * Stages a root with other keys for a role. Clients that trust the present root accept it only with enough signatures by the
 * present root's keys and, if the root's own keys change, also by the new root's keys.
 *
 * @throws Problem `release-key-unknown`, `release-key-twice`, `release-threshold-wrong`, `release-nothing-changed`
 */
export function stageRotation(workspace: Workspace, { role, add, remove, threshold }: Rotation, now: number): void {
  const root = comingRoot(workspace);
  const roles = rolesOf(root);
  const { keys, threshold: before } = roles[role];
  const gone = remove.map((beginning) => {
    const found = keys.filter((key) => beginning.length >= 8 && key.keyid.startsWith(beginning));
    if (found.length === 1) return found[0]!.keyid;
    throw new Problem('release-key-unknown', { role, prefix: beginning.slice(0, 64) });
  });
  if (gone.length === 0 && add.length === 0 && (threshold ?? before) === before)
    throw new Problem('release-nothing-changed');
  const left = [...keys.filter((key) => !gone.includes(key.keyid)), ...add];
  const changed = { ...roles, [role]: { keys: left, threshold: threshold ?? before } };
  stageRoot(workspace, rootOf(workspace, changed, now));
  // No kiosk would accept targets without signatures by the new keys.
  if (role === 'targets') stageTargets(workspace, comingTargets(workspace), now);
}

const rolesOf = (root: Document<'root'>) => perRole((role) => keysOf(root, role));

function rootOf(workspace: Workspace, roles: Readonly<Record<RoleName, RoleKeys>>, now: number): Document<'root'> {
  const version = workspace.highest('root') + 1;
  return newRoot(roles, { version, expires: expiry(now, workspace.lifetimes.root) });
}

function stageRoot(workspace: Workspace, root: Document<'root'>): void {
  workspace.stage('root', root);
}

function stageTargets(workspace: Workspace, targets: readonly TargetFile[], now: number): void {
  const version = workspace.highest('targets') + 1;
  workspace.stage('targets', newTargets(targets, { version, expires: expiry(now, workspace.lifetimes.targets) }));
}

/** Signatures of a staged document, counted by the keys of one root. */
export interface Approval {
  readonly role: OfflineRole;
  readonly version: number;
  /** Version of the root that requires these signatures. A root needs those of its predecessor and its own. */
  readonly byRoot: number;
  readonly have: readonly string[];
  readonly need: number;
  readonly keyids: readonly string[];
}

/** Returns the staged documents and their missing signatures. Empty if nothing is staged. */
export function approvals(workspace: Workspace): Approval[] {
  const stagedRoot = workspace.staged('root');
  const all: Approval[] = [];
  const count = (root: Document<'root'>, role: OfflineRole, document: Document<OfflineRole>) => {
    const counted = countSignatures(root, role, document);
    all.push({ role, version: document.signed.version, byRoot: root.signed.version, ...counted });
  };
  if (stagedRoot) {
    const before = presentRoot(workspace, stagedRoot);
    if (before) count(before, 'root', stagedRoot);
    count(stagedRoot, 'root', stagedRoot);
  }
  const stagedTargets = workspace.staged('targets');
  if (stagedTargets) count(comingRoot(workspace), 'targets', stagedTargets);
  return all;
}

/** Returns the root before the staged one, or null for the first. An interrupted publication may already have replaced it. */
export function presentRoot(workspace: Workspace, staged: Document<'root'>): Document<'root'> | null {
  const root = workspace.root();
  if (!root || root.signed.version < staged.signed.version) return root;
  return workspace.rootAt(staged.signed.version - 1);
}

/**
 * Adds the signatures of these keys to every staged document that needs them.
 *
 * @returns the roles that each key has signed
 */
export function signStaged(workspace: Workspace, signers: readonly Signer[]): { keyid: string; role: OfflineRole }[] {
  const done: { keyid: string; role: OfflineRole }[] = [];
  for (const role of OFFLINE) {
    const document = workspace.staged(role);
    if (!document) continue;
    const asked = new Set(approvals(workspace).flatMap((a) => (a.role === role ? a.keyids : [])));
    const own = signers.filter((signer) => asked.has(signer.keyid));
    for (const signer of own) {
      signWith(document, signer);
      done.push({ keyid: signer.keyid, role });
    }
    if (own.length > 0) workspace.stage(role, document as Document<typeof role>);
  }
  return done;
}

/** @throws Problem `release-not-signed` */
export function requireApproved(workspace: Workspace): void {
  const lacking = approvals(workspace).find((a) => a.have.length < a.need);
  if (!lacking) return;
  const { role, version, have, need, keyids } = lacking;
  const left = keyids.filter((id) => !have.includes(id)).map((id) => id.slice(0, 12));
  throw new Problem('release-not-signed', { version, role, have: have.length, need, keys: left.join(', ') });
}

/** Whether two documents are equal byte for byte. */
export function isSame(a: Document<RoleName>, b: Document<RoleName>): boolean {
  return bytesOf(a).equals(bytesOf(b));
}
