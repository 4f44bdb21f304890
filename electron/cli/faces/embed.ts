import { once } from 'node:events';
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { decodePicture } from '../../../models/node/decode.ts';
import type { FacePipeline } from '../../../models/node/interface.ts';
import { ModelProblem } from '../../../models/node/problem.ts';
import type { Box, RgbImage } from '../../../models/rules/image.ts';
import type { FaceQuality } from '../../../models/rules/quality.ts';
import { Problem } from '../../../sync/errors/problem.ts';

/** Pictures decoded ahead of the current one: bounds memory and keeps the models busy. */
const AHEAD = 2;

interface EmbeddedFace {
  /** Left, top, width, height in pixels of the upright picture. */
  readonly box: Box;
  readonly quality: FaceQuality;
  /** Little-endian float32, L2-normalised: 512 values for the embedder that ships. */
  readonly embedding: string;
}

/** A line of `faces embed`: the faces in a file, largest first (an empty list if none), or why it can't be used. */
export type EmbedLine =
  | { readonly file: string; readonly faces: readonly EmbeddedFace[] }
  | { readonly file: string; readonly error: { readonly code: string; readonly message: string } };

/**
 * Embeds files one after another and yields one line per file, in the order of `files`. While one picture is in the models,
 * the next are decoded; at most AHEAD are held. A file that can't be used gives a line with its error and stops nothing.
 */
export async function* embedFiles(
  pipeline: FacePipeline,
  files: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<EmbedLine> {
  const queue: { file: string; image: Promise<RgbImage | ModelProblem> }[] = [];
  const next = async function* () {
    for await (const file of files) {
      queue.push({ file, image: decodePicture(file).catch(problemOf) });
      if (queue.length > AHEAD) yield queue.shift()!;
    }
    while (queue.length > 0) yield queue.shift()!;
  };
  for await (const { file, image } of next()) yield embedImage(pipeline, file, await image);
}

async function embedImage(pipeline: FacePipeline, file: string, image: RgbImage | ModelProblem): Promise<EmbedLine> {
  try {
    if (image instanceof ModelProblem) throw image;
    const faces: EmbeddedFace[] = [];
    for (const { box } of await pipeline.detect(image)) {
      const { five, quality } = await pipeline.shape(image, box);
      faces.push({ box, quality, embedding: base64(await pipeline.embed(image, five)) });
    }
    return { file, faces };
  } catch (cause) {
    const { code, message } = problemOf(cause);
    return { file, error: { code, message } };
  }
}

/** Returns a coded error as is. Any other gets its own code, so that one odd file can't end a long run. */
function problemOf(cause: unknown): ModelProblem {
  if (cause instanceof ModelProblem) return cause;
  return new ModelProblem('picture-failed', { why: cause instanceof Error ? cause.message : String(cause), cause });
}

/** Encodes the vector as little-endian on every machine. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (let i = 0; i < vector.length; i++) bytes.writeFloatLE(vector[i]!, 4 * i);
  return bytes.toString('base64');
}

/**
 * Checks the file of `--files-from` before any work begins; `-` is standard input.
 * @throws Problem `list-not-found`, `list-is-folder`, `list-not-readable`
 */
export function checkList(list: string): void {
  if (list === '-') return;
  try {
    if (statSync(list).isDirectory()) throw new Problem('list-is-folder', { list });
    accessSync(list, constants.R_OK);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Problem('list-not-found', { list, cause });
    throw new Problem('list-not-readable', { list, code: code ?? '', cause });
  }
}

/** Yields the files named on the command line, then those of a list, one name per line; `-` reads the list from `stdin`. */
export async function* filesOf(
  named: readonly string[],
  list: string | undefined,
  stdin: Readable,
): AsyncGenerator<string> {
  for (const name of named) {
    if (name === '-') yield* linesOf(stdin);
    else yield name;
  }
  if (list === '-') yield* linesOf(stdin);
  else if (list !== undefined) yield* linesOf(createReadStream(list));
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield line;
  }
}

/** Writes a line, and waits while the reader is behind. Rejects when the reader has closed the pipe (EPIPE). */
export async function writeLine(out: Writable, line: string): Promise<void> {
  if (!out.write(`${line}\n`)) await once(out, 'drain');
}
