import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../../../sync/errors/problem.ts';
import {
  BuildFormat,
  BuildManifest,
  buildFacts,
  MAX_BUILD_BYTES,
  MAX_MANIFEST_BYTES,
  targetFile,
  targetPath,
} from '../../../sync/protocol/wire/release.ts';
import { hashFile, unpackBuild } from '../../host-browser/update/unpack.ts';

export interface InspectedArchive {
  readonly build: ReturnType<typeof buildFacts>;
  readonly format: BuildFormat;
  readonly length: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * Inspects an archive as a kiosk will: it is unpacked by the kiosk's own code, and each file is compared with its build.json.
 * What a kiosk would refuse is not signed.
 *
 * @param manifest the build.json of an installer, which can't be unpacked
 * @throws Problem `release-archive-unknown`, `update-archive-bad`, `update-build-damaged`, …
 */
export async function inspectArchive(file: string, manifest: string | undefined): Promise<InspectedArchive> {
  const format = BuildFormat.options.find((known) => file.endsWith(`.${known}`));
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new Problem('release-archive-missing', { file });
  if (!format) throw new Problem('release-archive-unknown', { file, formats: BuildFormat.options.join(', ') });
  if (size === 0 || size > MAX_BUILD_BYTES) throw new Problem('release-archive-size', { file, size });
  const build = format.endsWith('tar.gz') ? await unpacked(file) : stated(file, manifest);
  return { build, format, length: size, sha256: await hashFile(file) };
}

async function unpacked(file: string): Promise<InspectedArchive['build']> {
  const temporary = mkdtempSync(join(tmpdir(), 'sp-release-'));
  try {
    const { manifest } = await unpackBuild(file, join(temporary, 'build'));
    return buildFacts(manifest);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function stated(file: string, manifest: string | undefined): InspectedArchive['build'] {
  if (!manifest) throw new Problem('release-manifest-needed', { file });
  try {
    if (statSync(manifest).size > MAX_MANIFEST_BYTES) throw new Error('it is too large');
    return buildFacts(BuildManifest.parse(JSON.parse(readFileSync(manifest, 'utf8'))));
  } catch (cause) {
    throw new Problem('release-manifest-damaged', { manifest, reason: (cause as Error).message.slice(0, 300), cause });
  }
}

export async function placeArchive(
  file: string,
  repository: string,
  archive: InspectedArchive,
  progress: (done: number) => void,
): Promise<void> {
  const to = join(repository, targetFile(targetPath(archive.build, archive.format), archive.sha256));
  mkdirSync(dirname(to), { recursive: true });
  const temporary = join(dirname(to), `.${archive.sha256}.tmp`);
  const hash = createHash('sha256');
  const source = createReadStream(file);
  let done = 0;
  source.on('data', (piece) => {
    hash.update(piece);
    done += piece.length;
    progress(done);
  });
  try {
    await pipeline(source, createWriteStream(temporary, { flush: true }));
    if (hash.digest('hex') !== archive.sha256) throw new Problem('release-archive-changed', { file });
    await rename(temporary, to);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}
