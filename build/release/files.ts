import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from '../../sync/disk/replace.ts';

/** Replaces a file entirely or not at all, even if the power fails. Creates its folder. */
export function writeWhole(path: string, bytes: Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, bytes, { mode });
}
