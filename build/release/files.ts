import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from '../../sync/disk/replace.ts';

/** Replaces a file as a whole or not at all, also over a power cut; its folder is made. */
export function writeWhole(path: string, bytes: Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, bytes, { mode });
}
