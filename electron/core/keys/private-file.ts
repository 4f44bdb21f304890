import { statSync } from 'node:fs';
import { Problem } from '../../../sync/errors/problem.ts';

/** Refuses a secret file that other users of the machine can read. */
export function requirePrivate(file: string): void {
  if (process.platform === 'win32') return; // no mode bits there; the ACL of the profile folder protects it
  const { mode } = statSync(file);
  if ((mode & 0o077) !== 0) throw new Problem('secret-file-exposed', { file, mode: (mode & 0o777).toString(8) });
}
