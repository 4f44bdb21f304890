import { execFileSync } from 'node:child_process';
import { ROOT } from './files.ts';

export interface Source {
  /** 40 hex digits. */
  readonly commit: string;
  /**
   * Time of the commit, or SOURCE_DATE_EPOCH if the builder sets it, in seconds since 1970. All timestamps in the build use it,
   * and a kiosk with this build accepts no earlier time.
   */
  readonly at: number;
  /** Paths in the working tree that differ from the commit. */
  readonly changed: readonly string[];
}

/** How far a commit may be ahead of the builder's clock, in seconds. */
const AHEAD = 86_400;

/** @throws when `root` is not a checkout, or the time of its commit is invalid or in the future */
export function readSource(root: string, env: NodeJS.ProcessEnv = process.env, now = Date.now()): Source {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const [commit = '', committed = ''] = git('log', '-1', '--format=%H %ct').trim().split(' ');
  const changed = git('status', '--porcelain=v1', '-z')
    .split('\0')
    .filter(Boolean)
    .map((entry) => entry.slice(3));
  return { commit, at: dateOf(env.SOURCE_DATE_EPOCH || committed, now), changed };
}

/**
 * Returns the commit to package, if the working tree equals it or `dirty` is set.
 *
 * @returns null if the working tree differs, which is reported on standard error
 */
export function sourceFor({ dirty }: { readonly dirty: boolean }): Source | null {
  const source = readSource(ROOT);
  const { commit, changed } = source;
  if (changed.length === 0) return source;
  const some = `${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ' …' : ''}`;
  const what = `the working tree differs from commit ${commit.slice(0, 12)}: ${some}`;
  const next = dirty
    ? '. This build is labelled with that commit, but is NOT that commit.'
    : '\n  Commit first: a build names the commit it was made from. To try something out, use --dirty.';
  process.stderr.write(`package: ${what}${next}\n`);
  return dirty ? source : null;
}

function dateOf(seconds: string, now: number): number {
  const at = Number(seconds);
  if (!/^\d{1,12}$/.test(seconds) || at > now / 1000 + AHEAD)
    throw new Error(
      `the time of the commit (or SOURCE_DATE_EPOCH), ${seconds}, is not a time, or is ahead of this machine's clock: kiosks with this build would run in the future. Correct the clock, or commit again.`,
    );
  return at;
}
