import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { LIFETIMES, type RoleName, type Signer } from '../../build/release/documents.ts';
import { newSigner } from '../../build/release/key-file.ts';
import { publish, refresh } from '../../build/release/publish.ts';
import { signStaged, stageBuild, stageFirst, stageRotation } from '../../build/release/stage.ts';
import { createWorkspace, type Workspace } from '../../build/release/workspace.ts';
import { openUpdateClient, type UpdateClient, type UpdateLog } from '../../sync/edge/update/client.ts';
import { httpSource } from '../../sync/edge/update/http-source.ts';
import type { Pace } from '../../sync/edge/update/paced.ts';
import type { UpdateSource } from '../../sync/edge/update/source.ts';
import { type BuildFacts, targetFile, UPDATE_FORMAT } from '../../sync/protocol/wire/release.ts';

export const DAY = 86_400_000;
export const T0 = Date.UTC(2027, 0, 10);

export function build(version: string, more: Partial<BuildFacts> = {}): BuildFacts {
  return {
    product: 'smartpresence-kiosk',
    version,
    commit: createHash('sha1').update(version).digest('hex'),
    platform: 'linux-x64',
    host: 'browser',
    schema: 9,
    minReader: 8,
    node: '24.15.0',
    entry: 'app/start.ts',
    ...more,
  };
}

export type Keys = Record<RoleName, Signer[]>;

export interface Repository {
  readonly workspace: Workspace;
  readonly keys: Keys;
  /** Bytes of the root metadata that a kiosk is shipped with. */
  readonly trustedRoot: Buffer;
  /** Signs and publishes a build whose archive consists of these bytes. */
  add(version: string, bytes?: Buffer, more?: Partial<BuildFacts>): Buffer;
  /** Changes a role's keys; the new root is signed with the old and the new ones. */
  rotate(role: RoleName, o?: { remove?: number; add?: number; threshold?: number }): void;
  publish(): void;
  refresh(): void;
  /** The release machine's current time. */
  now: number;
}

/** Creates a repository with its own keys: 2 of 3 for root and targets, 1 of 1 for snapshot and timestamp. */
export function makeRepository(folder: string): Repository {
  const some = (count: number) => Array.from({ length: count }, () => newSigner());
  const keys: Keys = { root: some(3), targets: some(3), snapshot: some(1), timestamp: some(1) };
  const workspace = createWorkspace(folder, LIFETIMES);
  const everyone = () => Object.values(keys).flat();
  const repository: Repository = {
    workspace,
    keys,
    trustedRoot: Buffer.alloc(0),
    now: T0,
    add(version, bytes = randomBytes(50_000), more = {}) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const format = UPDATE_FORMAT[more.host ?? 'browser'];
      const archive = { build: build(version, more), format, length: bytes.length, sha256 };
      const path = stageBuild(workspace, archive, { now: repository.now, replace: true });
      place(folder, targetFile(path, sha256), bytes);
      repository.publish();
      return bytes;
    },
    rotate(role, { remove = 1, add = 1, threshold } = {}) {
      const added = some(add);
      const removed = keys[role].slice(0, remove).map((key) => key.keyid);
      stageRotation(workspace, { role, add: added, remove: removed, ...(threshold && { threshold }) }, repository.now);
      const before = [...keys[role]];
      keys[role] = [...before.slice(remove), ...added];
      signStaged(workspace, [...before, ...everyone()]);
      publish(workspace, { signers: everyone(), now: repository.now });
    },
    publish() {
      signStaged(workspace, everyone());
      publish(workspace, { signers: [...keys.snapshot, ...keys.timestamp], now: repository.now });
    },
    refresh: () => void refresh(workspace, { signers: [...keys.snapshot, ...keys.timestamp], now: repository.now }),
  };
  const role = (name: RoleName, threshold: number) => ({ keys: keys[name], threshold });
  stageFirst(
    workspace,
    {
      root: role('root', 2),
      targets: role('targets', 2),
      snapshot: role('snapshot', 1),
      timestamp: role('timestamp', 1),
    },
    T0,
  );
  repository.publish();
  return Object.assign(repository, { trustedRoot: workspace.bytes('metadata/1.root.json')! });
}

export function place(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** What an attacker's server does with a request. Returns true if it has answered. */
export type Mischief = (path: string, request: IncomingMessage, response: ServerResponse) => boolean | undefined;

export interface Mirror {
  readonly url: string;
  /** Requested paths, in order. */
  readonly asked: string[];
  mischief: Mischief | null;
  /** The folder that it serves; a frozen mirror serves an old copy. */
  folder: string;
  close(): Promise<void>;
}

/** Serves a repository over real HTTP, with byte ranges. */
export async function startMirror(folder: string): Promise<Mirror> {
  const mirror = { asked: [] as string[], mischief: null as Mischief | null, folder };
  const server: Server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/updates\//, '');
    mirror.asked.push(path);
    if (mirror.mischief?.(path, request, response)) return;
    let bytes: Buffer;
    try {
      bytes = await readFile(join(mirror.folder, path));
    } catch {
      response.writeHead(404).end();
      return;
    }
    send(request, response, bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(mirror, {
    url: `http://127.0.0.1:${port}/updates`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

export function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from === 0) response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  else if (from >= bytes.length) response.writeHead(416).end();
  else
    response
      .writeHead(206, {
        'content-length': bytes.length - from,
        'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      })
      .end(bytes.subarray(from));
}

/** Limits generous enough for a busy machine and short enough for a test. */
export const TEST_PACE: Pace = { windowMs: 1500, bytesPerSecond: 4096, metadataMs: 20_000, targetMs: 60_000 };

export interface Kiosk {
  readonly folder: string;
  readonly log: UpdateLog[];
  /** The trusted time. */
  now: number;
  running: BuildFacts;
  client(sources?: readonly UpdateSource[]): Promise<UpdateClient>;
}

/** Creates a kiosk that runs version 1.0.0 and gets its updates from these mirrors. */
export function makeKiosk(folder: string, trustedRoot: Buffer, mirrors: readonly Mirror[], pace = TEST_PACE): Kiosk {
  const sources = mirrors.map((mirror, i) => httpSource({ name: i === 0 ? 'server' : `mirror ${i}`, url: mirror.url }));
  const kiosk: Kiosk = {
    folder,
    log: [],
    now: T0,
    running: build('1.0.0'),
    client: (own = sources) =>
      openUpdateClient({
        trustedRoot,
        folder: join(folder, 'trusted'),
        sources: own,
        now: () => kiosk.now,
        log: (line) => void kiosk.log.push(line),
        running: kiosk.running,
        pace,
      }),
  };
  return kiosk;
}

/** Resolves to the code of the Problem that a promise rejects with, or `taken` if it resolves. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'taken',
    (cause: { code?: string; message: string }) => cause.code ?? cause.message,
  );
}
