import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { Problem } from '../../../../errors/problem.ts';
import { MAX_PICTURE_BYTES } from '../../embedders/faces.ts';
import { type ListLine, MAX_LIST_BYTES, readList } from './list.ts';

/** Unpacks uploads to an import: pictures, an archive of pictures, or a list. Nothing in them is trusted. */

/** Most files in one archive, and their largest total size, bytes. */
const MAX_ENTRIES = 2000;
const MAX_UNPACKED = 256 * 1024 * 1024;

export interface Unpacked {
  /** Pictures, with names without folders. If `content` is null, the file was rejected for the reason in `code`. */
  readonly pictures: readonly (
    | { readonly name: string; readonly content: Uint8Array }
    | { readonly name: string; readonly content: null; readonly code: string }
  )[];
  readonly lines: readonly ListLine[];
}

const ZIP = Buffer.from('PK\x03\x04', 'latin1');

/**
 * Unpacks one uploaded file.
 *
 * @param name file name as the browser sends it
 * @throws Problem `upload-empty`, `zip-broken`, `zip-encrypted`, `zip-name-unsafe`, `zip-too-many`, `zip-too-large`, `list-unreadable`,
 *   `list-too-large`
 */
export async function unpack(name: string, bytes: Uint8Array): Promise<Unpacked> {
  const upload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (upload.length === 0) throw new Problem('upload-empty');
  if (upload.subarray(0, ZIP.length).equals(ZIP)) return unzip(upload);
  if (isList(name)) return { pictures: [], lines: readList(upload) };
  return { pictures: [taken(name, upload)], lines: [] };
}

const isList = (name: string): boolean => /\.(csv|tsv|txt)$/i.test(name);
const base = (path: string): string => path.split('/').at(-1) ?? path;

const taken = (name: string, content: Buffer): Unpacked['pictures'][number] =>
  content.length > MAX_PICTURE_BYTES ? { name, content: null, code: 'file-too-large' } : { name, content };

async function unzip(bytes: Buffer): Promise<Unpacked> {
  const zip = await opened(bytes);
  const pictures: Unpacked['pictures'][number][] = [];
  const lines: ListLine[] = [];
  let count = 0;
  let left = MAX_UNPACKED;
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/') || isLitter(entry.fileName)) continue;
      count += 1;
      if (count > MAX_ENTRIES) throw new Problem('zip-too-many', { max: MAX_ENTRIES });
      if (entry.isEncrypted()) throw new Problem('zip-encrypted');
      const name = base(entry.fileName);
      const most = isList(name) ? MAX_LIST_BYTES : MAX_PICTURE_BYTES;
      if (entry.uncompressedSize > most) {
        pictures.push({ name, content: null, code: 'file-too-large' });
        continue;
      }
      left -= entry.uncompressedSize;
      if (left < 0) throw new Problem('zip-too-large', { max: MAX_UNPACKED / 1024 / 1024 });
      const content = await contentOf(zip, entry, most);
      if (isList(name)) lines.push(...readList(content));
      else pictures.push(taken(name, content));
    }
  } catch (cause) {
    throw asProblem(cause);
  } finally {
    zip.close();
  }
  return { pictures, lines };
}

/** Opens an archive. Sizes are checked while it is unpacked, whatever the archive states. */
async function opened(bytes: Buffer): Promise<ZipFile> {
  try {
    return await fromBufferPromise(bytes, { strictFileNames: true, validateEntrySizes: true });
  } catch (cause) {
    throw asProblem(cause);
  }
}

async function contentOf(zip: ZipFile, entry: Entry, most: number): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry);
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) throw new Problem('zip-too-large', { max: MAX_UNPACKED / 1024 / 1024 });
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Whether a file was added to the archive by the operating system. */
const isLitter = (path: string): boolean => /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)/i.test(path);

function asProblem(cause: unknown): unknown {
  if (cause instanceof Problem) return cause;
  const text = cause instanceof Error ? cause.message : '';
  if (/invalid relative path|absolute path|invalid characters in fileName/i.test(text))
    return new Problem('zip-name-unsafe', { cause });
  if (/too many bytes|not enough bytes|size/i.test(text))
    return new Problem('zip-too-large', { max: MAX_UNPACKED / 1024 / 1024, cause });
  return new Problem('zip-broken', { cause });
}
