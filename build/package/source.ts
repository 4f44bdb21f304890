import { execFileSync } from 'node:child_process';

/** The commit that is packaged. */
export interface Source {
  /** 40 hex digits. */
  readonly commit: string;
  /**
   * When it was committed, or SOURCE_DATE_EPOCH where the builder sets it, seconds since 1970: the clock of everything that is
   * made of it, and the time before which no kiosk with this build lives.
   */
  readonly at: number;
  /** Paths that differ from it. */
  readonly changed: readonly string[];
}

/** How far ahead of the builder's clock a commit may be, s. */
const AHEAD = 86_400;

/** @throws when `root` is no checkout, or its time is none that a kiosk could live by */
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

function dateOf(seconds: string, now: number): number {
  const at = Number(seconds);
  if (!/^\d{1,12}$/.test(seconds) || at > now / 1000 + AHEAD)
    throw new Error(
      `the time of the commit (or SOURCE_DATE_EPOCH), ${seconds}, is none, or lies ahead of this machine's clock: kiosks with this build would live in the future. Set the clock right, or commit again.`,
    );
  return at;
}
