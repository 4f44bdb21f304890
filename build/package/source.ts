import { execFileSync } from 'node:child_process';

/** The commit that is packaged. */
export interface Source {
  /** 40 hex digits. */
  readonly commit: string;
  /** When it was committed, seconds since 1970: the clock of everything that is made of it. */
  readonly at: number;
  /** Paths that differ from it. */
  readonly changed: readonly string[];
}

/** @throws when `root` is no checkout */
export function readSource(root: string): Source {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const [commit = '', at = ''] = git('log', '-1', '--format=%H %ct').trim().split(' ');
  const changed = git('status', '--porcelain=v1', '-z')
    .split('\0')
    .filter(Boolean)
    .map((entry) => entry.slice(3));
  return { commit, at: Number(at), changed };
}
