import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageServer, serverArtefact } from './artefact.ts';

test('the same sources give byte-identical archive, Debian package and bill of materials', () => {
  const first = serverArtefact();
  const again = mkdtempSync(join(tmpdir(), 'sp-again-'));
  const before = process.umask(0o077);
  try {
    packageServer(again);
    const hashes = (files: string[]): string[] =>
      files.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')).sort();
    expect(hashes(readdirSync(again).map((name) => join(again, name)))).toEqual(
      hashes([first.archive, first.debian, first.sbom]),
    );
  } finally {
    process.umask(before);
    rmSync(again, { recursive: true, force: true });
  }
}, 1_800_000);
