import { readdir, stat } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { folderSource } from '../../../sync/edge/update/folder-source.ts';
import { httpSource } from '../../../sync/edge/update/http-source.ts';
import type { UpdateSource } from '../../../sync/edge/update/source.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { UPDATES_PATH, USB_FOLDER } from '../../../sync/protocol/wire/release.ts';

export interface SourceSettings {
  /**
   * Socket of the kiosk's core, which fetches from its server with the device's certificate: the key of that is no matter
   * of the updater's, and the updater needs no network.
   */
  readonly socket: string;
  /** Addresses of mirrors, tried after the server. */
  readonly mirrors: readonly string[];
  /** Folders below which sticks are mounted. */
  readonly mounts: readonly string[];
}

/** The sources of a request, in the order in which they are tried. @throws Problem `update-no-stick`, `update-address-wrong` */
export async function sourcesOf(from: 'network' | 'usb', settings: SourceSettings): Promise<UpdateSource[]> {
  if (from === 'network')
    return [
      httpSource({
        name: 'server',
        url: `http://localhost${UPDATES_PATH}`,
        agent: new SocketAgent(settings.socket),
        ours: true,
      }),
      ...settings.mirrors.map((url) => httpSource({ name: 'mirror', url })),
    ];
  const sticks = await findSticks(settings.mounts);
  if (sticks.length === 0) throw new Problem('update-no-stick', { folder: USB_FOLDER });
  return sticks.map((folder) => folderSource(folder));
}

/** Every connection leads to the same socket on this machine. */
class SocketAgent extends Agent {
  readonly #path: string;

  constructor(path: string) {
    super();
    this.#path = path;
  }

  override createConnection() {
    return connect(this.#path);
  }
}

/** Repositories on sticks: `MOUNT/smartpresence-updates` and `MOUNT/<user or label>/…`, two folders down at most. */
export async function findSticks(mounts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const search = async (folder: string, deeper: number): Promise<void> => {
    const repository = join(folder, USB_FOLDER);
    if (await isFolder(join(repository, 'metadata'))) {
      found.push(repository);
      return;
    }
    if (deeper === 0) return;
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
      if (entry.isDirectory()) await search(join(folder, entry.name), deeper - 1);
  };
  for (const mount of mounts) await search(mount, 2);
  return found;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // not there, or not readable: no stick of ours
  }
}

/** The same source, with the bytes that came out of it counted. */
export function counted(source: UpdateSource, count: (bytes: number) => void): UpdateSource {
  return {
    name: source.name,
    async open(path, options) {
      const file = await source.open(path, options);
      return file && { ...file, bytes: counting(file.bytes, count) };
    },
  };
}

async function* counting(bytes: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    count(piece.length);
    yield piece;
  }
}
