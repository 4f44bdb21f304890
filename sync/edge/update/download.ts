import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ErrorCode, Problem } from '../../errors/problem.ts';
import { targetFile } from '../../protocol/wire/release.ts';
import { type Pace, readPaced } from './paced.ts';
import { absent, gravest } from './problems.ts';
import type { UpdateSource } from './source.ts';
import { storageProblem } from './trusted.ts';

/** What was signed about the bytes of a target. */
export interface SignedFile {
  readonly path: string;
  readonly length: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface DownloadOptions {
  readonly sources: readonly UpdateSource[];
  readonly pace: Pace;
  /** Called after each piece. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /** Aborts the download. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each source that failed, even if a later one succeeds. */
  readonly failed?: (source: UpdateSource, problem: Problem) => void;
}

/** Space that must stay free besides the download, bytes. */
const SPARE = 64 * 1024 * 1024;

/**
 * Downloads the bytes of a target to `to` from the first source that has them. Resumes an earlier attempt, even after a power cut
 * or from another source. `to` appears only once length and hash are correct; until then the bytes are in a file beside it.
 * Nothing is flushed, because a resumed download checks length and hash again. Memory use: one piece.
 *
 * @throws Problem `update-target-wrong`, `update-disk-full`, `update-slow`, `update-unreachable`, `update-given-up`, …
 */
export async function download(target: SignedFile, to: string, options: DownloadOptions): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    if (await isWhole(target, to)) return;
    const part = await onlyPart(target, to);
    await requireSpace(target, part);
    const problems: Problem[] = [];
    for (const source of options.sources) {
      try {
        await fromSource(target, part, source, options);
        return await rename(part, to);
      } catch (cause) {
        if (!(cause instanceof Problem) || OURS.has(cause.code)) throw cause;
        problems.push(cause);
        options.failed?.(source, cause);
      }
    }
    throw gravest(problems);
  } catch (cause) {
    throw storageProblem(to, cause);
  }
}

/** Problems that trying another source wouldn't solve. */
const OURS = new Set<ErrorCode>(['update-disk-full', 'update-storage', 'update-given-up']);

/** Returns whether the file exists with the target's length and hash. */
export async function isWhole(target: SignedFile, path: string): Promise<boolean> {
  const size = await sizeOf(path);
  if (size !== target.length) return false;
  const hash = createHash('sha256');
  await hashFile(path, size, hash);
  return hash.digest('hex') === target.sha256;
}

/** Returns the path for partial bytes, and removes partial files for other bytes. */
async function onlyPart(target: SignedFile, to: string): Promise<string> {
  const [folder, name] = [dirname(to), basename(to)];
  const part = `.${name}.${target.sha256.slice(0, 32)}.part`;
  for (const other of await readdir(folder))
    if (other.startsWith(`.${name}.`) && other.endsWith('.part') && other !== part)
      await rm(join(folder, other), { force: true });
  return join(folder, part);
}

async function requireSpace(target: SignedFile, part: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(part));
  const missing = target.length - ((await sizeOf(part)) ?? 0) + SPARE - bavail * bsize;
  if (missing > 0)
    throw new Problem('update-disk-full', { reason: `${Math.ceil(missing / 1024 / 1024)} MB more are needed` });
}

async function fromSource(
  target: SignedFile,
  part: string,
  source: UpdateSource,
  options: DownloadOptions,
): Promise<void> {
  const kept = await onwards(target, part, source, options);
  if (kept === 'right') return;
  // Earlier bytes may have come from another source. Only a file entirely from this source proves it wrong.
  if (kept === 'wrong-with-older-bytes' && (await onwards(target, part, source, options)) === 'right') return;
  throw new Problem('update-target-wrong', { name: source.name, path: target.path });
}

async function onwards(
  target: SignedFile,
  part: string,
  source: UpdateSource,
  { pace, progress, signal }: DownloadOptions,
): Promise<'right' | 'wrong' | 'wrong-with-older-bytes'> {
  const file = await open(part, 'a+', 0o600);
  try {
    let hash = createHash('sha256');
    let done = (await file.stat()).size;
    if (done > target.length) done = await emptied(file);
    else await hashFile(part, done, hash);
    const older = done > 0;
    let begun = done;
    if (done < target.length) {
      const path = targetFile(target.path, target.sha256);
      const reading = { from: done, maxBytes: target.length, deadlineMs: pace.targetMs, signal };
      const there = await readPaced(
        source,
        path,
        reading,
        pace,
        async (from) => {
          if (from === done) return;
          done = await emptied(file);
          begun = 0;
          hash = createHash('sha256');
        },
        async (piece) => {
          await file.writeFile(piece);
          hash.update(piece);
          done += piece.length;
          progress?.(done, target.length);
        },
      );
      if (!there) throw absent(path);
    }
    if (done === target.length && hash.digest('hex') === target.sha256) return 'right';
    if (done < target.length && begun < done)
      throw new Problem('update-unreachable', { source: source.name, reason: 'the file ended early' });
    await emptied(file);
    return older && begun > 0 ? 'wrong-with-older-bytes' : 'wrong';
  } finally {
    await file.close();
  }
}

async function emptied(file: FileHandle): Promise<0> {
  await file.truncate(0);
  return 0;
}

async function hashFile(path: string, size: number, hash: Hash): Promise<void> {
  if (size === 0) return;
  for await (const piece of createReadStream(path, { end: size - 1 })) hash.update(piece);
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
