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
   * Socket of the kiosk's core, which fetches from its server with the device's certificate. So the updater needs neither its
   * key nor the network.
   */
  readonly socket: string;
  /** URLs of mirrors, tried after the server. */
  readonly mirrors: readonly string[];
  /** Folders below which USB sticks are mounted. */
  readonly mounts: readonly string[];
}

/** Returns the sources for a request, in the order to try. @throws Problem `update-no-stick`, `update-address-wrong` */
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

/** Connects every request to the same socket on this machine. */
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

/** Finds repositories on sticks: `MOUNT/smartpresence-updates` and `MOUNT/<user or label>/…`, at most two folders down. */
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
    return false; // missing or unreadable: not one of our sticks
  }
}

/** Wraps a source to count the bytes read from it. */
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
