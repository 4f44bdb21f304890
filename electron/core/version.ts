import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { BuildVersion, MANIFEST_FILE } from '../../sync/protocol/wire/release.ts';

export interface Build {
  readonly version: string;
  /** 40 hex digits; null if neither a packaged build nor git provides it. */
  readonly commit: string | null;
  /** True if read from `build.json`, false for a checkout. */
  readonly packaged: boolean;
  /** When that commit was made, ms since 1970, according to the packaged build; null if unknown. */
  readonly madeAt: number | null;
}

const Commit = z.string().regex(/^[0-9a-f]{40}$/);
const Packaged = z.object({ version: BuildVersion, commit: Commit });
const FromSources = z.object({ version: BuildVersion });
/** In the package.json of a packaged build; absent in builds from before it was written there. */
const Dated = z.object({ madeAt: z.iso.datetime().optional() });

/** @param root of a packaged build, with its `build.json`, or of a checkout. */
export function readBuild(root: string): Build {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
  if (!existsSync(join(root, MANIFEST_FILE)))
    return { ...FromSources.parse(read('package.json')), commit: gitCommit(root), packaged: false, madeAt: null };
  const { madeAt } = Dated.parse(read('package.json'));
  const at = madeAt === undefined ? null : Date.parse(madeAt);
  return { ...Packaged.parse(read(MANIFEST_FILE)), packaged: true, madeAt: at };
}

/** Reads the checked-out commit from git's files: a kiosk run from source may have no `git` command. */
function gitCommit(root: string): string | null {
  try {
    let git = join(root, '.git');
    // A second working tree has a file there: "gitdir: …".
    if (statSync(git).isFile()) git = resolve(root, text(git).replace(/^gitdir: /, ''));
    const common = existsSync(join(git, 'commondir')) ? resolve(git, text(join(git, 'commondir'))) : git;
    const head = text(join(git, 'HEAD'));
    const ref = /^ref: (.+)$/.exec(head)?.[1];
    const commit = ref === undefined ? head : commitOf(common, ref);
    return Commit.safeParse(commit).data ?? null;
  } catch {
    return null; // not a checkout: an unpacked archive of the sources
  }
}

function commitOf(git: string, ref: string): string | undefined {
  if (existsSync(join(git, ref))) return text(join(git, ref));
  const packed = text(join(git, 'packed-refs')).split('\n');
  return packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0];
}

const text = (file: string): string => readFileSync(file, 'utf8').trim();

const build = readBuild(join(import.meta.dirname, '../..'));

export const VERSION: string = build.version;
/** The commit that it was built from, if known. */
export const COMMIT: string | null = build.commit;

/** When the rules of trusted time were written: no source code is older, whatever it claims. */
const OLDEST = Date.UTC(2026, 10, 24);
/** No kiosk runs before this time, ms since 1970: the time of its build's commit, or OLDEST for a build without one. */
export const BUILD_DATE: number = Math.max(OLDEST, build.madeAt ?? OLDEST);

/** Version and commit in one line, as terminals and logs show them: `0.2.0 (1a2b3c4d5e6f)`. */
export const BUILD_NAME: string = COMMIT ? `${VERSION} (${COMMIT.slice(0, 12)})` : VERSION;
