import { badBuildPath, linkTarget } from '../../../sync/protocol/wire/release.ts';
import { Problem } from '../../contract/problem.ts';

/**
 * A strict reader of tar archives (POSIX.1-1988 ustar with pax `path`, `linkpath` and `size`; GNU's long names): only what a
 * build may hold. The archive is authenticated before it gets here; that it may not write outside its folder is not left to
 * that alone.
 */

export type TarEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean; readonly size: number };

/** What becomes of the entries, in the order of the archive; each call ends before the next. */
export interface TarSink {
  folder(path: string): Promise<void>;
  link(path: string, to: string): Promise<void>;
  /** The file's bytes come by `write` until `end`. */
  file(
    entry: Extract<TarEntry, { kind: 'file' }>,
  ): Promise<{ write(bytes: Buffer): Promise<void>; end(): Promise<void> }>;
}

export interface TarLimits {
  readonly entries: number;
  /** Of all files together. */
  readonly bytes: number;
}

const BLOCK = 512;
/** A pax header or a long name is a few hundred bytes; more is an attack. */
const MAX_EXTENSION = 16 * 1024;

const bad = (message: string): Problem =>
  new Problem('update-archive-bad', message, 'Publish the build again; nothing was installed.');

/**
 * Reads a whole archive.
 * @throws Problem `update-archive-bad`, `update-archive-too-large`, and what the sink throws
 */
export async function readTar(source: AsyncIterable<Buffer>, sink: TarSink, limits: TarLimits): Promise<void> {
  const input = new Bytes(source);
  const seen = new Map<string, TarEntry['kind']>();
  let left = limits.bytes;
  let next: { path?: string; linkpath?: string; size?: number } = {};
  for (;;) {
    const header = await input.take(BLOCK);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const type = String.fromCharCode(header[156]!);
    const size = next.size ?? numeric(header, 124, 12);
    if (type === 'x' || type === 'L' || type === 'K') {
      const own = numeric(header, 124, 12);
      if (own > MAX_EXTENSION) throw bad('a header of the archive is too long');
      const body = await input.take(own);
      await input.skip(padding(own));
      if (type === 'x') next = { ...next, ...paxRecords(body) };
      else next = { ...next, [type === 'L' ? 'path' : 'linkpath']: text(body) };
      continue;
    }
    const { path: rawPath = nameOf(header), linkpath: to = text(header.subarray(157, 257)) } = next;
    next = {};
    if (seen.size >= limits.entries) throw tooLarge(`more than ${limits.entries} entries`);
    if (type === '5') {
      if (size !== 0) throw bad('a folder of the archive has content');
      const path = checked(rawPath.replace(/\/$/, ''));
      if (path === null) continue; // the root itself, `./`
      place(seen, path, 'folder');
      await sink.folder(path);
    } else if (type === '2') {
      if (size !== 0) throw bad('a link of the archive has content');
      const path = checked(rawPath)!;
      if (linkTarget(path, to) === null) throw bad(`the link ${shown(path)} leads out of the build`);
      place(seen, path, 'link');
      await sink.link(path, to);
    } else if (type === '0' || type === '\0') {
      const path = checked(rawPath);
      if (path === null) throw bad('a file of the archive has no name');
      place(seen, path, 'file');
      left -= size;
      if (left < 0) throw tooLarge(`files of more than ${limits.bytes} bytes`);
      const executable = (numeric(header, 100, 8) & 0o100) !== 0;
      const file = await sink.file({ kind: 'file', path, executable, size });
      await input.pass(size, (bytes) => file.write(bytes));
      await file.end();
      await input.skip(padding(size));
    } else throw bad(`the archive holds what is no file, folder or link: ${shown(rawPath)}`);
  }
  for (const [path, kind] of seen) if (kind !== 'folder') parentsAreFolders(seen, path);
}

const tooLarge = (what: string): Problem =>
  new Problem('update-archive-too-large', `the archive holds ${what}`, 'Publish a smaller build.');

/** Of a path for a log: what someone else wrote does not get into it as it is. */
const shown = (path: string): string => JSON.stringify(path.slice(0, 120));

/** Null for the archive's root. */
function checked(raw: string): string | null {
  const path = raw.startsWith('./') ? raw.slice(2) : raw;
  if (path === '' || path === '.') return null;
  const why = badBuildPath(path);
  if (why) throw bad(`the path ${shown(raw)} may not be in a build: ${why}`);
  return path;
}

/** Each path once, and nothing goes through a link. */
function place(seen: Map<string, TarEntry['kind']>, path: string, kind: TarEntry['kind']): void {
  if (seen.has(path)) throw bad(`the archive holds ${shown(path)} twice`);
  parentsAreFolders(seen, path);
  seen.set(path, kind);
}

function parentsAreFolders(seen: Map<string, TarEntry['kind']>, path: string): void {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const kind = seen.get(path.slice(0, at));
    if (kind !== undefined && kind !== 'folder') throw bad(`${shown(path)} would go through what is no folder`);
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** A field of bytes up to the first zero; it has to be UTF-8. */
function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const raw = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch (cause) {
    throw new Problem('update-archive-bad', 'a name in the archive is not UTF-8', 'Publish the build again.', {
      cause,
    });
  }
}

function nameOf(header: Buffer): string {
  const prefix =
    header.toString('latin1', 257, 262) === 'ustar' && header[262] === 0 ? text(header.subarray(345, 500)) : '';
  const name = text(header.subarray(0, 100));
  return prefix ? `${prefix}/${name}` : name;
}

/** An octal number; what is larger than octal digits hold comes in a pax record. */
function numeric(header: Buffer, at: number, length: number): number {
  const digits = header.toString('latin1', at, at + length).replace(/^[ ]*|[ \0]*$/g, '');
  if (!/^[0-7]{0,12}$/.test(digits)) throw bad('a number in the archive can’t be read');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Buffer): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  if (sum !== numeric(header, 148, 8)) throw bad('a header of the archive is damaged');
}

function paxRecords(body: Buffer): { path?: string; linkpath?: string; size?: number } {
  const records: { path?: string; linkpath?: string; size?: number } = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, Math.max(at, space)));
    if (
      space < 0 ||
      !Number.isInteger(length) ||
      length < 5 ||
      at + length > body.length ||
      body[at + length - 1] !== 0x0a
    )
      throw bad('an extended header of the archive can’t be read');
    const record = text(body.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path' || key === 'linkpath') records[key] = value;
    else if (key === 'size') {
      if (!/^\d{1,12}$/.test(value)) throw bad('a size in the archive can’t be read');
      records.size = Number(value);
    }
    at += length;
  }
  return records;
}

/** Exact pieces of a stream of chunks. */
class Bytes {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #fill(): Promise<boolean> {
    while (this.#held.length === 0) {
      const { value, done } = await this.#source.next();
      if (done) return false;
      this.#held = value;
    }
    return true;
  }

  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    await this.pass(size, async (part) => void parts.push(part));
    return Buffer.concat(parts);
  }

  async skip(size: number): Promise<void> {
    await this.pass(size, async () => undefined);
  }

  async pass(size: number, to: (part: Buffer) => Promise<void>): Promise<void> {
    for (let left = size; left > 0; ) {
      if (!(await this.#fill())) throw bad('the archive ends in the middle');
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      await to(part);
    }
  }
}
