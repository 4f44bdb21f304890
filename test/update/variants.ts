import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KioskBuild } from '../../build/package/seal.ts';
import { packFolder } from '../../build/package/tar.ts';
import { archiveName, BuildManifest, MANIFEST_FILE } from '../../sync/protocol/wire/release.ts';

/** A packaged kiosk that is edited and packaged again, as a release with a single defect. */
export interface Variant {
  readonly version: string;
  readonly schema?: number;
  readonly minReader?: number;
  /** New content of each changed file, by its path in the build. */
  readonly files: Readonly<Record<string, (content: Buffer) => string | Buffer>>;
}

export async function variantOf(build: KioskBuild, out: string, variant: Variant): Promise<KioskBuild> {
  const { version, files, ...facts } = variant;
  const archive = join(out, archiveName({ version, platform: build.manifest.platform }));
  const folder = archive.replace(/\.tar\.gz$/, '');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  execFileSync('cp', ['--archive', '--reflink=auto', build.folder, folder]);
  const hashes: Record<string, string> = {};
  const packageJson = (content: Buffer) => `${JSON.stringify({ ...JSON.parse(String(content)), version })}\n`;
  for (const [path, change] of Object.entries({ 'package.json': packageJson, ...files })) {
    const changed = change(readFileSync(join(folder, path)));
    writeFileSync(join(folder, path), changed);
    hashes[path] = createHash('sha256').update(changed).digest('hex');
  }
  const manifest = BuildManifest.parse({
    ...build.manifest,
    ...facts,
    version,
    files: { ...build.manifest.files, ...hashes },
  });
  writeFileSync(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
  await packFolder(folder, archive, 1_700_000_000);
  return { folder, archive, manifest };
}

/** Replaces the only occurrence of `found` with `text`. @throws if there is none or more than one */
export const replacing =
  (found: string, text: string) =>
  (content: Buffer): string => {
    const parts = String(content).split(found);
    if (parts.length !== 2) throw new Error(`"${found}" stands there ${parts.length - 1} times`);
    return parts.join(text);
  };

/** Returns the edit that adds a migration after the build's own. */
export const migrationAfter = (schema: number, minReader: number) =>
  replacing(
    'export const SCHEMA =',
    `MIGRATIONS.push({ schema: ${schema}, minReader: ${minReader}, sql: 'ALTER TABLE person ADD COLUMN later_${schema} TEXT; CREATE TABLE later_${schema}(x TEXT) STRICT' });
export const SCHEMA =`,
  );
