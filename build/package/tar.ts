import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/*
 * Archives that are the same for the same content: names in order, no owner, no clock. POSIX ustar, which every tar reads;
 * what does not fit into it is refused, not cut off.
 */

const BLOCK = 512;
const MAX_SIZE = 8 ** 11 - 1;

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly executable: boolean;
  readonly size: number;
  readonly to: string;
}

/**
 * Packs everything below `folder`; the folder itself is no entry.
 *
 * @param at time of every entry, seconds since 1970
 */
export async function packFolder(folder: string, archive: string, at: number): Promise<void> {
  // The header of gzip holds no name and no time: zlib writes neither.
  await pipeline(Readable.from(blocks(folder, at)), createGzip({ level: 6 }), createWriteStream(archive));
}

async function* blocks(folder: string, at: number): AsyncGenerator<Buffer> {
  for (const entry of await entriesOf(folder)) {
    yield header(entry, at);
    if (entry.kind !== 'file') continue;
    let read = 0;
    for await (const chunk of createReadStream(join(folder, entry.path)) as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
    if (read !== entry.size) throw new Error(`${entry.path} changed while it was packed`);
    yield Buffer.alloc((BLOCK - (entry.size % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** A folder before what is in it, names by their bytes. */
async function entriesOf(root: string): Promise<Entry[]> {
  const found: Entry[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const { name } of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stat = await lstat(join(root, path));
      const common = { path, executable: false, size: 0, to: '' };
      if (stat.isDirectory()) {
        found.push({ ...common, kind: 'folder' });
        await walk(path);
      } else if (stat.isSymbolicLink()) found.push({ ...common, kind: 'link', to: await readlink(join(root, path)) });
      else if (stat.isFile())
        found.push({ ...common, kind: 'file', size: stat.size, executable: (stat.mode & 0o111) !== 0 });
      else throw new Error(`${path} is neither file, folder nor link`);
    }
  };
  await walk('');
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

const TYPES = { file: '0', link: '2', folder: '5' } as const;

function header(entry: Entry, at: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitName(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  if (Buffer.byteLength(entry.to) > 100) throw new Error(`${entry.path}: the link's target is too long for ustar`);
  if (entry.size > MAX_SIZE) throw new Error(`${entry.path} is too large for ustar`);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1');
  block.write(name, 0);
  octal(entry.kind === 'link' ? 0o777 : entry.kind === 'folder' || entry.executable ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8); // uid
  octal(0, 116, 8); // gid
  octal(entry.size, 124, 12);
  octal(at, 136, 12);
  block.write('        ', 148); // the checksum counts as blanks while it is made
  block.write(TYPES[entry.kind], 156);
  block.write(entry.to, 157);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(prefix, 345);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return block;
}

/** ustar has 100 bytes for the last part of a path and 155 for what stands before it. */
function splitName(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(name) <= 100 && name !== '' && Buffer.byteLength(prefix) <= 155) return { name, prefix };
  }
  throw new Error(`${path} is too long for ustar`);
}
