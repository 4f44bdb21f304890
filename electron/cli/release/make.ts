import { existsSync } from 'node:fs';
import {
  LIFETIMES,
  type Lifetimes,
  type PublicKey,
  ROLE_NAMES,
  type RoleName,
} from '../../../build/release/documents.ts';
import { makeKeyFile, readPublicFile } from '../../../build/release/key-file.ts';
import { stageFirst, stageRotation } from '../../../build/release/stage.ts';
import { createWorkspace, openWorkspace, requireApart } from '../../../build/release/workspace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { type Passphrases, passphrases } from './passphrases.ts';

/** `release init`, `release key`, `release rotate-key`: the commands that create keys. */

export interface InitOptions {
  readonly repository: string;
  readonly keys: string;
  readonly onlineKeys: string;
  readonly public: readonly string[];
  readonly rootKeys: number;
  readonly rootThreshold: number;
  readonly targetsKeys: number;
  readonly targetsThreshold: number;
  readonly rootDays?: number;
  readonly targetsDays?: number;
  readonly snapshotDays?: number;
  readonly timestampDays?: number;
  readonly passphraseFile?: string;
  readonly onlinePassphraseFile?: string;
}

export interface MadeKey {
  readonly role: RoleName;
  readonly keyid: string;
  /** Null: the key was created elsewhere. */
  readonly file: string | null;
}

const isOnline = (role: RoleName) => role === 'snapshot' || role === 'timestamp';

/** Creates the keys of a new repository, and stages its first root and targets. */
export async function init(o: InitOptions, now: number): Promise<readonly MadeKey[]> {
  const count: Record<RoleName, number> = { root: o.rootKeys, targets: o.targetsKeys, snapshot: 1, timestamp: 1 };
  const threshold = { root: o.rootThreshold, targets: o.targetsThreshold, snapshot: 1, timestamp: 1 };
  const lifetimes: Lifetimes = {
    root: o.rootDays ?? LIFETIMES.root,
    targets: o.targetsDays ?? LIFETIMES.targets,
    snapshot: o.snapshotDays ?? LIFETIMES.snapshot,
    timestamp: o.timestampDays ?? LIFETIMES.timestamp,
  };
  for (const keys of [o.keys, o.onlineKeys]) requireApart(keys, o.repository);
  requireApart(o.keys, o.onlineKeys);
  const given = o.public.map((file) => readPublicFile(file));
  for (const role of ROLE_NAMES) {
    const keys = given.filter((key) => key.role === role).length || count[role];
    if (keys < threshold[role]) throw tooFew(role, keys, threshold[role]);
  }
  if (existsSync(`${o.repository}/release.json`)) createWorkspace(o.repository, LIFETIMES); // refuses before any key is created
  const [offline, online] = [passphrases(o.passphraseFile), passphrases(o.onlinePassphraseFile ?? o.passphraseFile)];
  const made: MadeKey[] = [];
  const roles = {} as Record<RoleName, { keys: PublicKey[]; threshold: number }>;
  for (const role of ROLE_NAMES) {
    const own = given.filter((key) => key.role === role);
    made.push(...own.map(({ keyid }) => ({ role, keyid, file: null })));
    for (let i = own.length === 0 ? 0 : count[role]; i < count[role]; i++) {
      const [folder, from] = isOnline(role) ? [o.onlineKeys, online] : [o.keys, offline];
      const key = await make(folder, role, from, now, `${role} key ${i + 1} of ${count[role]}`);
      own.push({ role, ...key });
      made.push({ role, keyid: key.keyid, file: key.file });
    }
    roles[role] = { keys: own, threshold: threshold[role] };
  }
  stageFirst(createWorkspace(o.repository, lifetimes), roles, now);
  return made;
}

export async function makeKey(
  folder: string,
  role: RoleName,
  passphraseFile: string | undefined,
  now: number,
): Promise<{ keyid: string; file: string; publicFile: string }> {
  const { keyid, file, publicFile } = await make(folder, role, passphrases(passphraseFile), now, `the ${role} key`);
  return { keyid, file, publicFile };
}

async function make(folder: string, role: RoleName, from: Passphrases, now: number, what: string) {
  const { signer, file, publicFile } = makeKeyFile(folder, role, await from.fresh(what), { now });
  return { keyid: signer.keyid, public: signer.public, file, publicFile };
}

export interface RotateOptions {
  readonly repository: string;
  readonly role: RoleName;
  /** Folder in which new keys are created. */
  readonly keys?: string;
  readonly remove: readonly string[];
  readonly public: readonly string[];
  /** Number of keys to create; by default as many as are removed, minus those given. */
  readonly make?: number;
  readonly threshold?: number;
  readonly passphraseFile?: string;
}

/** Stages a root with different keys for a role. */
export async function rotate(o: RotateOptions, now: number): Promise<readonly MadeKey[]> {
  const workspace = openWorkspace(o.repository);
  const given = o.public.map((file) => readPublicFile(file));
  const other = given.find((key) => key.role !== o.role);
  if (other) throw new Problem('release-key-other-role', { given: other.role, role: o.role });
  const count = o.make ?? Math.max(0, o.remove.length - given.length);
  if (count > 0 && !o.keys) throw new Problem('release-keys-nowhere');
  if (o.keys) requireApart(o.keys, o.repository);
  const threshold = o.threshold === undefined ? {} : { threshold: o.threshold };
  const from = passphrases(o.passphraseFile);
  // A trial run before any key is created, so that nothing is left behind if staging fails.
  const placeholders = Array.from({ length: count }, (_, i) => placeholder(i));
  const dry = { ...workspace, stage: () => undefined };
  stageRotation(dry, { role: o.role, add: [...given, ...placeholders], remove: o.remove, ...threshold }, now);
  const made: MadeKey[] = given.map(({ keyid }) => ({ role: o.role, keyid, file: null }));
  const add: PublicKey[] = [...given];
  for (let i = 0; i < count; i++) {
    const key = await make(o.keys!, o.role, from, now, `new ${o.role} key ${i + 1} of ${count}`);
    add.push(key);
    made.push({ role: o.role, keyid: key.keyid, file: key.file });
  }
  stageRotation(workspace, { role: o.role, add, remove: o.remove, ...threshold }, now);
  return made;
}

function placeholder(i: number): PublicKey {
  const hex = i.toString(16).padStart(64, '0');
  return { keyid: hex, public: hex };
}

const tooFew = (role: RoleName, keys: number, threshold: number): Problem =>
  new Problem('release-threshold-wrong', { threshold, keys, role });
