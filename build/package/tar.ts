import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';

/**
 * Packs everything below `folder`, without an entry for the folder itself. The same content gives the same archive: sorted
 * names, no owner, a fixed time, and only two modes.
 *
 * @param at time of every entry, in seconds since 1970
 */
export async function packFolder(folder: string, archive: string, at: number): Promise<void> {
  const tar = pack();
  // zlib writes no name and no time into the gzip header.
  const written = pipeline(
    tar as unknown as NodeJS.ReadableStream,
    createGzip({ level: 6 }),
    createWriteStream(archive),
  );
  await Promise.all([written, fill(tar, folder, new Date(at * 1000)).catch((cause: Error) => tar.destroy(cause))]);
}

async function fill(tar: Pack, root: string, mtime: Date): Promise<void> {
  const paths = await readdir(root, { recursive: true });
  // Sorted by bytes, so that a folder comes before its content.
  for (const path of paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const at = join(root, path);
    const stat = await lstat(at);
    if (stat.isDirectory()) tar.entry({ name: `${path}/`, type: 'directory', mode: 0o755, mtime });
    else if (stat.isSymbolicLink())
      tar.entry({ name: path, type: 'symlink', mode: 0o777, linkname: await readlink(at), mtime });
    else if (stat.isFile()) {
      const mode = (stat.mode & 0o111) === 0 ? 0o644 : 0o755;
      const entry = tar.entry({ name: path, type: 'file', mode, size: stat.size, mtime });
      await pipeline(createReadStream(at), entry as unknown as NodeJS.WritableStream);
    } else throw new Error(`${path} is neither file, folder nor link`);
  }
  tar.finalize();
}
