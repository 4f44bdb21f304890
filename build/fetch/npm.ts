import { spawnSync } from 'node:child_process';
import { Problem } from '../../sync/errors/problem.ts';

/**
 * Runs npm with the user's own registry and settings, and without the packages' scripts.
 *
 * @param wanted what is fetched, for the error message
 * @throws Problem `npm-failed`, with npm's own message
 */
export function npm(args: readonly string[], cwd: string, wanted: string): void {
  const { status, stderr, error } = spawnSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  const said = (error?.message ?? stderr).trim().split('\n').slice(-8).join('\n');
  throw new Problem('npm-failed', { wanted, output: said });
}
