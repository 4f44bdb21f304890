import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Problem } from '../../sync/errors/problem.ts';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads a package's file. @throws Problem `model-source-missing`; `model-source-altered` if it has another hash */
export function readPinned(path: string, expected: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Problem('model-source-missing', { path, why, cause });
  }
  const found = sha256(bytes);
  if (found !== expected) throw new Problem('model-source-altered', { path, found, expected });
  return bytes;
}

/** Returns `made` if it has the pinned hash. @throws Problem `model-prepare-failed` otherwise */
export function requireMade(file: string, made: Uint8Array, expected: string): Uint8Array {
  const found = sha256(made);
  if (found !== expected) throw new Problem('model-prepare-failed', { file, found, expected });
  return made;
}
