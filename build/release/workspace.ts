import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { readIfThere } from '../../sync/disk/replace.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { bytesOf, type Document, Lifetimes, type OfflineRole, parseDocument, type RoleName } from './documents.ts';
import { writeWhole } from './files.ts';

/**
 * The working copy of a repository. `metadata/` and `targets/` are published unchanged, `staged/` holds a root and targets that
 * wait for signatures, and `release.json` the settings. It never contains a key.
 */
export interface Workspace {
  readonly folder: string;
  readonly lifetimes: Lifetimes;
  /** The newest root; null before the first publication. */
  root(): Document<'root'> | null;
  rootAt(version: number): Document<'root'> | null;
  targets(): Document<'targets'> | null;
  snapshot(): Document<'snapshot'> | null;
  timestamp(): Document<'timestamp'> | null;
  /** Returns published metadata, e.g. `metadata/3.snapshot.json`, or null if the file doesn't exist. */
  bytes(path: string): Buffer | null;
  staged<R extends OfflineRole>(role: R): Document<R> | null;
  stage<R extends OfflineRole>(role: R, document: Document<R>): void;
  unstage(role: OfflineRole): void;
  /** Returns the highest version of a role ever written here; 0 if there is none. */
  highest(role: Exclude<RoleName, 'timestamp'>): number;
  write(path: string, bytes: Buffer): void;
}

const Settings = z.strictObject({ v: z.literal(1), days: Lifetimes });
const SETTINGS = 'release.json';

/** @throws Problem `release-exists` */
export function createWorkspace(folder: string, lifetimes: Lifetimes): Workspace {
  if (existsSync(join(folder, SETTINGS)) || existsSync(join(folder, 'metadata')))
    throw new Problem('release-exists', { folder });
  const days = Lifetimes.parse(lifetimes);
  writeWhole(join(folder, SETTINGS), Buffer.from(`${JSON.stringify({ v: 1, days }, null, 1)}\n`));
  return openWorkspace(folder);
}

/** @throws Problem `release-not-a-repository`, `release-metadata-damaged` */
export function openWorkspace(folder: string): Workspace {
  const settings = readIfThere(join(folder, SETTINGS));
  if (!settings) throw new Problem('release-not-a-repository', { folder });
  let parsed: z.infer<typeof Settings>;
  try {
    parsed = Settings.parse(JSON.parse(settings.toString('utf8')));
  } catch (cause) {
    throw new Problem('release-metadata-damaged', { path: SETTINGS, reason: (cause as Error).message, cause });
  }
  const read = <R extends RoleName>(role: R, path: string): Document<R> | null => {
    const bytes = readIfThere(join(folder, path));
    return bytes && parseDocument(role, bytes, path);
  };
  const highest = (role: string) => {
    const numbered = new RegExp(`^([1-9]\\d{0,8})\\.${role}\\.json$`);
    const names = existsSync(join(folder, 'metadata')) ? readdirSync(join(folder, 'metadata')) : [];
    return Math.max(0, ...names.map((name) => Number(numbered.exec(name)?.[1] ?? 0)));
  };
  const timestamp = () => read('timestamp', 'metadata/timestamp.json');
  const snapshot = () => {
    const now = timestamp();
    return now && read('snapshot', `metadata/${now.signed.snapshotMeta.version}.snapshot.json`);
  };
  return {
    folder,
    lifetimes: parsed.days,
    root: () => read('root', `metadata/${highest('root')}.root.json`),
    rootAt: (version) => read('root', `metadata/${version}.root.json`),
    // The published state is the one that the timestamp refers to, not files left by an interrupted publication.
    targets: () => {
      const now = snapshot();
      return now && read('targets', `metadata/${now.signed.meta['targets.json']!.version}.targets.json`);
    },
    snapshot,
    timestamp,
    bytes: (path) => readIfThere(join(folder, path)),
    staged: (role) => read(role, `staged/${role}.json`),
    stage: (role, document) => writeWhole(join(folder, 'staged', `${role}.json`), bytesOf(document)),
    unstage: (role) => rmSync(join(folder, 'staged', `${role}.json`), { force: true }),
    highest,
    write: (path, bytes) => writeWhole(join(folder, path), bytes),
  };
}

/**
 * Requires that keys are stored apart from published files. Otherwise copying or serving those would copy or serve the keys.
 *
 * @throws Problem `release-keys-beside`
 */
export function requireApart(keys: string, published: string): void {
  const [a, b] = [resolve(keys), resolve(published)];
  const within = (inner: string, outer: string) => {
    const path = relative(outer, inner);
    return path === '' || !(path === '..' || path.startsWith(`..${sep}`));
  };
  if (within(a, b) || within(b, a)) throw new Problem('release-keys-beside', { a, b });
}
