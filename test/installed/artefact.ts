import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../build/package/files.ts';

/* What ships, packed once from this state of the sources: every suite of this folder starts from the same files. */

const CACHE = join(tmpdir(), 'smartpresence-artefacts');

/** What `npm run package -- server` makes. */
export interface ServerArtefact {
  readonly archive: string;
  readonly debian: string;
  readonly sbom: string;
}

/** @param version another one than the project's, of the same sources: an update, or a build to go back to */
export function serverArtefact(version?: string): ServerArtefact {
  const folder = join(CACHE, `${stateOfSources()}${version ? `-${version}` : ''}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const making = mkdtempSync(join(CACHE, 'making-'));
    try {
      packageServer(making, version ? ['--version', version] : []);
      renameSync(making, folder);
      forget(folder);
    } catch (cause) {
      // Another process of this run has packed the same meanwhile.
      if (!existsSync(folder)) throw cause;
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  const find = (end: string): string => {
    const name = readdirSync(folder).find((file) => file.endsWith(end));
    if (!name) throw new Error(`npm run package -- server made no ${end}`);
    return join(folder, name);
  };
  return { archive: find('.tar.gz'), debian: find('.deb'), sbom: find('.cdx.json') };
}

/** As an operator makes it. */
export function packageServer(out: string, options: readonly string[] = []): void {
  execFileSync(
    process.execPath,
    [join(ROOT, 'build/package/package.ts'), 'server', '--dirty', '--out', out, ...options],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    },
  );
}

/** The commit, and what differs from it. */
function stateOfSources(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
  const hash = createHash('sha256').update(git('diff', 'HEAD', '--', '.', ':!test'));
  const untracked = git('ls-files', '-z', '--others', '--exclude-standard', '--', '.', ':!test');
  for (const file of untracked.split('\0').filter(Boolean)) hash.update(file).update(readFileSync(join(ROOT, file)));
  return `${git('rev-parse', 'HEAD').slice(0, 12)}-${hash.digest('hex').slice(0, 12)}`;
}

/** Builds of earlier states: 200 MB each. */
function forget(but: string): void {
  const keep = but.split('/').at(-1)!.split('-').slice(0, 2).join('-');
  for (const name of readdirSync(CACHE))
    if (!name.startsWith(keep) && !name.startsWith('making-'))
      rmSync(join(CACHE, name), { recursive: true, force: true });
}
